"""Messages made here are the ones Celery would have sent."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from workers import broker, embedded, queues
from workers.messages import Messages
from workers.settings import Settings

OWN = ("id", "root_id", "correlation_id", "delivery_tag", "argsrepr", "reply_to")


@pytest.fixture
def celery(redis_data: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Celery app on a real Redis."""
    monkeypatch.setenv("REDIS_URL", f"unix://{embedded.socket_of(redis_data)}")
    return broker.application(Settings.model_validate({"redis": {"url": "env:REDIS_URL"}}))


def parts(text: str) -> tuple[dict[str, Any], list[Any]]:
    """Return a message without what is its own, and its arguments."""
    message = orjson.loads(text)
    body = orjson.loads(base64.b64decode(message.pop("body")))
    for where in (message["headers"], message["properties"]):
        for name in OWN:
            where.pop(name, None)
    return message, body


def test_a_message_is_the_one_celery_sends(celery: Any, redis_client: redis.Redis) -> None:
    """Headers, routing, encoding and arguments, but for the ids."""
    celery.send_task(queues.LOOK, args=["myapp"], queue=queues.MERGE, retry=False)
    [sent] = redis_client.lrange(queues.MERGE, 0, -1)
    made = Messages(celery).make(queues.LOOK, "myapp", queues.MERGE)
    assert parts(made) == parts(str(sent))


def test_every_message_has_ids_of_its_own(celery: Any) -> None:
    """Two messages with one tag would be acknowledged together."""
    messages = Messages(celery)
    one, two = (orjson.loads(messages.make(queues.LOOK, "a", queues.MERGE)) for _ in range(2))
    assert one["headers"]["id"] == one["properties"]["correlation_id"] != two["headers"]["id"]
    assert one["properties"]["delivery_tag"] != two["properties"]["delivery_tag"]
