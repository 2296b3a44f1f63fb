"""By which declaration each app was asked for and synced last, so that a change of it, or its end, is seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from workers.records.keys import Client, key

GONE: Final = "gone"
"""Stands for the digest of a declaration that is no longer there."""


class Declarations:
    """What is known of the declarations of apps."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def declare(self, digests: Mapping[str, str]) -> list[str]:
        """Remember the digest of every app's declaration; return the apps whose declaration is new or changed."""
        known: Mapping[str, str] = self._redis.hgetall(key("declared"))
        changed = [app for app, digest in digests.items() if known.get(app) != digest]
        if changed:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(key("declared"), mapping={app: digests[app] for app in changed})
                pipe.hdel(key("held"), *changed)
                pipe.execute()
        return changed

    def missing(self, declared: Collection[str], now: float) -> dict[str, float]:
        """Return since when each app that was asked for by its declaration is not ``declared`` any more.

        Apps that were seen to be gone (:meth:`gone`) are left out until they are declared again.
        """
        known: Mapping[str, str] = self._redis.hgetall(key("declared"))
        noted: Mapping[str, str] = self._redis.hgetall(key("missing"))
        absent = [app for app, digest in known.items() if app not in declared and digest != GONE]
        with self._redis.pipeline(transaction=True) as pipe:
            for app in noted.keys() - set(absent):
                pipe.hdel(key("missing"), app)
                if app in declared:
                    pipe.hdel(key("held"), app)
            for app in absent:
                pipe.hsetnx(key("missing"), app, now)
            pipe.execute()
        return {app: float(noted.get(app, now)) for app in absent}

    def gone(self, apps: Collection[str]) -> None:
        """Remember that these apps are gone: nobody has to ask for them again."""
        if apps:
            self._redis.hset(key("declared"), mapping=dict.fromkeys(apps, GONE))

    def leaving(self) -> list[str]:
        """Return the apps that are gone, or about to be, and may have objects left in a cluster."""
        known: Mapping[str, str] = self._redis.hgetall(key("declared"))
        going = {app for app, digest in known.items() if digest == GONE} | set(self._redis.hkeys(key("missing")))
        return sorted(going & set(self._redis.hkeys(key("last"))))

    def hold(self, apps: Collection[str], now: float) -> float:
        """Note that a person is asked about the removal of these apps; return ``now``. Those asked about stay so."""
        with self._redis.pipeline(transaction=True) as pipe:
            for app in apps:
                pipe.hsetnx(key("held"), app, now)
            pipe.execute()
        return now

    def held(self, app: str) -> float:
        """Return since when a person is asked about the removal of an app, 0 for nobody is."""
        return float(self._redis.hget(key("held"), app) or 0.0)

    def all_held(self) -> list[str]:
        """Return the apps about whose removal a person is asked."""
        return sorted(self._redis.hkeys(key("held")))

    def forget(self, app: str) -> None:
        """Forget an app's declarations: it is gone."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(key("held"), app)
            pipe.hdel(key("last"), app)
            pipe.hdel(key("declared"), app)
            pipe.hdel(key("app", app), "inputs", "revision")
            pipe.execute()

    def last(self, app: str) -> str:
        """Return the declaration an app was last synced by, ``""`` for none."""
        return str(self._redis.hget(key("last"), app) or "")

    def remember(self, app: str, declaration: str) -> None:
        """Keep the declaration an app is synced by, for the day it is gone."""
        self._redis.hset(key("last"), app, declaration)
