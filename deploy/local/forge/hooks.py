"""Signed deliveries: made once, sent to each webhook in order, recorded with every answer, sent again on demand."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx2
import orjson

SECONDS: Final = 10.0
"""GitHub and GitLab both hang up on a receiver after this long."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``name`` is the forge's word for it."""

    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when it began, the receiver's code (0 when there was no answer), seconds and what went wrong."""

    at: float
    code: int
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. ``body`` is what was sent, byte for byte, each time; ``attempts`` oldest first."""

    guid: str
    event: str
    url: str
    body: bytes
    attempts: tuple[Attempt, ...] = ()

    @property
    def payload(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)

    @property
    def code(self) -> int:
        """The code of the last attempt; 0 when there was none or no answer."""
        return self.attempts[-1].code if self.attempts else 0


Headers = Callable[[Delivery], Mapping[str, str]]
"""Returns the headers of one attempt, signature included."""


class Courier:
    """Sends deliveries from one thread, so that they go out in the order things happened. Safe for threads."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._urls: list[str] = []
        self._deliveries: list[Delivery] = []
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._owed = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.is_silent = False
        """While true, deliveries are recorded and not sent: pushes the receiver never hears of."""

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more; returns when the delivery in flight has ended."""
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(SECONDS * 2)

    def subscribe(self, url: str) -> None:
        """Send what happens from now on to ``url`` too."""
        with self._changed:
            self._urls.append(url)

    @property
    def urls(self) -> list[str]:
        """Where deliveries go, the oldest webhook first."""
        with self._changed:
            return list(self._urls)

    def announce(self, event: Event) -> None:
        """Record one delivery per webhook, all with one GUID, and send them soon."""
        guid, body = str(uuid.uuid4()), orjson.dumps(event.payload)
        with self._changed:
            for url in self._urls:
                self._deliveries.append(Delivery(guid, event.name, url, body))
                if not self.is_silent:
                    self._send(len(self._deliveries) - 1)

    def redeliver(self, guid: str) -> int:
        """Send the deliveries of a GUID once more, the same bytes; return how many there are."""
        with self._changed:
            indexes = [index for index, one in enumerate(self._deliveries) if one.guid == guid]
            for index in indexes:
                self._send(index)
            return len(indexes)

    def all(self) -> list[Delivery]:
        """Return the deliveries so far, in the order of what happened."""
        with self._changed:
            return list(self._deliveries)

    def settle(self, timeout: float) -> bool:
        """Wait until nothing is left to send; whether that came true within ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._owed == 0, timeout)

    def _send(self, index: int) -> None:
        self._owed += 1
        self._waiting.put(index)

    def _run(self) -> None:
        with httpx2.Client(timeout=SECONDS, trust_env=False) as client:
            while (index := self._waiting.get()) is not None:
                with self._changed:
                    delivery = self._deliveries[index]
                attempt = self._try(client, delivery)
                with self._changed:
                    known = self._deliveries[index]
                    self._deliveries[index] = replace(known, attempts=(*known.attempts, attempt))
                    self._owed -= 1
                    self._changed.notify_all()

    def _try(self, client: httpx2.Client, delivery: Delivery) -> Attempt:
        at, began = time.time(), time.monotonic()
        headers = {"content-type": "application/json", **self._headers(delivery)}
        try:
            answer = client.post(delivery.url, content=delivery.body, headers=headers)
        except httpx2.HTTPError as error:
            return Attempt(at, 0, time.monotonic() - began, str(error) or type(error).__name__)
        return Attempt(at, answer.status_code, time.monotonic() - began)
