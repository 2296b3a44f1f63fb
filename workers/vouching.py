"""Whether the pull request of a fork may be planned: somebody who may write has to want that of exactly this head.

A plan reads the cluster and renders what a stranger wrote, so a stranger's push alone makes none. A label stays when
commits are pushed: it counts for the head that it was set for, as an approval does, and for no later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from workers.forges import consents, permissions
from workers.forges.consents import Consent
from workers.model import Report, State
from workers.pull import Pull, Word

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

MOST: Final = 10
"""People asked about: strangers may approve, too."""
CLOSE: Final = 120.0
"""Seconds between a word as the forge dates it and its delivery, in which they are taken for the same."""
NEVER: Final = Report(State.SUCCESS, "not planned: it comes from a fork, and this forge does not say who may write")
"""Green, as nobody could ever make it so."""


def why_not(account: Account, client: httpx2.Client, pull: Pull, label: str, words: Sequence[Word]) -> Report | None:
    """Return what a fork's head is told while it is not planned, ``None`` when it may be.

    ``words`` are what deliveries said, which tell the head where the forge does not. Raises as
    :func:`workers.forges.write`.
    """
    if account.kind not in permissions.KINDS:
        return NEVER
    for one in counted(consents.consents(account, client, pull, label), pull, words)[:MOST]:
        if permissions.may_write(account, client, pull.repository, pull.repository_id, one.who, one.person):
            return None
    text = f"waits: it comes from a fork, and is planned once who may write sets label {label}, or approves it"
    return Report(State.PENDING, text)


def counted(found: Iterable[Consent], pull: Pull, words: Sequence[Word]) -> list[Consent]:
    """Return the consents that are for the head as it is now. Pure.

    One for which the forge tells no head counts when a delivery said that the same person did the same, at that time,
    to this head.
    """
    return [one for one in found if _is_for(one, pull.head, words)]


def _is_for(consent: Consent, head: str, words: Sequence[Word]) -> bool:
    if consent.head:
        return consent.head == head
    return any(
        (word.how, word.person, word.head) == (consent.how, consent.person, head)
        and (not consent.at or abs(word.at - consent.at) <= CLOSE)
        for word in words
    )
