"""Plans that were asked for over the API: which are open, and for an hour what came of each. And the pages of those of
pull requests.

The edge writes an inquiry with its message in one step; a worker answers it, and the first answer stands.
"""

from __future__ import annotations

from typing import Final

import orjson

from workers.inquiry import Inquiry, Reply
from workers.records import coding
from workers.records.keys import Client, key

KEPT: Final = 3600
"""Seconds that an inquiry is kept, and then its reply."""
MOST_OPEN: Final = 100
MOST_BYTES: Final = 1024 * 1024
"""Bytes of a plan's JSON."""
LOST: Final = 15.0
"""Seconds after which one that nobody answered is handed out once more."""
MOST_REPLIES: Final = 200
"""Replies that are kept: the oldest goes before its hour is over."""
PAGE_KEPT: Final = 14 * 24 * 3600
"""Seconds that the page of a pull request's last plan is kept."""
MOST_AT_ONCE: Final = 20

FULL: Final = """
local function full(open, prefix, most)
  if redis.call('ZCARD', open) < most then return false end
  for _, id in ipairs(redis.call('ZRANGE', open, 0, -1)) do
    if redis.call('EXISTS', prefix .. id) == 0 then redis.call('ZREM', open, id) end
  end
  return redis.call('ZCARD', open) >= most
end
-- KEYS: open; ARGV: where the name of an inquiry's key begins, most
"""
IS_FULL: Final = f"{FULL} return full(KEYS[1], ARGV[1], tonumber(ARGV[2])) and 1 or 0"
"""Whether as many are open as may be; those that nobody answered within their time do not count."""
ASK: Final = (
    FULL
    + """
--       then id, inquiry, seconds kept, when it is handed out again, queue, message
if full(KEYS[1], ARGV[1], tonumber(ARGV[2])) then return 0 end
redis.call('HSET', ARGV[1] .. ARGV[3], 'inquiry', ARGV[4])
redis.call('EXPIRE', ARGV[1] .. ARGV[3], ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[6], ARGV[3])
redis.call('LPUSH', ARGV[7], ARGV[8])
return 1
"""
)
"""Record an inquiry and queue its message, unless too many are open."""
ANSWER: Final = """
-- KEYS: open, inquiry, replies; ARGV: id, reply, seconds kept, where the name of an inquiry's key begins, most replies
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('HSETNX', KEYS[2], 'reply', ARGV[2]) == 0 then return 0 end
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('LPUSH', KEYS[3], ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[3])
while redis.call('LLEN', KEYS[3]) > tonumber(ARGV[5]) do redis.call('DEL', ARGV[4] .. redis.call('RPOP', KEYS[3])) end
return 1
"""
"""Record the reply to an inquiry that is kept and has none."""


class Plans:
    """Reads and keeps them, by the inquiry's id."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._full = client.register_script(IS_FULL)
        self._ask = client.register_script(ASK)
        self._answer = client.register_script(ANSWER)

    def is_full(self) -> bool:
        """Whether no further inquiry is taken now."""
        return bool(self._full(keys=[key("plans")], args=[key("plan", ""), MOST_OPEN]))

    def ask(self, inquiry: Inquiry, queue: str, message: str) -> bool:
        """Record an inquiry and queue its message, in one step; ``False`` where too many are open."""
        arguments = [key("plan", ""), MOST_OPEN, inquiry.id, coding.encode(inquiry), KEPT, inquiry.at + LOST]
        return bool(self._ask(keys=[key("plans")], args=[*arguments, queue, message]))

    def due(self, now: float, most: int = MOST_AT_ONCE) -> list[str]:
        """Hand out the inquiries to answer by now, those that wait longest first."""
        found: list[str] = self._redis.zrangebyscore(key("plans"), "-inf", now, start=0, num=most)
        for name in found:
            self.later(name, now + LOST)
        return found

    def later(self, name: str, due: float) -> None:
        """Leave an open one for later."""
        self._redis.zadd(key("plans"), {name: due}, xx=True)

    def wanted(self, name: str) -> Inquiry | None:
        """Return one that is open, ``None`` for none; what is no longer kept is open no more."""
        if self._redis.zscore(key("plans"), name) is None:
            return None
        inquiry, _ = self.read(name)
        if inquiry is None:
            self._redis.zrem(key("plans"), name)
        return inquiry

    def begin(self, name: str) -> int:
        """Count a try to answer one, and return how many there were."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(key("plan", name), "tries", 1)
            pipe.expire(key("plan", name), KEPT)
            return int(pipe.execute()[0])

    def answer(self, name: str, reply: Reply) -> bool:
        """Record what came of one, which is open no more; ``False`` where it has a reply or is not kept any more."""
        keys = [key("plans"), key("plan", name), key("plans", "replies")]
        return bool(self._answer(keys=keys, args=[name, coding.encode(reply), KEPT, key("plan", ""), MOST_REPLIES]))

    def read(self, name: str) -> tuple[Inquiry | None, Reply | None]:
        """Return an inquiry that is kept and its reply, ``None`` for each that is not there."""
        inquiry, reply = self._redis.hmget(key("plan", name), "inquiry", "reply")
        if not inquiry:
            return None, None
        return Inquiry(**orjson.loads(inquiry)), Reply(**orjson.loads(reply)) if reply else None

    def show(self, page: str, text: str) -> None:
        """Keep what a page shows, by the key that opens it (`workers.links.plan_key`)."""
        self._redis.set(key("page", page), text, ex=PAGE_KEPT)

    def shown(self, page: str) -> str:
        """Return what a page shows, "" for a key that opens none."""
        return str(self._redis.get(key("page", page)) or "")
