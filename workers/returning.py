"""The acting half of rollbacks: what is gone back to is brought here and kept, and what was left is told so.

An app that asks for it goes back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from workers import gate, outcomes, rollbacks, standing, witness
from workers.alert import Kind
from workers.alerts import telling
from workers.apps import App
from workers.context import Context
from workers.errors import AuthorError, CommitGone, SourceMissing
from workers.git import pins
from workers.git.mirror import Mirror
from workers.git.trees import Tree
from workers.given import Given
from workers.model import Commit, Outcome, Report, Request, State, SyncRecord, Why
from workers.rollbacks import OnFailure, Rollback, Way
from workers.stages import render

log = structlog.get_logger()

MOST_TOLD = 20
"""Commits that were left and are told so without having been asked for again."""


def way(context: Context, app: App, rollback: Rollback, revision: str) -> Way:
    """Return where the app's revision leads that names the commit ``revision`` now."""
    mirror = context.mirror(app)

    def brings_same(other: str) -> bool:
        if not mirror.has(other):
            return False
        try:
            was, becomes = mirror.tree(other), mirror.tree(revision)
            return render.inputs(was, app, Given()) == render.inputs(becomes, app, Given())
        except AuthorError:
            return False  # one of them cannot be read: the sync that follows says so

    return rollbacks.way(rollback, revision, lambda old, new: _is_part(mirror, old, new), brings_same)


def tree(context: Context, app: App, rollback: Rollback) -> Tree:
    """Return the files of the commit gone back to: from the mirror as it is, else from the server.

    Raises :class:`SourceMissing` when neither has it, or when it is no commit of this app, and the transport's errors.
    """
    mirror, to = context.mirror(app), rollback.to
    if not mirror.has(to):
        mirror.fetch(lambda: not mirror.has(to))
    if rollback.known and not mirror.has(to):  # never by an id that a stranger may have made: forges serve forks, too
        try:
            pins.bring(mirror, to)
        except CommitGone:
            log.warning("commit is gone", revision=to)
    if not mirror.has(to):
        raise SourceMissing(
            f"{to[:7]} is gone: no branch of {app.url} holds it, the server does not give it, and the mirror of this "
            f"machine did not keep it; push it to a branch, or name another commit with `hookline rollback {app.name} "
            "--to COMMIT`"
        )
    heads = [*rollback.heads, *filter(None, [mirror.resolve(app.revision)])]
    if not rollback.known and not any(_is_part(mirror, to, head) for head in heads):
        raise SourceMissing(
            f"{to[:7]} was never synced to {app.name} and is not part of {app.revision}: name one of its commits"
        )
    return mirror.tree(to)


def _is_part(mirror: Mirror, old: str, new: str) -> bool:
    return old == new or mirror.is_ancestor(old, new)


def apart(app: App, rollback: Rollback) -> str:
    """Return what a commit is told that is neither deployed nor left, while the app stays where it went back to."""
    return rollbacks.alike(rollback) if app.automated else gate.waits(app)


def told(
    context: Context, app: App, rollback: Rollback, asked: Iterable[Commit], outcome: Outcome, text: str, ref: str
) -> dict[Commit, Report]:
    """Return what commits that were left are told when a sync of the one gone back to ended so.

    Those among the ``asked``, and those that were told of earlier, when they were deployed.
    """
    mirror, report = context.mirror(app), Report(State.FAILURE, rollbacks.left(rollback, outcome, text))
    found = [commit for commit in asked if _was_left(mirror, rollback, commit.revision)]
    found += filter(None, (context.served(app, one, ref) for one in rollback.blocked[:MOST_TOLD]))
    return dict.fromkeys(found, report)


def _was_left(mirror: Mirror, rollback: Rollback, revision: str) -> bool:
    if revision in rollback.blocked:
        return True
    between = any(_is_part(mirror, revision, head) for head in rollback.heads)
    return between and not _is_part(mirror, revision, rollback.to)


def refuse(context: Context, app: App, requests: Sequence[Request]) -> None:
    """Tell commits that are asked for once more that they were rolled back."""
    known = context.records.rollbacks.of(app.name)
    report = Report(State.FAILURE, rollbacks.sentence(known) if known else "rolled back")
    context.counter.accept(None, [], [(app.name, one.commit, report) for one in requests if one.commit])


def end(context: Context, rollback: Rollback, revision: str) -> None:
    """End a rollback because ``revision`` is deployed, and say so on the trail."""
    if context.records.rollbacks.end(rollback, context.records.clock()):
        app, left, owner = rollback.app, rollback.revision, rollback.who
        context.records.audit.add("rollback ended", app=app, who="hookline", revision=revision, left=left, owner=owner)
        log.info("rollback ended", revision=revision, left=left, owner=owner)


def by_itself(context: Context, app: App, requests: Sequence[Request], revision: str, text: str) -> str:
    """Go back from ``revision`` if its health failed as ``text`` says and the app asks for that; return the text to end
    the sync with.

    Recorded before the sync's end, so that whoever comes after a crash does not do it twice or never. Raises
    :class:`workers.errors.RecordsUnavailable`.
    """
    wanted = app.rollback is OnFailure.HEALTH and outcomes.is_unwell(text)
    if not wanted or not revision or all(one.why is Why.DRIFT for one in requests):
        return text
    if app.more:
        return f"{text}; not rolled back: {rollbacks.SEVERAL}"
    records = context.records
    stands = standing.read(app, context.catalog.index(), context.settings, records)
    if stands.exception:
        return text  # somebody is at work there, and it ends by itself
    known, syncs = records.rollbacks.of(app.name), records.progress.syncs(app.name, 50)
    known = known if known and known.is_of(app.url) else None
    to, why_not = rollbacks.automatic(known, revision, syncs)
    if not to:
        return f"{text}; {why_not}" if why_not else text
    now, delivery = records.clock(), ""
    if not (known and not known.ended and revision in known.blocked):
        names = rollbacks.blocking(known, to, [revision, *rollbacks.since(syncs, to)])
        made = Rollback(app.name, revision, to, app.url, "hookline", text, now, names, automatic=True, origin="worker")
        line = records.audit.add("rollback", app=app.name, who="hookline", reason=text, revision=revision, to=to)
        records.rollbacks.place(made)
        delivery = witness.asked(line)
    context.counter.accept(None, [Request(app.name, 0, Why.ROLLBACK, "hookline", now, delivery=delivery)])
    return f"{text}; rolling back to {to[:7]}"


def ended(context: Context, app: App, requests: Sequence[Request], record: SyncRecord) -> None:
    """See to what follows a sync: keep what was synced well, and tell of an app that went back."""
    records, known = context.records, None
    if record.outcome is Outcome.SUCCEEDED and app.url and record.revision:
        pins.keep(context.mirror(app), record.revision)
    if any(one.why is Why.ROLLBACK for one in requests) and record.outcome is not Outcome.HELD:
        known = records.rollbacks.of(app.name)
    if known is None or known.to != record.revision:
        return
    how = "" if record.outcome is Outcome.SUCCEEDED else f", which failed: {record.text}"
    text = f"rolled back from {known.revision[:7]} to {known.to[:7]} by {known.who}{how}; why: {known.reason}"
    telling.tell(context, app, Kind.ROLLED_BACK, f"{known.to} {record.outcome.value}", text, known.revision)
    seen = records.progress.app(app.name).seen
    if app.automated and not known.ended and seen not in ("", known.to, *known.blocked):
        records.progress.again(app.name, records.clock())  # it came at the same moment, and may be newer
