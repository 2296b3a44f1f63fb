"""The health of objects that an app names besides its own (Flux's ``healthChecks``)."""

from __future__ import annotations

from workers import health, kube
from workers.apps import App
from workers.model import Ref, Verdict


def verdict(client: kube.Client, app: App, own: Verdict, judged_by: health.Checks) -> Verdict:
    """Return the verdict of an app that is well by itself: the worst of what it names. One GET for each."""
    if not app.checks:
        return own
    found = []
    for check in app.checks:
        namespace = check.namespace or app.namespace or "default"
        try:
            live = client.get(client.resource(check.group, check.kind, check.version), namespace, check.name)
        except kube.UnknownKind:
            live = None
        missing = Verdict(done=False, ok=False, message="does not exist")
        found.append(
            (Ref(check.group, check.kind, namespace, check.name), health.judge(live, judged_by) if live else missing)
        )
    return health.worst(found)
