"""The one gate: whether a request may change the cluster now. Webhook, sweep, watch, emergency and CLI all pass here.

Pure. Windows and holds join as further questions; none may be asked anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable

from workers import projects
from workers.apps import App
from workers.errors import PolicyRefused
from workers.model import Rendered, Request, Why
from workers.projects import Project

ASKED_BY_HAND = frozenset({Why.EMERGENCY, Why.MANUAL})


def closed(app: App, request: Request) -> str:
    """Return why ``request`` may not go on, as one sentence, or ``""`` when it may."""
    if app.suspended:
        return f"not synced: {app.suspended}"
    if request.why is Why.DRIFT and not app.self_heal:
        return f"{app.name} drifted and selfHeal is off: run `hookline sync {app.name}` to repair it"
    if not app.automated and request.why not in ASKED_BY_HAND:
        return f"waits for a manual sync: run `hookline sync {app.name}`"
    return ""


def allow(app: App, project: Project) -> None:
    """Raise :class:`PolicyRefused` unless the project lets the app read its source and write to its destination."""
    for sentence in projects.refusals(project, app.server, app.cluster, [app.url], app.namespace or "default"):
        raise PolicyRefused(sentence)
    for kind, namespace, name, _ in app.build.variables_from:
        if not project.allows_place(app.server, app.cluster, namespace):
            raise PolicyRefused(f"project {project.name} does not allow {app.name} to read {kind} {namespace}/{name}")


def allow_objects(app: App, project: Project, objects: Iterable[Rendered]) -> None:
    """Raise :class:`PolicyRefused` for the first object whose kind or namespace the project does not allow."""
    places: dict[str, bool] = {app.namespace or "default": True}
    for one in objects:
        if not project.allows_kind(one.ref):
            scope = "namespaceResourceWhitelist" if one.ref.namespace else "clusterResourceWhitelist"
            raise PolicyRefused(
                f"{one.origin}: project {project.name} does not allow {one.ref}: see spec.{scope} ({project.origin})"
            )
        if not one.ref.namespace:
            continue
        if one.ref.namespace not in places:
            places[one.ref.namespace] = project.allows_place(app.server, app.cluster, one.ref.namespace)
        if not places[one.ref.namespace]:
            raise PolicyRefused(
                f"{one.origin}: project {project.name} does not allow namespace {one.ref.namespace}, where {one.ref} "
                f"belongs: see spec.destinations ({project.origin})"
            )
