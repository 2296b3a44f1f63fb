"""Alerts between Hookline's real processes: services that hang, and a worker that is killed while it sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Start
from tests.workers.alerts.conftest import Webhook
from tests.workers.manifests import config

BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndatum: {}\n"
TARGETS = 3
"""More than a worker has slots."""


@pytest.fixture
def webhooks() -> Iterator[list[Webhook]]:
    """Services that take messages and answer nothing, until they are let go."""
    with ExitStack() as exits:
        made = [Webhook() for _ in range(TARGETS)]
        for webhook in made:
            exits.callback(webhook.stop)
            webhook.hangs = True
        yield made


def until(seen: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.05)


@pytest.mark.timeout(400)
def test_services_that_hang_hold_up_no_sync_and_a_killed_worker_loses_no_alert(
    start: Start, webhooks: list[Webhook], tmp_path: Path
) -> None:
    """While messages hang, more than there are slots, a fix is synced; after ``kill -9`` both alerts still arrive."""
    targets: dict[str, Any] = {}
    for number, webhook in enumerate(webhooks):
        (tmp_path / f"url-{number}").write_text(webhook.url)
        targets[f"t{number}"] = {"url": f"file:{tmp_path / f'url-{number}'}", "group_seconds": 0}
    site = start(settings={"alerts": {"targets": targets, "timeout": 120}})
    assert site.ended(site.push({"one.yaml": BAD})).state == "failure"
    until(lambda: any(webhook.asked.is_set() for webhook in webhooks), "no service was asked")
    assert site.ended(site.push({"one.yaml": config("one")})).state == "success"
    assert [webhook.messages for webhook in webhooks] == [[]] * TARGETS
    site.stack.kill("worker-1")
    for webhook in webhooks:
        webhook.hangs = False
        webhook.let_go.set()
    site.stack.start("worker-1")
    until(lambda: all(webhook.messages for webhook in webhooks), "an alert was lost")
    for webhook in webhooks:
        told = "; ".join(message["title"] for message in webhook.messages)
        assert "sync failed: myapp" in told
        until(lambda: "sync recovered" in "".join(one["title"] for one in webhook.messages), "no recovery")  # noqa: B023
    logs = site.stack.log("worker-1")
    assert not [secret for secret in ("pass-word-1", "secret-path-2") if secret in logs]
