"""Who asks for something by hand, and the word of it on the audit trail. What cannot be audited is not done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis

from workers.claims import Claims
from workers.errors import RecordsUnavailable
from workers.holds import LONGEST_REASON, moment
from workers.model import Why
from workers.records import Records


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a name, from where, the token (``None`` at the command line), and which reason a request gives."""

    who: str
    origin: str
    token: Claims | None = None
    why: Why = Why.MANUAL

    @contextlib.contextmanager
    def audited(self, records: Records, action: str, app: str, reason: str, **more: str | float) -> Iterator[int]:
        """Append to the trail what is done inside, and use up the token; give the line. Moments are written as times.

        Raises :class:`workers.claims.BadToken` for a token that was used before, and :class:`RecordsUnavailable`: then
        nothing is done. A token may be used again when what comes after the line could not be recorded.
        """
        said: dict[str, Any] = {"app": app, "who": self.who, "reason": reason[:LONGEST_REASON], "address": self.origin}
        if self.token:
            said |= {"token": self.token.token_id, "issuer": self.token.issuer}
        said |= {name: value if isinstance(value, str) else moment(value, 0.0) for name, value in more.items()}
        said = {name: text for name, text in said.items() if text or name == "reason"}
        line = records.audit.add(action, once=self.token, **said)
        try:
            yield line
        except (RecordsUnavailable, redis.RedisError):
            if self.token:
                with contextlib.suppress(redis.RedisError):
                    records.audit.unused(self.token)
            raise
