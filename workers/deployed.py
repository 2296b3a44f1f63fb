"""What a sync says of the environment its app is deployed to, recorded with the sync itself; a worker tells the forge.

Also which merged pull requests are to hear of it. Nothing is sent from here but messages that may get lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from workers import context as contexts
from workers.alerts import telling
from workers.apps import App
from workers.context import Context
from workers.environments import Place, Progress, Word
from workers.flight import Flight
from workers.forges import deployments
from workers.model import Commit, Outcome, Stage, SyncRecord
from workers.records import environments, landings
from workers.records.coding import commit_id
from workers.settings import Settings
from workers.stages import report

_WRITING: Final = frozenset({Stage.APPLY, Stage.PRUNE, Stage.HEALTH})
"""The stages whose failure is the deployment's; what fails before them never began to be deployed."""
_LEFT: Final = frozenset({Outcome.SUCCEEDED, Outcome.NOT_AFFECTED})


def place_of(settings: Settings, app: App) -> tuple[Place | None, str]:
    """Return where an app's deployments are shown, or why they are shown nowhere ("" for an app that asks for none)."""
    if app.environment is None or app.fault:
        return None, ""
    served = contexts.served(settings, app, "")
    if served is None:
        return None, "no forge has a commit for it: no hook is for its repository, or it is a chart or artifact"
    hook = settings.hooks[served.hook]
    if hook.forge not in deployments.KINDS:
        return None, f"{hook.forge} has no deployments"
    if not settings.serving(hook):
        return None, f"no account under `forges` is for hook {served.hook}"
    return Place(served.hook, served.repository, app.environment.name), ""


def of_sync(
    context: Context,
    app: App,
    record: SyncRecord,
    ref: str,
    told: Iterable[Commit],
    *,
    removing: bool = False,
    silent: bool = False,
) -> Callable[[Any], None]:
    """Return what is recorded together with a sync's end, on the pipeline that records it.

    Its count and its alert, what it says of the app's environment, and the commits whose pull requests hear of it.
    ``ref`` is what was synced; ``silent`` is a look at drift, which deploys nothing. The app's lease is ours.
    """
    news, landing = telling.of_sync(context, app, record), [one for one in told if _is_told(context, one)]
    before = context.records.environments.place_of(app.name)
    place = "" if removing and record.outcome in _LEFT else _name(context, app)
    if app.fault:
        place = before  # what cannot be read is no reason to end anything
    known = context.records.environments.word(place, app.name) if place and place == before else None
    word = None if silent else word_of(record, ref, known)

    def add(pipe: Any) -> None:
        news(pipe)
        if before and before != place:
            environments.leave(pipe, before, app.name)
        if place and not (removing or silent or app.fault):
            environments.say(pipe, place, app.name, word)
        for commit in landing:
            landings.touch(pipe, commit_id(commit))

    return add


def word_of(record: SyncRecord, ref: str, known: Word | None) -> Word | None:
    """Return what a sync's end says of its environment, ``None`` for nothing. Pure.

    ``known`` is what the app said before: a deployment under way that ended otherwise is no longer one.
    """
    progress = {
        Outcome.SUCCEEDED: Progress.SUCCESS,
        Outcome.FAILED: Progress.FAILURE if record.stage in _WRITING else Progress.ERROR,
    }.get(record.outcome)
    if progress and record.revision:
        return Word(record.revision, ref, progress, record.text, record.number, record.began)
    if known and known.progress is Progress.RUNNING:
        return replace(known, progress=Progress.INACTIVE, text=record.text)
    return None


def under_way(context: Context, app: App, flight: Flight | None) -> None:
    """Record that a sync which waits is deploying its app, once; a look at drift never comes here."""
    if flight is None or app.environment is None or not flight.revision or flight.removing:
        return
    if not flight.changes and not flight.hooks:
        return
    name, known = _name(context, app), None
    if name:
        known = context.records.environments.word(name, app.name)
    wanted = Word(flight.revision, flight.ref, Progress.RUNNING, "", flight.number, flight.began)
    same = known is not None and (known.revision, known.began) == (wanted.revision, wanted.began)
    if name and not same:
        context.records.environments.begun(name, app.name, wanted)
        context.counter.deploy(name)


def send(context: Context, app: App, told: Iterable[Commit]) -> None:
    """Send the messages after a sync's end: for statuses, for the environment, for pull requests."""
    names = {commit_id(commit): commit for commit in told}
    for name in context.records.commits.worth(list(names), report.MOST_CONTEXTS):
        context.counter.publish(name)
    for name, commit in names.items():
        if _is_told(context, commit):
            context.counter.land(name)
    if app.environment is not None and (name := _name(context, app)):
        context.counter.deploy(name)


def send_due(context: Context) -> None:
    """Send the messages of environments and pull requests that were not told yet, or are due again."""
    for environment in context.records.environments.due(context.records.clock()):
        context.counter.deploy(environment)
    for commit in context.records.landings.due(context.records.clock()):
        context.counter.land(commit)


def _name(context: Context, app: App) -> str:
    place, _ = place_of(context.settings, app)
    return place.name if place else ""


def _is_told(context: Context, commit: Commit) -> bool:
    hook = context.settings.hooks.get(commit.hook)
    return hook is not None and hook.deployed and bool(context.settings.serving(hook))
