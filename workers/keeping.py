"""What is no longer wanted and stays for now: by the app's word, the object's, or for lack of a person's."""

from __future__ import annotations

from collections.abc import Mapping

from workers import moving
from workers.model import Manifest, Ref
from workers.run import Run
from workers.stages import prune


def kept(run: Run, stale: Mapping[Ref, str], live: Mapping[Ref, Manifest], owned: int) -> frozenset[Ref]:
    """Return what of ``stale`` must not be deleted now: the app, the object or nobody's consent says so.

    ``owned`` is how many objects the app had before.
    """
    if not run.app.prune:
        return frozenset(stale)
    drift, sync = run.context.records.drift, run.context.settings.sync
    held = {ref for ref in stale if ref in live and prune.consent(run.app, live[ref]) == "false"}
    moved = moving.wanted_elsewhere(run, stale)
    going = [ref for ref in stale if ref in live and ref not in held and ref not in moved]
    mass = prune.is_mass(len(going), owned, sync.prune_most, sync.prune_percent)
    asked = going if mass else prune.unconfirmed(run.app, going, live)
    since = drift.asked(run.app.name, asked, run.context.records.clock())
    approved = max(run.app.approved, drift.approved(run.app.name)) if since else 0.0
    return frozenset(held | {ref for ref, at in since.items() if approved < at})
