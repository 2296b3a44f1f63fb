"""How one kind is followed, and every way in which that breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from tests.workers.kube.conftest import Reply, Scripted, status
from tests.workers.watching.making import APPLYSET, CONFIG_MAPS, ONE, TWO, event, owned, page
from workers.kube import Client
from workers.kube.calls import METADATA, METADATA_LIST
from workers.model import Ref
from workers.records import Records
from workers.watching import stream as streams
from workers.watching.board import Board
from workers.watching.owners import Owners
from workers.watching.stream import MOST_PAUSE, Stream, pause

GONE = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'


@pytest.fixture
def board(records: Records) -> Board:
    """A board on which app ``a`` owns two objects."""
    records.drift.save("a", APPLYSET, "test", [owned(), owned(TWO)])
    made = Board(Owners(records.drift, "test"))
    made.refresh()
    return made


@contextmanager
def following(client: Client, board: Board) -> Iterator[Stream]:
    """Follow ConfigMaps."""
    stream = Stream(lambda: client, board, CONFIG_MAPS, "test")
    stream.start()
    try:
        yield stream
    finally:
        stream.close()
        stream.join(60)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread."""
    for _ in range(3000):
        if is_so():
            return
        threading.Event().wait(0.02)
    raise TimeoutError


def test_only_metadata_is_asked_for(server: Scripted, scripted_client: Client, board: Board) -> None:
    """Page after page, then a watch from where the list ended, for labelled objects only."""
    hold = threading.Event()
    server.replies = [Reply(200, page(ONE, more="next")), Reply(200, page(TWO)), Reply(200, b"", hold=hold)]
    with following(scripted_client, board):
        until(lambda: len(server.asked) == 3)
        hold.set()
    first, second, watch = server.asked[:3]
    assert {one.query["labelSelector"] for one in server.asked} == {"applyset.kubernetes.io/part-of"}
    assert (first.query["limit"], second.query["continue"]) == ("500", "next")
    assert [one.headers["accept"] for one in (first, second)] == [METADATA_LIST["Accept"]] * 2
    assert watch.headers["accept"] == METADATA["Accept"]
    assert (watch.query["resourceVersion"], watch.query["allowWatchBookmarks"]) == ("5", "true")
    assert board.take().suspects == {}


def test_after_a_break_it_goes_on_where_it_was(server: Scripted, scripted_client: Client, board: Board) -> None:
    """From the last event, or the bookmark after it; a stream cut in the middle of a line loses nothing."""
    cut = event("MODIFIED", ONE, version=8, owns="lost")[:40]
    hold = threading.Event()
    server.replies = [
        Reply(200, page(ONE, TWO)),
        Reply(200, event("MODIFIED", ONE, version=6) + event("BOOKMARK", ONE, version=7) + cut),
        Reply(200, event("MODIFIED", ONE, version=8, owns="other"), hold=hold),
    ]
    with following(scripted_client, board):
        until(lambda: bool(board.take().suspects))
        hold.set()
    assert [one.query.get("resourceVersion") for one in server.asked[:3]] == [None, "5", "7"]


@pytest.mark.parametrize("expired", [Reply(200, GONE), status(410, "too old", reason="Expired")])
def test_when_it_is_too_old_it_lists_again_and_finds_what_was_deleted_meanwhile(
    server: Scripted, scripted_client: Client, board: Board, expired: Reply
) -> None:
    hold = threading.Event()
    server.replies = [Reply(200, page(ONE, TWO)), expired, Reply(200, page(TWO, at="9")), Reply(200, b"", hold=hold)]
    with following(scripted_client, board):
        until(lambda: len(server.asked) == 4)
        hold.set()
    assert board.take().suspects == {"a": {ONE}}
    assert server.asked[3].query["resourceVersion"] == "9"


def test_pages_that_grow_too_old_are_begun_anew(server: Scripted, scripted_client: Client, board: Board) -> None:
    """What an unfinished list showed counts for nothing."""
    hold = threading.Event()
    server.replies = [
        Reply(200, page(more="next")),
        status(410, "The provided continue parameter is too old", reason="Expired"),
        Reply(200, page(ONE, TWO)),
        Reply(200, b"", hold=hold),
    ]
    with following(scripted_client, board):
        until(lambda: len(server.asked) == 4)
        hold.set()
    assert board.take().suspects == {}


def test_a_cluster_that_went_back_in_time_is_listed_again(
    server: Scripted, scripted_client: Client, board: Board
) -> None:
    hold = threading.Event()
    server.replies = [
        Reply(200, page(ONE, TWO, at="90")),
        Reply(200, event("MODIFIED", ONE, version=12)),
        Reply(200, page(ONE, TWO, at="12")),
        Reply(200, b"", hold=hold),
    ]
    with following(scripted_client, board):
        until(lambda: len(server.asked) == 4)
        hold.set()
    assert server.asked[3].query["resourceVersion"] == "12"


def test_a_silent_stream_is_hung_up_on_and_listed_again(
    server: Scripted, scripted_client: Client, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server sends a bookmark every minute: who is silent is dead, or waits for a version that never comes."""
    monkeypatch.setattr("workers.kube.client.SILENCE_SECONDS", 0.2)
    hold, last = threading.Event(), threading.Event()
    server.replies = [
        Reply(200, page(ONE, TWO)),
        Reply(200, event("MODIFIED", ONE, version=6), hold=hold),
        Reply(200, page(TWO)),
        Reply(200, b"", hold=last),
    ]
    with following(scripted_client, board):
        until(lambda: bool(board.take().suspects))
        hold.set()
        last.set()


def test_a_kind_that_is_not_served_is_gone_and_comes_back(
    server: Scripted, scripted_client: Client, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its definition was deleted: so are its objects. When it is there again, it is followed without a restart."""
    monkeypatch.setattr(streams, "MOST_PAUSE", 0.2)
    known = server.discovered["/api"]
    server.discovered["/api"] = server.discovered["/apis"]
    with following(scripted_client, board):
        until(board.arrived.is_set)
        assert board.take().suspects == {"a": {ONE, TWO}}
        hold = threading.Event()
        server.replies = [Reply(200, page(ONE, TWO)), Reply(200, b"", hold=hold)]
        server.discovered["/api"] = known
        until(lambda: len(server.asked) == 2)
        hold.set()


def test_a_refusal_is_tried_again_later(server: Scripted, scripted_client: Client, board: Board) -> None:
    hold = threading.Event()
    server.replies = [
        status(403, "no", reason="Forbidden", details={"kind": "configmaps"}),
        Reply(200, b"<html>"),
        Reply(200, page(ONE)),
        Reply(200, b'{"type":"MODIFIED","object":{}}\n'),
        Reply(200, page(TWO)),
        Reply(200, b"", hold=hold),
    ]
    with following(scripted_client, board):
        until(lambda: len(server.asked) >= 6)
        hold.set()
    assert board.take().suspects == {"a": {ONE, TWO}}


def test_pauses_grow_to_a_limit_and_are_not_all_alike() -> None:
    assert [pause(count, 0) for count in (1, 2, 3)] == [0.1, 0.2, 0.4]
    assert pause(10_000, 0) == MOST_PAUSE
    assert pause(1, 1) == 0.05


def test_streams_that_end_at_once_are_not_asked_for_without_a_pause(
    server: Scripted, scripted_client: Client, board: Board
) -> None:
    """A proxy that answers every watch with nothing is not to be hammered."""
    server.replies = [Reply(200, page(ONE, TWO))]
    with following(scripted_client, board):
        until(lambda: len(server.asked) >= 3)
        threading.Event().wait(0.5)
    assert len(server.asked) < 10


def test_a_burst_of_twenty_thousand_events_leaves_just_what_differs(
    server: Scripted, scripted_client: Client, records: Records
) -> None:
    """Compared with what the events come to, one after another."""
    refs = [Ref("", "ConfigMap", "default", f"c{number}") for number in range(500)]
    records.drift.save("a", APPLYSET, "test", [owned(ref) for ref in refs])
    board = Board(Owners(records.drift, "test"))
    board.refresh()
    chance, state, lines = Random(7), dict.fromkeys(refs, "key"), []  # noqa: S311 -- the same every time
    for version in range(10, 20_010):
        ref, owns = chance.choice(refs), chance.choice(["key", "key", "other", ""])
        if owns:
            lines.append(event("MODIFIED", ref, owns=owns, version=version))
            state[ref] = owns
        else:
            lines.append(event("DELETED", ref, version=version))
            state.pop(ref, None)
    hold = threading.Event()
    server.replies = [Reply(200, page(*refs)), Reply(200, b"".join(lines), hold=hold)]
    last, found = 20_009, set[Ref]()
    with following(scripted_client, board) as stream:
        while stream.at != str(last):
            until(lambda: board.arrived.is_set() or stream.at == str(last))
            found |= board.take().suspects.get("a", set())
        hold.set()
    found |= board.take().suspects.get("a", set())
    assert set(board.doubted("a", found)) == {ref for ref in refs if state.get(ref) != "key"}
