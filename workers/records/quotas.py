"""What all workers together may ask of a forge: a budget of writes, and whom to leave alone because it is down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workers.records import status_scripts
from workers.records.keys import Client, key

WINDOW: Final = 60.0
"""Seconds that a budget is for."""
PROBE: Final = 45.0
"""Seconds that one call may take which finds out whether a forge is back; then somebody else tries."""
SOON: Final = 1.0
"""Seconds until one asks again that found somebody else finding out."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be remembered of a write before it is made: a hash's field and value, and the seconds it is kept."""

    key: str = ""
    field: str = ""
    value: str = ""
    seconds: int = 0


NOTHING: Final = Note()


class Quotas:
    """Breakers, by a scope (an account, or an account and a repository), and budgets, by account.

    A breaker is closed until something fails. Then it is open for a pause that doubles from failure to failure; after
    it one caller goes through, and all others wait for how that one fares. ``now`` is in seconds since the epoch.
    """

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._admit = client.register_script(status_scripts.ADMIT)
        self._trip = client.register_script(status_scripts.TRIP)

    def admit(self, account: str, scopes: Sequence[str], now: float, most: int, note: Note = NOTHING) -> float:
        """Go through all breakers and take one write of the account's budget, of which ``most`` may be used by then.

        Returns 0 when both went well, and ``note`` is kept then; else the seconds after which it is worth asking again,
        and nothing was taken.
        """
        keys = [key("budget", account), note.key, *breakers(scopes)]
        arguments = [now, PROBE, SOON, WINDOW, most, uuid.uuid4().hex, note.field, note.value, note.seconds]
        return float(self._admit(keys=keys, args=arguments))

    def trip(self, scope: str, now: float, first: float, most: float, asked: float | None = None) -> float:
        """Open a breaker; return for how long.

        ``first`` is the seconds of the first pause, ``most`` of the longest, ``asked`` what the forge itself asked for.
        Failures of calls that were under way together count once.
        """
        arguments = [now, first, most, 0.0 if asked is None else asked]
        return float(self._trip(keys=[key("breaker", scope)], args=arguments))

    def close(self, scopes: Sequence[str]) -> None:
        """Say that a call went well."""
        self._redis.delete(*breakers(scopes))


def breakers(scopes: Sequence[str]) -> list[str]:
    """Return the keys of breakers."""
    return [key("breaker", scope) for scope in scopes]
