"""What a forge's refusal of a status means: kinds of error beside those of all, and what is alike at each forge."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, HooklineError, SourceMissing
from workers.forges import limits

if TYPE_CHECKING:
    from workers.forges.account import Account
    from workers.forges.http import Answer
    from workers.model import Commit

Judge = Callable[["Answer", str, "Commit", float], "HooklineError | None"]
"""Says what an answer of a host for a commit means at a time (epoch seconds); ``None`` for one that is good."""


class Busy(ForgeUnreachable):
    """The forge works and will not take this one status now, as when another of the same commit is being written."""


class TokenRefused(AccessDenied):
    """The forge does not know the token: nothing that is written with it will be taken, of whatever repository."""


class Full(AuthorError):
    """The commit has all the statuses of this context that the forge keeps: it takes no other one, ever."""


def settled(judge: Judge, account: Account, answer: Answer, commit: Commit) -> float | None:
    """Return the seconds that a good answer asks to be left alone for, ``None`` for none; raise what another means."""
    refusal = judge(answer, account.host, commit, time.time())
    if refusal is not None:
        raise refusal
    return limits.wait(answer.headers, time.time())


def begun(answer: Answer, host: str, commit: Commit) -> str:
    """Return how the sentence about a refusal begins: who answered what, for which commit. Pure."""
    says = answer.says()
    place = f"{host} answered {answer.code} for a status of {commit.repository} at {commit.revision[:12]}"
    return f"{place} ({says})" if says else place


def too_many(said: str, wait: float | None) -> ForgeUnreachable:
    """Return what a quota that is used up means; ``wait`` is what the forge asked for, in seconds. Pure."""
    wait = limits.SECONDS_UNSAID if wait is None else wait
    return ForgeUnreachable(f"{said}: too many calls, the next try is in {wait:.0f} s", wait)


def unknown_token(said: str) -> TokenRefused:
    """Return what an answer means that does not know the token. Pure."""
    return TokenRefused(f"{said}: the token is wrong, expired or revoked; put a valid one in its place")


def no_commit(said: str) -> SourceMissing:
    """Return what an answer means that does not know the commit. Pure."""
    return SourceMissing(f"{said}: the commit is not at the forge, so it gets no status")


def common(code: int, said: str, wait: float | None) -> HooklineError | None:
    """Return what a code means where every forge means the same, ``None`` for another code. Pure."""
    if code in (408, 409) or code >= 500:
        return (Busy if code == 409 else ForgeUnreachable)(said, wait)
    if code in (400, 410, 413, 422, 451):
        return AuthorError(f"{said}: the forge will not take this status")
    return None
