"""The audit trail: who asked for what, when and from where; appended, never changed.

A list of lines, each with the hash of the one before (:mod:`workers.chain`), and beside it where the list stands. The
hash of a new line is made by the writer; Redis takes the line only if the one it follows is still the last, so two
writers cannot fork the chain: one of them makes its line anew. Entries of versions before the chain stay readable where
they were; they are shown after the chain's and not exported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import redis

from workers import chain
from workers.chain import Head
from workers.claims import SKEW, BadToken, Claims
from workers.errors import RecordsUnavailable
from workers.records import scripts, sink
from workers.records.keys import Client, key

TRIES: Final = 1000
"""Each try that fails means that another writer's line was taken."""


class Audit:
    """Writes and reads the trail. ``most`` lines are kept; with ``file`` each line is appended there too."""

    def __init__(self, client: Client, clock: Callable[[], float], most: int, file: Path | None) -> None:
        self._redis = client
        self._clock = clock
        self._most = most
        self._file = file
        self._append = client.register_script(scripts.APPEND)
        self._head = Head()

    def add(self, action: str, *, once: Claims | None = None, **fields: Any) -> int:
        """Append one entry: what was done, and its fields (who, app, reason, address, token …); return its line.

        With ``once``, that token is used up in the same step: raises :class:`BadToken` when it was used before, and
        appends nothing. Raises :class:`RecordsUnavailable`; what cannot be audited must not be done.
        """
        now, head = self._clock(), self._head
        name = key("used", once.digest) if once else key("used")
        life = max(1, int((once.expires + SKEW - now) * 1000) + 1000) if once else 0
        try:
            for _ in range(TRIES):
                text = chain.line(head, now, action, fields)
                made = Head(head.line + 1, chain.digest(text))
                keys = [key("trail"), key("trail:head"), name]
                answer = self._append(
                    keys, [head.line, head.hash, text, made.line, made.hash, self._most, life, chain.GENESIS]
                )
                if answer[0] == "used":
                    raise BadToken("the token was used before: each call that changes something needs a new one")
                if answer[0] == "added":
                    self._head = made
                    sink.follow(self._file, self.read)
                    return made.line
                head = Head(int(answer[1]), answer[2])
        except redis.RedisError as error:
            raise RecordsUnavailable(
                f"Redis did not record the audit entry ({type(error).__name__}): try again"
            ) from error
        raise RecordsUnavailable("too many others write to the audit trail: try again")

    def unused(self, token: Claims) -> None:
        """Let a token be used again whose call could not be recorded. Raises ``redis.RedisError``."""
        self._redis.delete(key("used", token.digest))

    def entries(self, most: int = 50, below: int = 0) -> list[dict[str, Any]]:
        """Return the newest entries (those before the line ``below``, if given), newest first."""
        head = int(self._redis.hget(key("trail:head"), "line") or 0)
        skipped = max(0, head + 1 - below) if below else 0
        texts: list[str] = self._redis.lrange(key("trail"), -most - skipped, -1 - skipped)
        found = [orjson.loads(text) for text in reversed(texts)]
        if len(found) < most:
            old = self._redis.xrevrange(key("audit"), count=most - len(found))
            found += [fields | {"id": name} for name, fields in old]
        return found

    def entry(self, line: int) -> dict[str, Any] | None:
        """Return one entry by its line, ``None`` when it is not kept."""
        found = [one for one in self.entries(1, line + 1) if one.get("line") == line]
        return found[0] if found else None

    def read(self, after: int = 0) -> chain.Trail:
        """Return the trail as Redis holds it, in one step; only what comes after line ``after``."""
        start = max(0, after - int(self._redis.hget(key("trail:head"), "let_go") or 0))
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(key("trail:head"), "line", "hash", "let_go")
            pipe.lrange(key("trail"), start, -1)
            (line, last, gone), texts = pipe.execute()
        lines, head = tuple(text.encode() for text in texts), Head(int(line or 0), last or chain.GENESIS)
        before = int(gone or 0) + start
        if not lines:
            return chain.Trail(head if before else Head(), (), head)
        known = str((chain.read(lines[0]) or {}).get("before", "")) if before else chain.GENESIS
        return chain.Trail(Head(before, known), lines, head)
