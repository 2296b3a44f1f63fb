"""What each waiting commit is told when a sync ends. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from workers.model import Action, Change, Commit, Outcome, Report, Request, Stage, State, SyncRecord

STATES = {
    Outcome.SUCCEEDED: State.SUCCESS,
    Outcome.NOT_AFFECTED: State.SUCCESS,
    Outcome.HELD: State.SUCCESS,
    Outcome.SUPERSEDED: State.SUCCESS,
    Outcome.FAILED: State.FAILURE,
}
"""Every outcome is a terminal state. A held commit is green and its text says that it waits: forges know no third
way."""

NOT_AFFECTED = "not affected"
"""How the text of a commit begins that an app says has nothing to do with it."""
_WAITS = re.compile(r"held|waits|not synced|stopped before|[0-9a-f]{7} (waits|is blocked|was rolled back)")


def reports(
    requests: Iterable[Request],
    outcome: Outcome,
    text: str,
    revision: str,
    served: Commit | None,
    includes: Callable[[str], bool],
    ref: str = "",
    apart: str = "",
    number: int = 0,
) -> dict[Commit, Report]:
    """Return what every commit is told when a sync of ``revision`` ended so.

    ``revision`` is "" when the sync ended before Git was read: then every commit gets the outcome itself.
    ``served`` is where the synced commit is reported even if no delivery named it. ``includes`` says whether the
    synced commit's history holds an older one. ``ref`` is what the app follows, where that is known: a commit that
    came on another one (a feature branch where the app follows HEAD, a tag of the branch's name, an older tag of a
    range) is not the app's. ``apart`` is what a commit is told that was left out on purpose, "" when none was; one
    that a hotfix branch holds, too, was not. ``number`` is the sync's.
    """
    told: dict[Commit, Report] = {}
    own = Report(STATES[outcome], text, number)
    for commit in (request.commit for request in requests if request.commit):
        if not revision or commit.revision == revision:
            told[commit] = own
        elif apart and not includes(commit.revision):
            told[commit] = Report(State.SUCCESS, apart, number)
        elif ref and commit.ref and commit.ref != ref and not apart:
            text = f"{NOT_AFFECTED}: the app follows {ref}, not {commit.ref}"
            told[commit] = Report(State.SUCCESS, text, number)
        else:
            told[commit] = superseded(own, revision, includes(commit.revision))
        if revision and served is None:
            served = replace(commit, revision=revision)
    if served is not None and revision:
        told[replace(served, revision=revision)] = own
    return told


def failure(stage: Stage, words: str) -> str:
    """Return what a sync says that failed in a stage."""
    return f"{stage.value} failed: {words}"


def is_unwell(text: str) -> bool:
    """Whether a sync's failure, as :func:`failure` words it, is that its objects did not become healthy."""
    return text.startswith(failure(Stage.HEALTH, ""))


def affects(report: Report) -> bool:
    """Whether an app has something to do with the commit it says this of."""
    return not report.text.startswith(NOT_AFFECTED)


def waits(report: Report) -> bool:
    """Whether a commit is green that is not deployed: it is held, or waits for a person or a window."""
    return report.state is State.SUCCESS and _WAITS.match(report.text) is not None


def superseded(newer: Report, revision: str, included: bool) -> Report:
    """Return what a commit is told that a newer one overtook."""
    if not included:
        return Report(
            State.FAILURE,
            f"superseded: the branch moved to {revision[:7]}, which does not include this commit",
            newer.number,
        )
    if newer.state is State.FAILURE:
        text = f"superseded: included in {revision[:7]}, which failed: {newer.text}"
        return Report(State.FAILURE, text, newer.number)
    return Report(newer.state, f"superseded: included in {revision[:7]}", newer.number)


def kept(
    reports: Mapping[Commit, Report], revision: str, syncs: Callable[[], Iterable[SyncRecord]]
) -> dict[Commit, Report]:
    """Return what stands of commits that ended well and were told of once more before a sync of ``revision`` failed.

    A forge tells twice, and late: of a merge by its push as well. The failure is that of the newer commit alone while
    the app is at the older one. ``syncs`` gives the app's syncs, newest first; it is asked only where that counts.
    """
    red = [one for one, said in reports.items() if said.state is State.FAILURE and one.revision != revision]
    ended = syncs() if red and revision else ()
    good = next((one for one in ended if one.outcome in (Outcome.SUCCEEDED, Outcome.NOT_AFFECTED)), None)
    return {one: Report(State.SUCCESS, good.text, good.number) for one in red if good and one.revision == good.revision}


def counted(changes: Sequence[Change]) -> str:
    """Return the changes in words: ``1 created, 2 configured`` or ``no changes``."""
    counts = {
        action: sum(change.action is action for change in changes)
        for action in Action
        if action is not Action.UNCHANGED
    }
    return ", ".join(f"{count} {action.value}" for action, count in counts.items() if count) or "no changes"
