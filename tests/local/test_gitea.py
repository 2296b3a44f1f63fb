"""What Gitea's database says of deliveries; `tests/e2e/test_gitea.py` reads a real one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from deploy.local.forge import Attempt
from deploy.local.gitea import deliveries

COLUMNS = "uuid TEXT, event_type TEXT, payload_content TEXT, request_content TEXT, response_content TEXT, delivered INT"


def test_a_delivery_has_an_attempt_once_it_has_ended(tmp_path: Path) -> None:
    """Answered, failed, and begun without an end yet; oldest first."""
    database = tmp_path / "gitea.db"
    request = '{"url": "http://127.0.0.1/hooks/main"}'
    rows = [
        ("a", "push", "{}", request, '{"status": 202, "headers": {}, "body": "x"}', 1_500_000_000),
        ("b", "push", "{}", request, '{"status": 0, "headers": {}, "body": "Delivery: refused"}', 2_000_000_000),
        ("c", "push", "{}", None, None, 3_000_000_000),
    ]
    with sqlite3.connect(database) as connection:
        connection.execute(f"CREATE TABLE hook_task (id INTEGER PRIMARY KEY, {COLUMNS})")
        connection.executemany("INSERT INTO hook_task VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    found = deliveries.read(database)
    assert [(one.guid, one.url, one.attempts) for one in found] == [
        ("a", "http://127.0.0.1/hooks/main", (Attempt(1.5, 202, 0.0),)),
        ("b", "http://127.0.0.1/hooks/main", (Attempt(2.0, 0, 0.0, "Delivery: refused"),)),
        ("c", "", ()),
    ]
