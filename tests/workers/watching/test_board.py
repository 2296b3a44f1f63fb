"""What an event, a list and a record make of an object."""

from __future__ import annotations

import redis

from tests.workers.watching.making import APPLYSET, CONFIG_MAPS, ONE, TWO, metadata, owned
from workers.model import Owned, Ref
from workers.records import Records
from workers.records.keys import key
from workers.watching.board import Board, look_of
from workers.watching.owners import Owners

SAME = look_of(metadata())


def opened(records: Records, *found: Owned, seen: tuple[Ref, ...] = (ONE,)) -> Board:
    """Return a board that knows ``found`` of app ``a`` and has listed ``seen``, all as accepted."""
    records.drift.save("a", APPLYSET, "test", found)
    board = Board(Owners(records.drift, "test"))
    board.refresh()
    board.listed(CONFIG_MAPS, dict.fromkeys(seen, SAME))
    board.take()
    return board


def test_an_object_as_accepted_is_no_suspect_but_touches_its_app(records: Records) -> None:
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(version=2))
    assert board.take() == ({}, {"a"}, set())


def test_a_thousand_events_of_one_object_are_one_suspicion(records: Records) -> None:
    board = opened(records, owned())
    for version in range(1000):
        board.saw(CONFIG_MAPS, metadata(owns="other", version=version))
    assert board.arrived.is_set()
    taken = board.take()
    assert taken.suspects == {"a": {ONE}}
    assert list(board.doubted("a", taken.suspects["a"])) == [ONE]
    assert not board.arrived.is_set()


def test_one_that_is_gone_is_a_suspect(records: Records) -> None:
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(), gone=True)
    assert board.take().suspects == {"a": {ONE}}
    assert board.look(ONE) is None


def test_one_that_is_being_deleted_is_a_suspect(records: Records) -> None:
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert board.take().suspects == {"a": {ONE}}


def test_what_a_list_does_not_show_is_a_suspect(records: Records) -> None:
    """It was deleted while nobody watched; and syncs that wait may have missed something."""
    board = opened(records, owned(), owned(TWO), seen=(ONE, TWO))
    board.listed(CONFIG_MAPS, {TWO: SAME})
    assert board.take() == ({"a": {ONE}}, {"a"}, set())


def test_nothing_is_suspected_of_a_kind_that_was_not_listed_yet(records: Records) -> None:
    records.drift.save("a", APPLYSET, "test", [owned()])
    board = Board(Owners(records.drift, "test"))
    board.refresh()
    assert board.take().suspects == {}


def test_what_nobody_owns_is_no_suspect_and_what_has_no_digest_neither(records: Records) -> None:
    """A hook's Job has none: it is watched for its health."""
    board = opened(records, owned(accepted=""))
    board.saw(CONFIG_MAPS, metadata(owns="other"))
    board.saw(CONFIG_MAPS, metadata(TWO, labels={}))
    assert board.take() == ({}, {"a"}, set())


def test_an_event_that_came_before_the_record_is_judged_by_the_record(records: Records) -> None:
    """A sync writes first and records then."""
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(owns="other"))
    records.drift.save("a", APPLYSET, "test", [owned(owns="other")])
    board.refresh()
    assert board.doubted("a", board.take().suspects["a"]) == {}


def test_what_was_seen_and_is_otherwise_by_the_record_is_suspected_then(records: Records) -> None:
    """The record says what a sync wrote, the last event what somebody made of it right after; also of a new object."""
    board = opened(records, owned())
    records.drift.save("a", APPLYSET, "test", [owned(owns="other"), owned(TWO)])
    board.refresh()
    assert board.arrived.is_set()
    assert board.take().suspects == {"a": {ONE, TWO}}


def test_a_difference_that_was_found_harmless_is_not_asked_about_again(records: Records) -> None:
    """Somebody changed a field that the app ignores. The next change is another one."""
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(owns="other"))
    board.judged(ONE, board.look(ONE), drifted=False)
    board.take()
    board.saw(CONFIG_MAPS, metadata(owns="other", version=2))
    assert board.take().suspects == {}
    board.saw(CONFIG_MAPS, metadata(owns="third"))
    assert board.take().suspects == {"a": {ONE}}


def test_one_that_drifted_is_looked_at_when_it_is_back(records: Records) -> None:
    """What was noted of it is to be taken back; once."""
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(owns="other"))
    board.judged(ONE, board.look(ONE), drifted=True)
    board.take()
    board.saw(CONFIG_MAPS, metadata())
    assert board.take().suspects == {"a": {ONE}}
    board.judged(ONE, SAME, drifted=False)
    board.saw(CONFIG_MAPS, metadata(version=3))
    assert board.take().suspects == {}


def test_an_object_of_an_app_not_known_yet_names_its_applyset(records: Records) -> None:
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(TWO, labels={"applyset.kubernetes.io/part-of": "applyset-b"}))
    assert board.take() == ({}, set(), {"applyset-b"})
    records.drift.save("b", "applyset-b", "test", [owned(TWO)])
    board.refresh()
    assert board.owners.app_of("applyset-b") == "b"


def test_an_old_record_without_the_digest_takes_what_is_seen_first(records: Records, redis_client: redis.Redis) -> None:
    """Later changes are seen; what had drifted before, the sweep compares as a whole."""
    redis_client.hset(key("digests", "a"), "|ConfigMap|default|one", "v1 rendered accepted")
    redis_client.hset(key("applysets"), f"test|{APPLYSET}", "a")
    board = Board(Owners(records.drift, "test"))
    board.refresh()
    assert records.drift.owned("a") == {ONE: Owned(ONE, "v1", "rendered", "accepted")}
    board.listed(CONFIG_MAPS, {ONE: SAME})
    assert board.take() == ({}, {"a"}, set())
    board.saw(CONFIG_MAPS, metadata(owns="other"))
    assert board.take().suspects == {"a": {ONE}}


def test_what_is_put_back_is_taken_again(records: Records) -> None:
    board = opened(records, owned())
    board.saw(CONFIG_MAPS, metadata(), gone=True)
    taken = board.take()
    board.saw(CONFIG_MAPS, metadata(TWO, labels={"applyset.kubernetes.io/part-of": "b"}))
    board.put_back(taken)
    assert board.take() == ({"a": {ONE}}, {"a"}, {"b"})
