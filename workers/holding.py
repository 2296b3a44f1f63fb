"""What people may ask for: to leave something alone, to sync, to make an exception, to approve.

The command line and the API both come here: what is asked is checked, audited, recorded and asked for, in that order.
What cannot be audited is not done. Nothing here reads Git or a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from workers import exceptions, holds, intake, standing, witness
from workers.apps import App, Index
from workers.asker import Asker
from workers.declarations.common import seconds as seconds_of
from workers.errors import BadOrder, UnknownName
from workers.exceptions import AppException, Approval
from workers.holds import Hold, Scope
from workers.model import Ref, Request, Why
from workers.projects import DEFAULT
from workers.records import Records
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people's wishes are taken."""

    settings: Settings
    records: Records
    index: Callable[[], Index]
    counter: intake.Counter
    clock: Callable[[], float]

    def hold(self, asker: Asker, scope: Scope, target: str, length: str, reason: str, thing: str = "") -> Hold:
        """Hold an app (or ``thing``, an object in it), project or cluster for ``length`` (``2h``); return the hold.

        A project's own bound counts for its apps and for itself, not for a cluster. Raises :class:`UnknownName` and
        :class:`BadOrder`.
        """
        held = self.exists(scope, target)
        if thing and held is None:
            raise BadOrder(f"one object is held as an app's: {scope} {target} is held as a whole")
        if thing:
            self._owned(target, thing)
        now, project = self.clock(), held.project if held else target if scope is Scope.PROJECT else ""
        seconds = self._bounded(length, "a hold", project)
        hold = Hold(scope, target, asker.who, reasoned(reason, "a hold"), now, now + seconds, thing, asker.origin)
        app = target if scope is Scope.APP else ""
        with asker.audited(self.records, "hold", app, reason, what=hold.what, until=hold.until):
            self.records.holds.place(hold)
        return hold

    def release(self, asker: Asker, scope: Scope, target: str, thing: str = "", reason: str = "") -> Hold:
        """End a hold now; what it covered is looked at again. Raises :class:`BadOrder` when there is none."""
        known = [one for one in self.records.holds.all() if one.in_force(self.clock())]
        mine = [one for one in known if (one.scope, one.target) == (scope, target)]
        found = [one for one in mine if one.object == thing]
        if not found:
            declared = app.hold if scope is Scope.APP and (app := self.index().apps.get(target)) else None
            raise BadOrder(
                f"the hold of {target} is declared: take its annotations {holds.PREFIX}-… out of Git"
                if declared and not thing
                else f"nothing holds {thing or f'{scope} {target}'}"
                + (f"; held is {', '.join(one.what for one in mine)}" if mine else ": `hookline holds` lists what is")
            )
        name = target if scope is Scope.APP else ""
        with asker.audited(self.records, "release", name, reason, what=found[0].what):
            ended = self.records.holds.release(found[0].id, asker.who, self.clock())
        if ended is None:
            raise BadOrder(f"the hold of {found[0].what} has just ended")
        return ended

    def sync(self, asker: Asker, name: str, reason: str, *, forced: bool = False) -> int:
        """Ask for a sync now, past holds and windows if ``forced``; return the request's number."""
        self.exists(Scope.APP, name)
        with asker.audited(self.records, "sync forced" if forced else "sync", name, reason) as line:
            return self.ask(asker, name, line, forced=forced)

    def begin(
        self, asker: Asker, name: str, revision: str, length: str, reason: str, *, forced: bool = False
    ) -> tuple[AppException, int]:
        """Let an app follow another revision for ``length``; return the exception and the request's number."""
        app = self.exists(Scope.APP, name)
        if app is None or not app.url or app.fault:
            raise BadOrder(f"{name} cannot be synced: {app.fault if app else 'it is not declared'}")
        if fault := exceptions.fault(revision):
            raise BadOrder(f"revision {revision[:100]!r}: {fault}")
        seconds, now = self._bounded(length, "an exception", app.project), self.clock()
        said, before = reasoned(reason, "an exception"), self.records.progress.app(name).revision
        if (running := self.records.exceptions.of(name)) and running.in_force(app.url, now):
            before = running.before  # the way back is where it was before the first of them
        made = AppException(name, revision, app.url, asker.who, said, now, now + seconds, before, asker.origin)
        what = "exception forced" if forced else "exception"
        with asker.audited(self.records, what, name, reason, revision=revision, until=made.until) as line:
            self.records.exceptions.begin(made)
            return made, self.ask(asker, name, line, forced=forced)

    def end(self, asker: Asker, name: str, reason: str = "") -> AppException:
        """End an app's exception now; it goes back to its declared revision. Raises :class:`BadOrder` for none."""
        found = self.records.exceptions.of(name)
        if found is None or found.until <= self.clock():
            raise BadOrder(f"{name} has no exception: `hookline status {name}` says what it follows")
        with asker.audited(self.records, "exception end", name, reason, revision=found.revision):
            return self.records.exceptions.release(name, asker.who, self.clock()) or found

    def approvable(self, name: str, revision: str = "") -> str:
        """Return the commit that `approve` would approve, "" for none of an app that syncs by itself or is gone."""
        app = None if self.records.declarations.held(name) else self.exists(Scope.APP, name)
        if app and not app.automated:
            return self._waiting(app, revision)
        if revision:
            raise BadOrder(f"{name} syncs by itself: no commit of it waits for approval")
        return ""

    def approve(
        self, asker: Asker, name: str, revision: str = "", reason: str = "", *, deletions: bool = True
    ) -> tuple[str, int]:
        """Approve the deletions an app asks about (one that left the catalog: its removal), and of one that syncs by
        hand only the commit that waits; without ``deletions`` only that.

        Returns that commit ("" for an app that syncs by itself) and the request's number. With ``revision`` nothing
        else than that is approved: another commit may have come. Raises :class:`BadOrder`.
        """
        commit = self.approvable(name, revision)
        with asker.audited(self.records, "approve", name, reason, revision=commit) as line:
            if deletions:
                self.records.drift.approve(name, self.clock())
            if commit:
                self.records.exceptions.approve(name, Approval(commit, asker.who, self.clock()))
            return commit, self.ask(replace(asker, why=Why.APPROVAL), name, line)

    def _waiting(self, app: App, revision: str) -> str:
        awaiting = self.records.exceptions.awaiting(app.name)
        if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", revision):
            return revision  # whether it is one of the app's is seen when it is fetched
        if revision and not (len(revision) >= 7 and awaiting.startswith(revision)):
            what = f"{awaiting[:7]} waits" if awaiting else "nothing waits"
            raise BadOrder(f"{revision[:64]} does not wait for approval, {what}: give the whole id of a commit")
        commit = awaiting or self.records.progress.app(app.name).revision
        if not commit:
            raise BadOrder(f"nothing of {app.name} waits for approval: `hookline sync {app.name}` syncs the newest")
        return commit

    def ask(self, asker: Asker, name: str, line: int, *, forced: bool = False) -> int:
        """Ask for a look at an app because a line of the trail says so; return the request's number."""
        asked = witness.asked(line)
        request = Request(name, 0, asker.why, asker.who, self.clock(), delivery=asked, forced=forced)
        return self.counter.accept(None, [request]).numbers[name]

    def exists(self, scope: Scope, target: str) -> App | None:
        """Return the app of that name, ``None`` for a project or cluster. Raises :class:`UnknownName`."""
        index = self.index()
        known = {Scope.APP: index.apps, Scope.PROJECT: index.projects, Scope.CLUSTER: self.settings.clusters}[scope]
        if target not in known and not (scope is Scope.PROJECT and target == DEFAULT):
            where = "`hookline status` lists them all" if scope is Scope.APP else f"expected one of {sorted(known)}"
            raise UnknownName(f"no {scope} is called {target}: {where}")
        return index.apps.get(target) if scope is Scope.APP else None

    def _owned(self, app: str, thing: str) -> None:
        """A misspelt object would be held by nobody."""
        owned = self.records.drift.owned(app)
        probe = Hold(Scope.APP, app, "", "", 0.0, 0.0, thing)
        if not any(probe.is_of(ref) for ref in owned):
            few = ", ".join(sorted(_name(ref) for ref in owned)[:5]) or "nothing: it was never synced"
            raise BadOrder(f"{app} owns no {thing[:200]}: expected KIND/NAME of what it owns, such as {few}")

    def _bounded(self, length: str, what: str, project: str) -> float:
        longest = standing.longest(self.index(), self.settings, project)
        try:
            seconds = seconds_of(length)
        except ValueError as error:
            raise BadOrder(f"{what} needs an end: {error}") from None
        if not 0 < seconds <= longest:
            whose = "holds.longest" if longest == self.settings.holds.longest else f"{holds.LONGEST} of {project}"
            raise BadOrder(f"{what} may last {longest / 3600:g} h at most ({whose}), and not {length[:40]}")
        return seconds


def reasoned(reason: str, what: str) -> str:
    """Return a reason as it is kept. Raises :class:`BadOrder` when there is none."""
    if not reason.strip():
        raise BadOrder(f"{what} needs a reason: whoever finds it has to know why")
    return reason.strip()[: holds.LONGEST_REASON]


def _name(ref: Ref) -> str:
    return f"{ref.kind}/{ref.name}"
