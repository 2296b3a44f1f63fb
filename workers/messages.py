"""Celery messages as text for Redis, so that recording a request and queueing its message can be one step.

A message is made once by Celery and kombu themselves, through a transport that keeps it instead of sending it; every
further one of its kind is that message with its own id and argument. Nothing here connects to anything.
"""

from __future__ import annotations

import base64
import functools
import uuid
from typing import Any

import orjson
from celery import Celery
from kombu import Connection
from kombu.transport import virtual


class _Channel(virtual.Channel):
    """Keeps what is put into a queue, in the form the Redis transport would store."""

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        del queue
        client: Any = self.connection.client
        client.transport_options["kept"].append(message)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        raise NotImplementedError

    def _size(self, queue: str) -> int:
        return len(queue) * 0


class _Transport(virtual.Transport):
    Channel = _Channel
    driver_type = "kept"
    driver_name = "kept"


class Messages:
    """Makes messages of a Celery app. Safe to share between threads."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._first = functools.cache(self._made)

    def make(self, task: str, argument: str, queue: str) -> str:
        """Return the message that calls ``task`` with one argument: what the Redis transport pushes to ``queue``."""
        first, body = self._first(task, queue)
        name, tag = str(uuid.uuid4()), str(uuid.uuid4())
        headers = first["headers"] | {"id": name, "root_id": name, "argsrepr": repr([argument])}
        properties = first["properties"] | {"correlation_id": name, "delivery_tag": tag}
        text = base64.b64encode(orjson.dumps([[argument], *body[1:]])).decode()
        return orjson.dumps(first | {"body": text, "headers": headers, "properties": properties}).decode()

    def _made(self, task: str, queue: str) -> tuple[dict[str, Any], list[Any]]:
        kept: list[dict[str, Any]] = []
        with Connection(transport=_Transport, transport_options={"kept": kept}) as connection:
            producer = self._celery.amqp.Producer(connection.channel())
            self._celery.send_task(task, args=[""], queue=queue, producer=producer, retry=False)
        return kept[0], orjson.loads(base64.b64decode(kept[0]["body"]))
