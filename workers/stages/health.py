"""Stage ``health``: one look at the live objects and one verdict. Nobody waits here: `workers.sync` stores the wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workers import health
from workers.model import Manifest, Ref, Verdict


def verdict(wanted: Iterable[Ref], live: Mapping[Ref, Manifest], checks: health.Checks) -> Verdict:
    """Return the verdict of the app: the worst of its objects, with object and reason named. Pure."""

    def one(ref: Ref) -> Verdict:
        manifest = live.get(ref)
        return health.judge(manifest, checks) if manifest else Verdict(done=False, ok=False, message="does not exist")

    return health.worst((ref, one(ref)) for ref in wanted)
