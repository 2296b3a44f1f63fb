"""Which objects an app wants and does not own yet: so that an object can move from one app to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from workers.model import Ref
from workers.records import coding
from workers.records.keys import Client, key

SAY: Final = """
-- KEYS: wishes, wished, said, leaving; ARGV: app, number, how many it wishes for, those, then those it lets go of
for _, ref in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('HGET', KEYS[1], ref) == ARGV[1] then redis.call('HDEL', KEYS[1], ref) end
end
redis.call('DEL', KEYS[2], KEYS[4])
local last = 3 + tonumber(ARGV[3])
for i = 4, last do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[1])
  redis.call('SADD', KEYS[2], ARGV[i])
end
for i = last + 1, #ARGV do redis.call('SADD', KEYS[4], ARGV[i]) end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
"""
"""Replace what an app wishes for and lets go of, and note the request it says it with."""


class Wishes:
    """Wishes by cluster; the last app to wish for an object counts."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._say = client.register_script(SAY)

    def say(self, cluster: str, app: str, number: int, new: Sequence[Ref], leaving: Iterable[Ref]) -> None:
        """Make ``new`` what an app wants and does not own, and ``leaving`` what it owns and does not want any more.

        ``number`` is the request it looked at then.
        """
        keys = [key("wishes", cluster), key("wished", app), key("said"), key("leaving", app)]
        self._say(keys=keys, args=[app, number, len(new), *(coding.ref_id(ref) for ref in (*new, *leaving))])

    def leaves(self, app: str, ref: Ref) -> bool:
        """Whether an app said that it does not want an object of its own any more."""
        return bool(self._redis.sismember(key("leaving", app), coding.ref_id(ref)))

    def who(self, cluster: str, refs: Sequence[Ref]) -> dict[Ref, str]:
        """Return the app that wishes for each of ``refs``, where one does."""
        if not refs:
            return {}
        found = self._redis.hmget(key("wishes", cluster), [coding.ref_id(ref) for ref in refs])
        return {ref: app for ref, app in zip(refs, found, strict=True) if app}

    def unsaid(self, apps: Sequence[str]) -> list[str]:
        """Return which of ``apps`` have a request whose wishes are not known yet."""
        if not apps:
            return []
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hmget(key("said"), list(apps))
            for app in apps:
                pipe.hmget(key("app", app), "wanted", "done")
            said, *records = pipe.execute()
        numbers: Mapping[str, int] = {app: int(number or 0) for app, number in zip(apps, said, strict=True)}
        return [
            app
            for app, (wanted, done) in zip(apps, records, strict=True)
            if int(wanted or 0) > max(int(done or 0), numbers[app])
        ]
