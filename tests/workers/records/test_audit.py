"""The audit trail in a real Redis: one chain whoever writes, bounded, and beside it a file."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from tests.fixtures import Clock
from workers import chain, issuers
from workers.claims import BadToken, Claims
from workers.errors import RecordsUnavailable
from workers.records import Records
from workers.records.keys import key


def test_an_entry_says_who_did_what_and_which_line_it_is(records: Records) -> None:
    """Empty fields are left out."""
    assert [records.audit.add("sync", app="myapp", who="ada", reason=""), records.audit.add("hold", app="b")] == [1, 2]
    newest, oldest = records.audit.entries()
    assert (newest["action"], newest["line"]) == ("hold", 2)
    assert {"line", "before", "at", "action", "app", "who"} == set(oldest)
    assert records.audit.entry(1) == oldest
    assert records.audit.entry(3) is None
    assert records.audit.entries(50, below=2) == [oldest]
    assert records.audit.read().check() == ""


def test_concurrent_writers_keep_one_chain(records: Records, redis_client: redis.Redis, clock: Clock) -> None:
    """Eight processes' worth of writers, none of whose lines is lost or forked."""
    writers = [Records(redis_client, clock) for _ in range(8)]
    start = threading.Barrier(8)

    def write(number: int) -> list[int]:
        start.wait()
        return [writers[number].audit.add("sync", app=f"{number}-{count}") for count in range(25)]

    with ThreadPoolExecutor(8) as pool:
        lines = [line for found in pool.map(write, range(8)) for line in found]
    trail = records.audit.read()
    assert sorted(lines) == list(range(1, 201))
    assert (trail.check(), len(trail.lines)) == ("", 200)
    assert len({entry["app"] for entry in records.audit.entries(300)}) == 200


def test_a_trimmed_trail_begins_with_its_anchor(redis_client: redis.Redis, clock: Clock) -> None:
    """What is let go is counted, so that a line taken away at the front is not mistaken for one."""
    records = Records(redis_client, clock, issuers.Audit(most=1000))
    for number in range(1010):
        records.audit.add("sync", app=str(number))
    trail = records.audit.read()
    assert (trail.first.line, len(trail.lines), trail.head.line, trail.check()) == (10, 1000, 1010, "")
    assert records.audit.read(1005).lines == trail.lines[-5:]
    assert chain.check(records.audit.read(1005).export()).wrong == ""
    redis_client.lpop(key("trail"))
    assert "line 11 is expected" in records.audit.read().check()


@pytest.mark.parametrize("how", ["change", "last", "remove", "insert", "exchange", "forget", "pop"])
def test_what_is_done_to_the_trail_in_redis_is_found(records: Records, redis_client: redis.Redis, how: str) -> None:
    """By somebody who may write there and cannot keep the hashes right."""
    for number in range(5):
        records.audit.add("sync", app=str(number))
    name = key("trail")
    second, third = map(str, redis_client.lrange(name, 1, 2))
    match how:
        case "change":
            redis_client.lset(name, 1, second.replace('"1"', '"x"'))
        case "last":
            redis_client.lset(name, 4, str(redis_client.lindex(name, 4)).replace('"4"', '"x"'))
        case "remove":
            redis_client.lrem(name, 1, second)
        case "insert":
            redis_client.linsert(name, "before", second, third)
        case "exchange":
            redis_client.lset(name, 1, third)
            redis_client.lset(name, 2, second)
        case "forget":
            redis_client.delete(name)
        case "pop":
            redis_client.rpop(name)
    assert records.audit.read().check()


def claims(token: str, expires: float) -> Claims:
    """A token that was verified."""
    return Claims("ada", token, (), "hookline", expires)


def test_a_token_is_used_once_among_a_hundred_at_once(
    records: Records, redis_client: redis.Redis, clock: Clock
) -> None:
    """Over two replicas; whoever comes second leaves no entry."""
    replicas = [records, Records(redis_client, clock)]
    token = claims("t-1", clock() + 600)

    def use(number: int) -> bool:
        try:
            replicas[number % 2].audit.add("sync", once=token, app="myapp")
        except BadToken:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(use, range(100))) == 1
    assert len(records.audit.entries(200)) == 1
    records.audit.add("sync", once=claims("t-2", clock() + 600), app="myapp")
    assert Records(redis_client, clock).audit.read().check() == ""


def test_a_used_token_is_remembered_for_as_long_as_it_lives(
    records: Records, redis_client: redis.Redis, clock: Clock
) -> None:
    """And the clocks' difference; by then it has expired."""
    token = claims("t-1", clock() + 600)
    records.audit.add("sync", once=token)
    assert 660_000 <= redis_client.pttl(key("used", token.digest)) <= 662_000
    records.audit.unused(token)
    assert records.audit.add("sync", once=token) == 2


def test_what_cannot_be_recorded_is_an_error(records: Records) -> None:
    """Whoever asks must not do it."""
    records.audit._redis.connection_pool.disconnect()
    broken = Records(redis.Redis(port=1, decode_responses=True), records.clock)
    with pytest.raises(RecordsUnavailable):
        broken.audit.add("sync")


def test_entries_of_before_the_chain_stay_readable(records: Records, redis_client: redis.Redis) -> None:
    """After those of the chain, and not exported."""
    redis_client.xadd(key("audit"), {"at": "1.000", "action": "sync", "app": "old"})
    records.audit.add("sync", app="new")
    assert [entry["app"] for entry in records.audit.entries()] == ["new", "old"]
    assert len(records.audit.read().lines) == 1


def test_the_file_has_every_line_once_in_order(redis_client: redis.Redis, clock: Clock, tmp_path: Path) -> None:
    """Several writers share it; half a line of one that died is replaced; lines missed come later."""
    path = tmp_path / "audit" / "trail.jsonl"
    writers = [Records(redis_client, clock, issuers.Audit(file=path)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: writers[number % 4].audit.add("sync", app=str(number)), range(40)))
    Records(redis_client, clock).audit.add("sync", app="elsewhere")
    with path.open("ab") as file:
        file.write(b'{"action":"sy')
    writers[0].audit.add("sync", app="last")
    rows = path.read_bytes().splitlines()
    found = chain.check(rows)
    assert (found.wrong, found.head.line, len(rows)) == ("", 42, 43)
    assert chain.ends_at(found, writers[0].audit.read().head).wrong == ""
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_stops_nobody(redis_client: redis.Redis, clock: Clock, tmp_path: Path) -> None:
    """The entry is in Redis; the log says what is wrong with the file."""
    (tmp_path / "file").write_text("")
    records = Records(redis_client, clock, issuers.Audit(file=tmp_path / "file" / "trail.jsonl"))
    assert records.audit.add("sync") == 1
