"""The acting half of the gate: ends held what may not go on, and fetches the revision that the gate says to follow."""

from __future__ import annotations

from workers import concerned, further, gate, returning, revisions, rollbacks, windows
from workers.apps import App
from workers.errors import PolicyRefused, SourceMissing
from workers.flight import Flight, Mode
from workers.gate import Cause, Closed
from workers.git.trees import Tree
from workers.model import Outcome, Why
from workers.order import START, Step
from workers.rollbacks import Rollback, Way
from workers.run import Run
from workers.stages import fetch
from workers.standing import Standing

ASKED_AGAIN = 3600.0
"""Seconds until an app is looked at again whose windows never open: its project may be another one by then."""


def held(run: Run, before: str = "", *, midway: bool = False, noting: bool = False) -> bool:
    """End the open requests as held if the gate is closed to all of them; one that may pass opens it for the look.

    ``before`` names the step that a sync under way would take next; that sync ends here, and the next one goes on from
    what it left. ``midway`` is whether a newer request found a sync that had written something. With ``noting`` a look
    that only drift asked for goes on where just writing is forbidden, and ``run.stopped`` says why it only notes.
    """
    standing = run.standing()
    closed = _closed(run, standing, under_way=bool(before))
    if closed is None:
        return False
    if _notes(run, closed, standing) and noting:
        run.stopped = closed.text
        return False
    records, text = run.context.records, closed.text
    if closed.cause is Cause.MANUAL and (revision := _newest(run)):
        records.exceptions.wait(run.app.name, revision)
        text = gate.waits(run.app, revision)
    text = f"stopped before {before}: {text}" if before else text
    if closed.cause is Cause.BLOCKED:
        returning.refuse(run.context, run.app, run.requests)
        if before or midway:
            records.progress.unsure(run.app.name)
        run.rest(Outcome.HELD, text, remembered=True)
        return True
    if run.by_drift() and not run.removing:
        run.rest(Outcome.HELD, text, remembered=bool(before))
        return True
    if closed.cause is Cause.WINDOW or run.removing:  # before the end is recorded: a crash asks twice, not never
        records.progress.again(run.app.name, closed.until or records.clock() + ASKED_AGAIN)
        _shut(run, closed, standing)
    run.finish(Outcome.HELD, text, inputs="" if before or midway else None)
    return True


def _shut(run: Run, closed: Closed, standing: Standing) -> None:
    """Remember for which windows the app waits: whoever changes them need not wait for the moment that was kept."""
    if closed.cause is Cause.WINDOW:
        run.context.records.holds.shut(run.app.name, windows.digest(standing.windows))


def _notes(run: Run, closed: Closed, standing: Standing) -> bool:
    """Whether the run may note drift though nothing may be written; a window's opening brings it back."""
    if not run.by_drift() or run.removing or closed.cause not in gate.NOTING:
        return False
    if closed.cause is Cause.WINDOW:
        records = run.context.records
        records.repairs.later(run.app.name, closed.until or records.clock() + ASKED_AGAIN)
        _shut(run, closed, standing)
    return True


def _newest(run: Run) -> str:
    """Return the newest commit anybody named: the one asked for, or the last that ended held."""
    asks = [one for one in run.requests if one.revision and not further.of(run.app.views, one.commit)]
    asked = asks[-1].revision if asks else ""
    held = concerned.of_first(run.app, run.context.records.exceptions.held(run.app.name))
    return asked or (held[-1].revision if held else "")


def stopped(run: Run, flight: Flight, step: Step) -> bool:
    """End a sync as held before ``step``, if that is not written yet and the gate was closed meanwhile."""
    if flight.failure or (step.key == flight.at and flight.mode not in (Mode.WRITE, Mode.PRUNE)):
        return False
    return held(run, str(step) if flight.at != START else "")


def _closed(run: Run, standing: Standing, *, under_way: bool) -> Closed | None:
    asks = gate.removal if run.removing else gate.closed
    found = [(one.why, asks(run.app, one, standing, under_way=under_way)) for one in run.requests]
    closed = [one for _, one in found if one is not None]
    # Drift opens it for itself only: else it would bring a commit to the cluster that waits for a person.
    opens = any(one is None and (why is not Why.DRIFT or not closed) for why, one in found)
    return None if opens else closed[-1]


def fetched(run: Run) -> Tree:
    """Fetch what the app follows now; note its ref and revision in ``run``.

    That is the commit it was rolled back to, until there is a newer one: then the rollback is over. Raises
    :class:`SourceMissing` when what it follows is not there, or is an approved commit that the app's revision no longer
    includes, :class:`PolicyRefused` for an exception that leads to a commit that was rolled back, and the transport's
    errors.
    """
    standing, mirror = run.standing(), run.context.mirror(run.app)
    app, rollback = gate.followed(run.app, run.requests, standing), standing.rollback
    if rollback and app.revision == run.app.revision and rollbacks.is_meant(app.automated, run.requests):
        return _returned(run, rollback)
    try:
        run.ref, tree = fetch.tree(mirror, app, further.asked(run.app, run.app, run.request))
    except SourceMissing:
        if app.revision == run.app.revision:
            raise
        raise SourceMissing(
            f"{app.url} has no {app.revision}, which {app.name} follows as an exception: push it, or end the exception "
            f"with `hookline release {app.name}`"
        ) from None
    approved = standing.approved
    if approved and app.revision == approved.revision and app.revision != run.app.revision:
        head = mirror.resolve(run.app.revision)
        if head is None or not mirror.is_ancestor(approved.revision, head):
            raise SourceMissing(f"{approved.revision[:7]} was approved and is no longer part of {run.app.revision}")
    if rollback and _leads_back(run, standing, rollback, app, tree.revision):
        return _returned(run, rollback)
    run.revision = tree.revision
    return tree


def _leads_back(run: Run, standing: Standing, rollback: Rollback, app: App, revision: str) -> bool:
    """Whether an app in a rollback stays where it is although it follows ``revision``; if that is newer, end it.

    A person who names a commit by its id, as an exception or to approve it, means that commit.
    """
    declared, way = app.revision == run.app.revision, returning.way(run.context, run.app, rollback, revision)
    if not declared and way is Way.BACK and not revisions.is_commit(app.revision):
        raise PolicyRefused(
            f"exception {app.revision}: {gate.refused(standing, revision)}; or name that commit by its whole id"
        )
    if not declared and standing.exception:
        return False  # the rollback counts again after it
    if way is Way.NEWER or (way is Way.BACK and not declared):
        returning.end(run.context, rollback, revision)
    return declared and way is Way.BACK


def _returned(run: Run, rollback: Rollback) -> Tree:
    tree = returning.tree(run.context, run.app, rollback)
    mirror = run.context.mirror(run.app)
    run.ref, run.revision = mirror.ref(run.app.revision), tree.revision
    return tree
