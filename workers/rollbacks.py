"""Rollbacks: an app went back to a commit it had before, and the commits it left are not deployed again. Pure.

A rollback is in force until the app's revision names a commit that is newer than those it left and changes something
of the app. Times are seconds since the epoch; lists of syncs are newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workers import repositories
from workers.model import Outcome, Request, SyncRecord, Why

MOST_BLOCKED: Final = 50
"""Commits that one rollback names; what lies between them in Git is blocked without being named."""
NEWEST: Final = frozenset({Why.MANUAL, Why.EMERGENCY})
"""Who asks for the newest commit, whichever that is."""


SEVERAL: Final = "it has several sources, which have to go back together: revert the change in the repository it is in"
"""Why an app of several sources is not rolled back: which commits of the others belonged to one is not recorded."""


class OnFailure(StrEnum):
    """Whether an app goes back by itself."""

    NEVER = "never"
    HEALTH = "on-failed-health"


class Way(StrEnum):
    """Where the app's revision leads while a rollback is in force."""

    BACK = "back"
    """To a commit that was left, or to one that brings the same: the app stays where it went back to."""
    OLDER = "older"
    """To the commit gone back to or one before it, as after a force push: that is deployed, and the block stays."""
    NEWER = "newer"
    """To a newer commit, which ends the rollback."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """An app left ``revision`` for ``to``, in the repository it had then (``url``).

    ``newest`` is the newest commit that was told of by then and not deployed, "" for none; ``blocked`` are the commits
    known by name that are not deployed again. ``known`` is whether ``to`` is a commit the app was synced to before.
    ``ended`` is when a newer commit or a person ended it, 0 while it is in force.
    """

    app: str
    revision: str
    to: str
    url: str
    who: str
    reason: str
    at: float
    blocked: tuple[str, ...] = ()
    newest: str = ""
    known: bool = True
    automatic: bool = False
    origin: str = ""
    ended: float = 0.0

    def in_force(self, url: str) -> bool:
        """Whether it counts: it has not ended, and the app still reads the same repository (``url``)."""
        return not self.ended and self.is_of(url)

    def is_of(self, url: str) -> bool:
        """Whether it is about the repository at ``url``, however that is spelled."""
        return url == self.url or repositories.same(url, self.url, local=True)

    @property
    def heads(self) -> tuple[str, ...]:
        """The commits that everything left is part of."""
        return tuple(dict.fromkeys(filter(None, (self.revision, self.newest))))


def sentence(rollback: Rollback) -> str:
    """Return who went back to what and why."""
    return f"rolled back to {rollback.to[:7]} by {rollback.who}: {rollback.reason}"


def shown(rollback: Rollback) -> str:
    """Return what is said of an app that went back, or is to, and what ends that."""
    return (
        f"rollback from {rollback.revision[:7]} to {rollback.to[:7]} by {rollback.who}: {rollback.reason}; ends with a "
        f"newer commit, or with `hookline rollback {rollback.app} --clear`"
    )


def refused(rollback: Rollback, revision: str) -> str:
    """Return why a commit is not deployed, and the ways out."""
    return (
        f"{revision[:7]} is blocked: {sentence(rollback)}; push a newer commit, or run `hookline rollback "
        f"{rollback.app} --clear`"
    )


def left(rollback: Rollback, outcome: Outcome, text: str) -> str:
    """Return what a commit that was left is told when a sync of the one gone back to ended so."""
    if outcome is Outcome.FAILED:
        return f"rolled back to {rollback.to[:7]} by {rollback.who}, which failed: {text}"
    return sentence(rollback)


def alike(rollback: Rollback) -> str:
    """Return what a later commit is told that brings nothing of the app that was not left."""
    return f"not affected: {rollback.app} was {sentence(rollback)}; this commit changes nothing of it"


def way(
    rollback: Rollback, revision: str, is_part: Callable[[str, str], bool], brings_same: Callable[[str], bool]
) -> Way:
    """Return where the app's revision leads that names the commit ``revision`` now.

    ``is_part`` says whether a commit is part of another's history or is that, ``brings_same`` whether ``revision``
    gives the app just what another commit does.
    """
    if revision in rollback.blocked:
        return Way.BACK
    if is_part(revision, rollback.to):
        return Way.OLDER
    if any(is_part(revision, one) for one in rollback.heads):
        return Way.BACK
    # Under another id, say after a force push, it is what was left all the same; unless it is what is there now.
    left = any(brings_same(one) for one in dict.fromkeys((*rollback.heads, *rollback.blocked)))
    return Way.BACK if left and not brings_same(rollback.to) else Way.NEWER


def is_meant(automated: bool, requests: Sequence[Request]) -> bool:
    """Whether requests, oldest first, ask for the commit gone back to, whatever is newer.

    The newest one is a rollback; or the app syncs by hand only and nobody asked for what is newest.
    """
    by_hand = [one.why for one in requests if one.why in NEWEST or one.why is Why.ROLLBACK]
    return requests[-1].why is Why.ROLLBACK or (not automated and not (by_hand and by_hand[-1] in NEWEST))


def present(flying: str, syncs: Sequence[SyncRecord]) -> tuple[str, frozenset[str]]:
    """Return the commit an app is at, "" for none, and all whose content that is.

    ``flying`` is the commit of a sync under way, "" for none. A commit that did not affect the app brought nothing.
    """
    if flying:
        return flying, frozenset({flying})
    ended = [one for one in syncs if one.revision and one.outcome is not Outcome.HELD]
    if not ended:
        return "", frozenset()
    wrote = next((one.revision for one in ended if one.outcome in (Outcome.SUCCEEDED, Outcome.FAILED)), "")
    return ended[0].revision, frozenset({ended[0].revision, wrote})


def previous(syncs: Sequence[SyncRecord], without: frozenset[str]) -> str:
    """Return the commit that was synced well last, of those not in ``without``; "" for none."""
    good = (one.revision for one in syncs if one.outcome is Outcome.SUCCEEDED and one.revision)
    return next((revision for revision in good if revision not in without), "")


def since(syncs: Sequence[SyncRecord], to: str) -> list[str]:
    """Return the commits that were tried since ``to`` was synced well last; none when nobody knows when that was."""
    tried: list[str] = []
    for one in syncs:
        if one.revision == to and one.outcome is Outcome.SUCCEEDED:
            return tried
        if one.revision and one.revision not in (to, *tried):
            tried.append(one.revision)
    return []


def blocking(before: Rollback | None, to: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the commits that a rollback to ``to`` blocks: ``names``, and those of one in force ``before``."""
    every = dict.fromkeys((*names, *(before.blocked if before else ())))
    return tuple(one for one in every if one and one != to)[:MOST_BLOCKED]


def automatic(known: Rollback | None, revision: str, syncs: Sequence[SyncRecord]) -> tuple[str, str]:
    """Return the commit to go back to from ``revision``, whose health failed, "" for none; and why not, where people
    have to know.

    ``known`` is the app's last rollback, ended or not: what was left once is never gone back to. It goes back from new
    commits only, and never from the one it went back to.
    """
    if known and not known.ended and revision == known.to:
        return "", f"{revision[:7]} is what it was rolled back to: nothing more is done by itself"
    if known and not known.ended and revision in known.blocked:
        return known.to, ""
    if any(one.revision == revision and one.outcome is Outcome.SUCCEEDED for one in syncs):
        return "", ""
    to = previous(syncs, frozenset({revision, *(known.blocked if known else ())}))
    return to, "" if to else "no commit before it ended well, so there is nothing to go back to"
