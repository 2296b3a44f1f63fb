"""The audit trail: who asked for what, when and from where; appended, never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import redis

from workers.errors import RecordsUnavailable
from workers.records.keys import Client, key

MOST: Final = 100_000


class Audit:
    """Writes and reads the trail."""

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock

    def add(self, action: str, **fields: str) -> None:
        """Append one entry: what was done, and its fields (who, app, why, address, token id …), all text.

        Raises :class:`RecordsUnavailable`; what cannot be audited must not be done.
        """
        entry: dict[Any, Any] = {"at": f"{self._clock():.3f}", "action": action, **fields}
        try:
            self._redis.xadd(key("audit"), entry, maxlen=MOST, approximate=True)
        except redis.RedisError as error:
            raise RecordsUnavailable(
                f"Redis did not record the audit entry ({type(error).__name__}): try again"
            ) from error

    def entries(self, most: int = 50) -> list[dict[str, str]]:
        """Return the newest entries, newest first."""
        found: list[tuple[str, dict[str, str]]] = self._redis.xrevrange(key("audit"), count=most)
        return [fields | {"id": name} for name, fields in found]
