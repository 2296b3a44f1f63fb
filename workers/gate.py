"""The one gate: whether a request may change the cluster now. Webhook, sweep, watch, emergency and CLI all pass here.

Pure: what is known of the app is handed in as its `Standing`. No question of this kind may be asked anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workers import exceptions, holds, projects, rollbacks, windows
from workers.apps import App
from workers.errors import PolicyRefused
from workers.model import Rendered, Request, Why
from workers.policies import DriftMode
from workers.projects import Project
from workers.standing import Standing

ASKED_BY_HAND = frozenset({Why.EMERGENCY, Why.MANUAL, Why.APPROVAL, Why.ROLLBACK})


class Cause(StrEnum):
    """What closed the gate."""

    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    HOLD = "hold"
    WINDOW = "window"
    DRIFT = "drift"
    EXCEPTION = "exception"
    MANUAL = "manual"


NOTING = frozenset({Cause.HOLD, Cause.WINDOW})
"""What closes the gate to writes alone: drift is looked at and noted meanwhile."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a request may not go on, as one sentence; ``until`` is when it is worth asking again, 0 for not by itself."""

    cause: Cause
    text: str
    until: float = 0.0


def closed(app: App, request: Request, standing: Standing, *, under_way: bool = False) -> Closed | None:
    """Return why ``request`` may not go on, ``None`` when it may.

    ``under_way`` is whether a sync that began with the gate open asks whether it may take its next step.
    """
    if app.suspended and not under_way:
        return Closed(Cause.SUSPENDED, f"not synced: {app.suspended}")
    if request.why is Why.DRIFT and app.drift is DriftMode.OFF and not under_way:
        text = f"drift of {app.name} is off: run `hookline sync {app.name}` to put back what was changed by hand"
        return Closed(Cause.DRIFT, text)
    if request.revision and request.revision in standing.blocked and request.why not in ASKED_BY_HAND:
        return Closed(Cause.BLOCKED, refused(standing, request.revision))
    if found := None if request.forced else stopped(app, request, standing, under_way=under_way):
        return found
    if under_way or request.why is Why.DRIFT:
        return None  # what is written of drift is decided object by object: an app in report mode writes nothing
    exception = standing.exception
    if exception and request.ref and not exception.follows(request.ref):
        return Closed(Cause.EXCEPTION, exceptions.sentence(exception, standing.now), exception.until)
    if not app.automated and not _asked(request, standing):
        return Closed(Cause.MANUAL, waits(app, request.revision or standing.awaiting))
    return None


def refused(standing: Standing, revision: str) -> str:
    """Return what is said of a commit that was rolled back."""
    known = standing.rollback
    return rollbacks.refused(known, revision) if known else f"{revision[:7]} was rolled back: push a newer commit"


def waits(app: App, revision: str = "") -> str:
    """Return what is said of a commit of an app that syncs by hand only; "" for one that nobody named."""
    what = f"{revision[:7]} waits" if revision else "waits"
    return f"{what} for approval: run `hookline approve {app.name}`, or `hookline sync {app.name}` for the newest"


def stopped(app: App, request: Request, standing: Standing, *, under_way: bool = False) -> Closed | None:
    """Return the hold or sync window that keeps an app from being touched at all, ``None`` for none."""
    hold = holds.last(standing.holds)
    if hold is not None:
        return Closed(Cause.HOLD, holds.sentence(hold, standing.now), hold.until)
    by_hand = request.why in ASKED_BY_HAND
    shut = windows.blocking(standing.windows, standing.now, by_hand=by_hand, under_way=under_way)
    if not shut:
        return None
    at, sure = windows.opens(standing.windows, standing.now)
    never = at == float("inf")
    opens = f", opens at {holds.moment(at, standing.now)}" if sure and not never else ""
    text = f"waits for a sync window of project {app.project}: closed by {shut[0]}{opens}"
    return Closed(Cause.WINDOW, text, 0.0 if never else at)


def removal(app: App, request: Request, standing: Standing, *, under_way: bool = False) -> Closed | None:
    """Return what keeps an app that is gone from being deleted, ``None`` for nothing: one held object is enough."""
    if request.forced:
        return None
    found, hold = stopped(app, request, standing, under_way=under_way), holds.last(standing.objects)
    if found or hold is None:
        return found
    return Closed(Cause.HOLD, f"{hold.object} is {holds.sentence(hold, standing.now)}", hold.until)


def _asked(request: Request, standing: Standing) -> bool:
    """Whether a person said yes: to a commit, or to whatever is newest."""
    return standing.approved is not None or request.why in ASKED_BY_HAND - {Why.APPROVAL}


def followed(app: App, requests: Sequence[Request], standing: Standing) -> App:
    """Return the app as it is to be fetched for ``requests``: with the revision to deploy.

    What a person approved goes before an exception, an exception before what is declared. Where that leads to a commit
    that was rolled back is seen once it is fetched.
    """
    newest = any(request.why in rollbacks.NEWEST for request in requests)
    if not app.automated and standing.approved and not newest:
        return replace(app, revision=standing.approved.revision)
    if standing.exception:
        return replace(app, revision=standing.exception.revision)
    return app


def apart(app: App, requests: Sequence[Request], standing: Standing) -> str:
    """Return what a commit is told that a sync of ``requests`` left out on purpose, "" when it followed the app's ref.

    It followed something else because of an approval or an exception: newer commits go on waiting.
    """
    following = followed(app, requests, standing)
    if following.revision == app.revision:
        return ""
    approved, exception = standing.approved, standing.exception
    if (approved and following.revision == approved.revision) or exception is None:
        return waits(app)
    return exceptions.sentence(exception, standing.now)


def allow(app: App, project: Project) -> None:
    """Raise :class:`PolicyRefused` unless the project lets the app read its source and write to its destination."""
    for sentence in projects.refusals(
        project, app.server, app.cluster, [view.url for view in app.views], app.namespace or "default"
    ):
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
