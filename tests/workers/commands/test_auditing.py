"""``hookline audit``: the trail exported and verified, with an exit status for scripts."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import redis
import yaml

from tests.workers.commands.test_commands import config, printed, run
from workers import chain
from workers import configuration as configurations
from workers.records import Records, connect
from workers.records.keys import key

__all__ = ["config"]


@pytest.fixture
def trail(config: Path) -> Records:
    """Records with five entries."""
    records = connect(configurations.load(config))
    for number in range(5):
        records.audit.add("sync", app=f"app-{number}", who="ada", reason="because", address="192.0.2.1")
    return records


def test_an_export_verifies(config: Path, trail: Records, tmp_path: Path) -> None:
    """In a file only its owner may read, or printed."""
    path = tmp_path / "trail.jsonl"
    assert run(config, "audit", "--export", str(path)).exit_code == 0
    assert path.read_bytes() == run(config, "audit", "--export", "-").stdout_bytes
    assert path.stat().st_mode & 0o077 == 0
    assert printed(config, "audit", "--verify", str(path))["lines"] == 5
    assert "the trail is whole: 5 lines" in run(config, "audit", "--verify").stdout


@pytest.mark.parametrize(
    ("place", "text", "says"),
    [
        (3, b"app-x", "line 3 was changed"),
        (5, b"app-x", "line 5 was changed"),
        (2, b"", "line 2 is expected"),
        (6, b"", "the head is missing"),
        (0, b"", "expected the anchor"),
    ],
)
def test_what_was_changed_or_removed_is_named_and_fails(
    config: Path, trail: Records, tmp_path: Path, place: int, text: bytes, says: str
) -> None:
    """Exit status 1, also with --json. A removed head with the last line is found by asking Redis."""
    rows = trail.audit.read().export()
    rows[place : place + 1] = [rows[place].replace(f"app-{place - 1}".encode(), text)] if text else []
    if not text and place == 6:
        del rows[-1]
    path = tmp_path / "trail.jsonl"
    path.write_bytes(b"".join(row + b"\n" for row in rows))
    done = run(config, "audit", "--verify", str(path))
    assert (done.exit_code, says in done.output) == (1, True), done.output
    told = run(config, "audit", "--verify", str(path), "--json")
    assert (told.exit_code, orjson.loads(told.stdout)["ok"]) == (1, False)


def test_a_missing_line_end_and_a_line_end_of_another_kind_are_changes(
    config: Path, trail: Records, tmp_path: Path
) -> None:
    """Byte for byte, as it was exported."""
    good = b"".join(row + b"\n" for row in trail.audit.read().export())
    path = tmp_path / "trail.jsonl"
    for bad in (good[:-1], good.replace(b"\n", b"\r\n"), good + b"\n", b"\n" + good, good.replace(b"\n", b"", 1)):
        path.write_bytes(bad)
        assert run(config, "audit", "--verify", str(path)).exit_code == 1


def test_the_trail_in_redis_is_verified_too(config: Path, trail: Records, redis_client: redis.Redis) -> None:
    """Somebody was there."""
    redis_client.lrem(key("trail"), 1, str(redis_client.lindex(key("trail"), 1)))
    done = run(config, "audit", "--verify")
    assert (done.exit_code, "line 2 is expected" in done.output) == (1, True)


def test_the_file_of_the_configuration_is_verified_by_its_end_in_redis(config: Path, tmp_path: Path) -> None:
    """Whole while it ends where the trail does; relative to the configuration's folder."""
    value = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(value | {"audit": {"file": "log/trail.jsonl"}}))
    assert run(config, "sync", "myapp", "--reason", "one").exit_code == 0
    assert run(config, "sync", "myapp", "--reason", "two").exit_code == 0
    path = config.parent / "log" / "trail.jsonl"
    assert run(config, "audit", "--verify", str(path)).exit_code == 0
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rows[:-1]))
    assert "lines 2 to 2" in run(config, "audit", "--verify", str(path)).output
    assert chain.check([row.rstrip(b"\n") for row in rows]).wrong == ""


def test_only_one_thing_is_asked_for(config: Path) -> None:
    """And what cannot be read or written is a sentence."""
    assert run(config, "audit", "trail.jsonl").exit_code == 1
    assert run(config, "audit", "--verify", "--export", "x").exit_code == 1
    assert "cannot be read" in run(config, "audit", "--verify", "/nothing/here").output
    assert "cannot be written" in run(config, "audit", "--export", "/nothing/here").output


def test_entries_of_one_app_are_found(config: Path, trail: Records) -> None:
    """For people, each with its reason below."""
    assert [entry["app"] for entry in printed(config, "audit", "--app", "app-3")] == ["app-3"]
    text = run(config, "audit", "--app", "app-3").stdout
    assert "sync  app-3  ada  192.0.2.1" in text
    assert "reason: because" in text
