"""An issuer's key set at a URL: fetched late, within bounds, kept, and fetched anew when a token names a new key.

Runs on the event loop and never holds it up: the answer is read in small parts, and parsed in a thread. However many
requests wait for a fetch, there is one; and one in :data:`PAUSE` seconds, so that a stranger who invents key ids cannot
make us a nuisance to the issuer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import httpx2
import structlog

from workers import keysets
from workers.errors import BadConfiguration, KeysUnavailable
from workers.keysets import KeySet

log = structlog.get_logger()

SECONDS: Final = 5.0
"""For the whole answer."""
PAUSE: Final = 30.0
"""Seconds between two fetches at least."""
FRESH: Final = 3600.0
"""Seconds after which a key set is fetched again, while the old one goes on serving: a withdrawn key must go."""
STALE: Final = 24 * 3600.0
"""Seconds a key set serves while its URL is down."""


class Published:
    """One key set. ``clock`` counts seconds and never goes back."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._host = urlsplit(url).hostname or url
        self._clock = clock
        self._known: KeySet | None = None
        self._at = self._tried = float("-inf")
        self._fetch: asyncio.Task[None] | None = None

    def keys(self) -> KeySet:
        """Return the keys as last fetched. Raises :class:`KeysUnavailable` when there are none, or only stale ones."""
        if self._known is None:
            raise KeysUnavailable(f"the keys at {self._host} were not to be had yet: send it again")
        if self._clock() - self._at > STALE:
            raise KeysUnavailable(f"the keys at {self._host} could not be fetched for a day")
        return self._known

    async def ready(self, kid: str) -> None:
        """Have the keys here that a token with this ``kid`` needs, as far as they can be had now. Raises nothing."""
        missing = self._known is None or (bool(kid) and all(key.kid != kid for key in self._known.keys))
        now = self._clock()
        running = self._fetch is not None and not self._fetch.done()
        if not running and now - self._tried >= PAUSE and (missing or now - self._at > FRESH):
            self._tried = now
            self._fetch = asyncio.create_task(self._refresh())
            running = True
        if missing and running and self._fetch is not None:
            await asyncio.shield(self._fetch)

    async def _refresh(self) -> None:
        try:
            self._known = await asyncio.to_thread(keysets.read, await self._read())
            self._at = self._clock()
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            log.error("issuer's keys not fetched", host=self._host, reason=type(error).__name__)
        except (BadConfiguration, KeysUnavailable) as error:
            log.error("issuer's keys not fetched", host=self._host, reason=str(error))
        else:
            for reason in self._known.refused:
                log.warning("issuer's key not used", host=self._host, reason=reason)

    async def _read(self) -> bytes:
        # Made in a thread: it reads the machine's certificates.
        client = await asyncio.to_thread(httpx2.AsyncClient, timeout=SECONDS, follow_redirects=False)
        # identity: a compressed answer could be small on the wire and unbounded in memory
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "hookline"}
        async with client, asyncio.timeout(SECONDS), client.stream("GET", self._url, headers=headers) as response:
            if response.status_code != 200:
                raise KeysUnavailable(f"the answer is {response.status_code}, and no redirect is followed")
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > keysets.MOST_BYTES:
                    raise KeysUnavailable(f"the answer is larger than {keysets.MOST_BYTES >> 10} KiB")
            return bytes(body)
