"""Failed deliveries are found in GitHub's list and asked for again, once each, and never beyond what failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.forge import Forge
from workers.errors import AccessDenied
from workers.forges import Account, redelivery
from workers.forges.redelivery import Attempt

REPOSITORY = "your-org/your-repo"
NOW = 1_000_000.0


def attempt(number: int, guid: str, code: int, age: float = 600.0) -> Attempt:
    """One try."""
    return Attempt(number, guid, NOW - age, code)


@pytest.mark.parametrize(
    ("found", "again"),
    [
        ([], []),
        ([attempt(1, "a", 202)], []),
        ([attempt(1, "a", 503)], [1]),
        ([attempt(1, "a", 0)], [1]),
        ([attempt(1, "a", 503, 700), attempt(2, "a", 503)], [2]),
        ([attempt(1, "a", 503, 700), attempt(2, "a", 200)], []),
        ([attempt(1, "a", 503, 10)], []),
        ([attempt(1, "a", 503, redelivery.LOOK_BACK + 1)], []),
        ([attempt(1, "b", 500, 300), attempt(2, "a", 500, 900)], [2, 1]),
        ([attempt(n, str(n), 500) for n in range(60)], list(range(50))),
    ],
)
def test_what_nobody_answered_is_asked_for_once(found: list[Attempt], again: list[int]) -> None:
    """The newest attempt of each GUID without a 2xx, not the fresh ones and not the old ones, oldest first."""
    assert redelivery.unanswered(found, NOW) == again


@pytest.mark.parametrize("listed", [None, {}, [None], [{}], [{"id": 1, "guid": "a", "delivered_at": "x"}], "x", [[]]])
def test_a_list_in_another_shape_is_an_empty_one(listed: Any) -> None:
    """Nothing is asked for on a guess."""
    assert redelivery.attempts(listed) == []


class Hook(BaseHTTPRequestHandler):
    """A receiver that is broken at first."""

    codes: list[int]
    seen: list[str]

    def do_POST(self) -> None:
        """Note the GUID and answer the next code."""
        self.rfile.read(int(self.headers["content-length"]))
        type(self).seen.append(self.headers["x-github-delivery"])
        self.send_response(self.codes.pop(0) if self.codes else 202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The receiver's address."""
    Hook.codes, Hook.seen = [202, 503, 503], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks/main"
    server.shutdown()
    server.server_close()


def test_github_is_asked_to_send_what_failed(tmp_path: Path, receiver: str) -> None:
    """By its published calls: the hook is found by its URL, and only what failed comes again, with its GUID."""
    with Forge(tmp_path / "forge", webhooks=[receiver]) as forge, httpx2.Client() as client:
        forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, tmp_path / "work")
        for number in range(3):
            work.commit({"a": str(number)}, "change")
            work.push()
        forge.settle()
        account = Account("github", forge.api, lambda: forge.token)
        late = forge.deliveries[-1].attempts[-1].at + 120
        assert redelivery.recover(account, client, REPOSITORY, "http://elsewhere/hooks/main", late) == 0
        assert redelivery.recover(account, client, REPOSITORY, receiver, late) == 2
        forge.settle()
        assert Hook.seen[3:] == Hook.seen[1:3]
        assert redelivery.recover(account, client, REPOSITORY, receiver, late + 60) == 0


def test_a_token_without_the_right_is_told_so(tmp_path: Path) -> None:
    """In a sentence that says which right."""
    with Forge(tmp_path / "forge") as forge, httpx2.Client() as client:
        forge.create(REPOSITORY)
        with pytest.raises(AccessDenied, match="read and write webhooks"):
            redelivery.recover(Account("github", forge.api, lambda: "wrong"), client, REPOSITORY, "http://x/", NOW)
