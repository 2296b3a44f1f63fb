"""What people may ask of rollbacks: to go back, and to go on. Shared by the command line and the API.

What is asked is checked, audited, recorded and asked for, in that order. Nothing here reads Git or a cluster: whether a
commit is there is seen by the worker that goes back to it.
"""

from __future__ import annotations

from dataclasses import replace

from workers import revisions, rollbacks
from workers.apps import App
from workers.asker import Asker
from workers.errors import BadOrder
from workers.holding import Desk, reasoned
from workers.holds import Scope
from workers.model import Outcome, SyncRecord, Why
from workers.records.progress import MOST_SYNCS
from workers.rollbacks import Rollback


def back(
    desk: Desk, asker: Asker, name: str, reason: str, to: str = "", *, forced: bool = False
) -> tuple[Rollback, int]:
    """Let an app go back to ``to``, or to the last commit before its present one that was synced well.

    ``to`` may be shortened where the app's history knows it. Past holds and windows if ``forced``. Returns the rollback
    and the request's number. Raises :class:`UnknownName` and :class:`BadOrder`.
    """
    app, records = _app(desk, name), desk.records
    if app.more:
        raise BadOrder(f"{name} cannot be rolled back: {rollbacks.SEVERAL}")
    kept = reasoned(reason, "a rollback")
    exception = records.exceptions.of(name)
    if exception and exception.in_force(app.url, desk.clock()):
        raise BadOrder(
            f"{name} follows {exception.revision} as an exception: `hookline release {name} --exception` goes back to "
            "its declared revision"
        )
    known = _known(desk, app)
    before = known if known and not known.ended else None
    syncs, flight = records.progress.syncs(name, MOST_SYNCS), records.progress.flight(name)
    at, same = rollbacks.present(flight.revision if flight and not flight.removing else "", syncs)
    if not at:
        raise BadOrder(f"{name} was never synced: there is nothing to go back from")
    target, is_known = _target(name, to, syncs, before, same, frozenset(known.blocked if known else ()))
    newest = _heard(desk, app)
    newest = newest if newest != target else ""
    names = [at, *rollbacks.since(syncs, target), newest]
    made = Rollback(
        name,
        before.revision if before else at,
        target,
        app.url,
        asker.who,
        kept,
        desk.clock(),
        rollbacks.blocking(before, target, names),
        newest or (before.newest if before else ""),
        is_known,
        origin=asker.origin,
    )
    what = "rollback forced" if forced else "rollback"
    with asker.audited(records, what, name, reason, revision=at, to=target) as line:
        records.rollbacks.place(made)
        return made, desk.ask(replace(asker, why=Why.ROLLBACK), name, line, forced=forced)


def clear(desk: Desk, asker: Asker, name: str, reason: str = "") -> tuple[Rollback, int]:
    """End an app's rollback: its revision is deployed, also where that is what was left.

    Returns the rollback and the request's number. Raises :class:`UnknownName`, :class:`BadOrder` when there is none.
    """
    known = _known(desk, _app(desk, name))
    if known is None or known.ended:
        raise BadOrder(f"{name} is not rolled back: `hookline status {name}` says what it follows")
    with asker.audited(desk.records, "rollback cleared", name, reason, revision=known.revision, to=known.to) as line:
        desk.records.rollbacks.end(known, desk.clock())
        return known, desk.ask(asker, name, line)


def _app(desk: Desk, name: str) -> App:
    app = desk.exists(Scope.APP, name)
    if app is None or app.fault or app.suspended:
        raise BadOrder(f"{name} cannot be synced: {app.fault or app.suspended if app else 'it is not declared'}")
    return app


def _heard(desk: Desk, app: App) -> str:
    """Return the newest commit of an app's own ref that somebody told of and that is not deployed yet, "" for none.

    Of an app that syncs by hand only, such a commit waits for a person anyway.
    """
    if not app.automated:
        return ""
    refs = revisions.names(app.revision)
    told = [(one.ref, one.revision) for one in desk.records.exceptions.held(app.name)]
    told += [(one.ref, one.revision) for one in desk.records.progress.open_requests(app.name)]
    return next((revision for ref, revision in told[::-1] if revision and ref in refs), "")


def _known(desk: Desk, app: App) -> Rollback | None:
    """Return the app's last rollback, ended or not, in the repository it reads now."""
    found = desk.records.rollbacks.of(app.name)
    return found if found and found.is_of(app.url) else None


def _target(
    name: str,
    to: str,
    syncs: list[SyncRecord],
    before: Rollback | None,
    same: frozenset[str],
    left: frozenset[str],
) -> tuple[str, bool]:
    """Return the commit to go back to, and whether the app was synced to it before. Pure.

    ``same`` is what the app is at, ``left`` what it went back from earlier, ``before`` the rollback in force.
    """
    good = dict.fromkeys(one.revision for one in syncs if one.outcome is Outcome.SUCCEEDED and one.revision)
    if not to:
        found = rollbacks.previous(syncs, same | left)
        if not found:
            raise BadOrder(f"no commit of {name} before {_short(same)} is known to have ended well: name one with --to")
        return found, True
    fits = [one for one in good if one.startswith(to) and len(to) >= 7]
    if len(fits) != 1 and not revisions.is_commit(to):
        few = ", ".join(one[:7] for one in good if one not in same) or "none"
        raise BadOrder(f"{to[:64]}: expected the whole id of a commit, or one that ended well before, such as {few}")
    target = fits[0] if fits else to
    if target in same:
        already = before and target == before.to
        said = f"{name} is rolled back to {target[:7]} already" if already else f"{target[:7]} is what {name} is at"
        raise BadOrder(f"{said}: `hookline sync {name}` syncs that again")
    if before and target in before.blocked:
        raise BadOrder(f"{rollbacks.refused(before, target)}")
    return target, bool(fits)


def _short(revisions: frozenset[str]) -> str:
    return " and ".join(sorted(one[:7] for one in revisions if one))
