"""The embedded Redis: what it answered for is on the disk."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis

from workers import embedded


def test_what_was_answered_outlives_the_server_and_the_machine(tmp_path: Path) -> None:
    """The setting tells of the machine, and of a busy disk; a killed server shows that its file is read again."""
    try:
        with redis.Redis(unix_socket_path=str(embedded.ensure(tmp_path)), decode_responses=True) as client:
            assert client.config_get("append*") | {"appendfilename": ""} == {
                "appendonly": "yes", "appendfsync": "always", "appendfilename": "",
            }  # fmt: skip
            client.set("accepted", "one")
        os.kill(int((tmp_path / "redis" / "redis.pid").read_text()), signal.SIGKILL)
        with redis.Redis(unix_socket_path=str(embedded.ensure(tmp_path)), decode_responses=True) as client:
            assert client.get("accepted") == "one"
    finally:
        embedded.stop(tmp_path)
