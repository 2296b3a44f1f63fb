"""Mirrors under many hands, under `kill -9`, and with broken insides: one fetch serves all, nothing stays broken."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog

from deploy.local.forge import Checkout, Forge, site
from deploy.local.forge.repository import git
from deploy.local.forge.web import Request as Call
from deploy.local.forge.web import Response, Server
from workers.apps import App
from workers.errors import MirrorDamaged
from workers.git import damage
from workers.git.mirror import Mirror
from workers.git.place import Place, held
from workers.git.trees import content
from workers.model import Request, Why
from workers.stages import fetch

REPOSITORY = "your-org/your-repo"
PROCESSES, THREADS, REQUESTS = 4, 5, 50
spawned = multiprocessing.get_context("spawn")


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        yield forge


@pytest.fixture
def work(forge: Forge, tmp_path: Path) -> Checkout:
    work = forge.checkout(REPOSITORY, tmp_path / "work")
    work.commit({f"app-{at}/{name}.yaml": f"{name}: {at}\n" for at in range(40) for name in "abc"}, "first")
    work.push()
    return work


def app(url: str, revision: str = "main") -> App:
    return App("myapp", url, "app-1", revision, "myapp.yaml")


def _ask(folder: Path, url: str, revision: str, at: float, branch: str) -> None:
    """What many workers of one process do: each request is a look of its own, with what its process knows."""

    def looks(mirror: Mirror) -> None:
        for _ in range(REQUESTS):
            _, tree = fetch.tree(mirror, app(url, branch), Request("myapp", 1, Why.PUSH, "ada", at, "", revision))
            assert tree.revision == revision or branch == "HEAD"

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(looks, [Mirror(folder, url, url) for _ in range(THREADS)]))


@pytest.mark.parametrize(("branch", "revisions"), [("main", 2), ("HEAD", 1)])
def test_a_thousand_requests_of_several_processes_are_one_fetch_for_each_revision(
    forge: Forge, work: Checkout, tmp_path: Path, branch: str, revisions: int
) -> None:
    url, before = forge.clone_url(REPOSITORY), len(forge.fetches)
    for number in range(revisions):
        revision = work.commit({"app-1/a.yaml": f"a: {number + 100}\n"}, "change")
        work.push()
        asking = (tmp_path / "mirrors", url, revision, time.time(), branch)
        workers = [spawned.Process(target=_ask, args=asking) for _ in range(PROCESSES)]
        for one in workers:
            one.start()
        for one in workers:
            one.join(120)
        assert [one.exitcode for one in workers] == [0] * PROCESSES
        assert len(forge.fetches) - before == number + 1


def test_a_commit_that_is_gone_is_not_looked_for_by_every_app(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    url, now = forge.clone_url(REPOSITORY), [time.time()]
    mirror = Mirror(tmp_path / "mirrors", url, url, clock=lambda: now[0])
    gone, before = "f" * 40, len(forge.fetches)
    request = Request("myapp", 1, Why.PUSH, "ada", now[0] - 1, "", gone)
    for _ in range(50):
        fetch.tree(mirror, app(url), request)
    assert len(forge.fetches) - before == 1
    work.commit({"app-1/a.yaml": "a: 100\n"}, "change")
    work.push()
    now[0] += 60
    fetch.tree(mirror, app(url), request)
    assert len(forge.fetches) - before == 2


@pytest.mark.parametrize("skew", [-60.0, 60.0])
def test_a_push_is_seen_whatever_the_clocks_of_edge_and_worker_say(
    forge: Forge, work: Checkout, tmp_path: Path, skew: float
) -> None:
    """Two pushes within seconds, the second a fast-forward to a commit that came here with another branch."""
    url, before = forge.clone_url(REPOSITORY), len(forge.fetches)
    mirror, first = Mirror(tmp_path / "mirrors", url, url), work.head

    def seen(revision: str, delivery: str) -> str:
        request = Request("myapp", 1, Why.PUSH, "ada", time.time() + skew, "", revision, delivery)
        return fetch.tree(mirror, app(url), request)[1].revision

    assert seen(first, "one") == first
    work.run("switch", "-q", "-c", "feature")
    second = work.commit({"app-1/a.yaml": "a: 2\n"}, "second")
    work.run("push", "-q", "origin", "feature")
    assert seen(second, "two") == first
    work.run("push", "-q", "origin", "feature:main")
    assert seen(second, "three") == second
    assert seen(first, "again") == second
    assert len(forge.fetches) - before == 2  # the third brought a ref and no object


def _die() -> None:
    os.killpg(0, signal.SIGKILL)


def _fetch(folder: Path, url: str, clone: str, position: str) -> None:
    """Fetch in a process group of its own, and die with all of it where ``position`` says."""
    os.setpgid(0, 0)
    if position == "before git":
        damage.tidy = lambda _: _die()  # type: ignore[assignment,return-value]
    if position == "after git":
        Place.fetched = lambda *_: _die()  # type: ignore[method-assign]
    Mirror(folder, url, clone).fetch()


class Deadly:
    """Passes calls on to a forge, and kills a process group at one point of the first fetch it sees."""

    def __init__(self, forge: Forge, position: str) -> None:
        self._forge, self._position = forge, position
        self.victim = 0
        self.server = Server(self._answer)
        handler: Any = self.server._server.RequestHandlerClass
        self._send = handler._send
        handler._send = lambda *given: self._sent(*given)  # noqa: PLW0108 - made a method by it

    def _kill(self) -> None:
        if self.victim:
            os.killpg(self.victim, signal.SIGKILL)
            self.victim = 0

    def _answer(self, call: Call) -> Response:
        if self._position == "listing" and call.path.endswith("info/refs"):
            self._kill()
        if self._position == "asking" and b"command=fetch" in call.body[:64]:
            self._kill()
        return site.answer(self._forge.state, call)

    def _sent(self, handler: Any, answer: Response) -> None:
        if self._position != "half a pack" or b"PACK" not in answer.body or not self.victim:
            self._send(handler, answer)
            return
        half = len(answer.body) // 2
        handler.send_response(answer.code)
        for key, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(answer.body[:half])
        handler.wfile.flush()
        self._kill()


@pytest.mark.parametrize("filled", [True, False], ids=["fetch", "clone"])
@pytest.mark.parametrize("position", ["before git", "listing", "asking", "half a pack", "after git"])
def test_a_fetch_killed_anywhere_leaves_no_lock_and_nothing_broken(
    forge: Forge, work: Checkout, tmp_path: Path, position: str, filled: bool
) -> None:
    folder, url, deadly = tmp_path / "mirrors", forge.clone_url(REPOSITORY), Deadly(forge, position)
    deadly.server.start()
    clone = f"http://127.0.0.1:{deadly.server.port}/{REPOSITORY}.git"
    if filled:
        Mirror(folder, url, clone).fetch()
    revision = work.commit({"app-1/a.yaml": "a: 100\n"}, "change")
    work.push()
    victim = spawned.Process(target=_fetch, args=(folder, url, clone, position))
    victim.start()
    deadly.victim = victim.pid or 0
    victim.join(60)
    deadly.victim = 0
    assert victim.exitcode == -signal.SIGKILL
    mirror = Mirror(folder, url, clone)
    assert mirror.fetch()
    assert mirror.resolve("main") == revision
    assert b"a: 100" in content(mirror.tree(revision).folder("app-1").blobs[0])
    assert git(mirror.path, "fsck", "--strict") == ""
    assert [str(one) for one in mirror.path.rglob("*") if one.name.endswith(".lock") or "tmp_" in one.name] == []
    deadly.server.stop()


def test_a_git_that_outlives_its_worker_keeps_the_lock(forge: Forge, work: Checkout, tmp_path: Path) -> None:
    """The next fetch waits for it, and finds its work done; the two are never at it together."""
    waiting, go = threading.Event(), threading.Event()
    together, most = [0], [0]

    def slow(call: Call) -> Response:
        together[0] += 1
        most[0] = max(most[0], together[0])
        waiting.set()
        go.wait(60)
        together[0] -= 1
        return site.answer(forge.state, call)

    server = Server(slow)
    server.start()
    folder, url = tmp_path / "mirrors", forge.clone_url(REPOSITORY)
    clone = f"http://127.0.0.1:{server.port}/{REPOSITORY}.git"
    worker = spawned.Process(target=_fetch, args=(folder, url, clone, ""))
    worker.start()
    assert waiting.wait(60)
    worker.kill()
    worker.join(60)
    mirror = Mirror(folder, url, clone)
    assert not held_now(mirror)
    second = threading.Thread(target=mirror.fetch)
    second.start()
    go.set()
    second.join(60)
    assert mirror.resolve("main") == work.head
    assert most == [1]
    server.stop()


def held_now(mirror: Mirror) -> bool:
    """Whether the mirror's lock can be had at once."""
    with mirror.path.with_suffix(".lock").open("w") as file:
        return held(file.fileno())


def _pack(mirror: Path, suffix: str = ".pack") -> Path:
    found = sorted(mirror.glob(f"objects/pack/*{suffix}"), key=lambda one: -one.stat().st_size)
    found[0].chmod(0o644)
    return found[0]


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _flip(file: Path) -> None:
    """Change every byte of the middle third."""
    whole, third = bytearray(file.read_bytes()), file.stat().st_size // 3
    whole[third : 2 * third] = bytes(one ^ 255 for one in whole[third : 2 * third])
    file.write_bytes(bytes(whole))


HARM: dict[str, Callable[[Path], object]] = {
    "pack cut short": lambda mirror: _truncate(_pack(mirror)),
    "pack flipped": lambda mirror: _flip(_pack(mirror)),
    "pack gone": lambda mirror: _pack(mirror).unlink(),
    "index cut short": lambda mirror: _truncate(_pack(mirror, ".idx")),
    "index gone": lambda mirror: _pack(mirror, ".idx").unlink(),
    "all objects gone": lambda mirror: shutil.rmtree(mirror / "objects"),
    "branch is nonsense": lambda mirror: _loose(mirror, "nonsense\n"),
    "branch is empty": lambda mirror: _loose(mirror, ""),
    "branch leads nowhere": lambda mirror: _loose(mirror, "1" * 40 + "\n"),
    "branch is a folder's": lambda mirror: (mirror / "refs/heads/main.lock").write_text(""),
    "packed refs are nonsense": lambda mirror: (mirror / "packed-refs").write_text("nonsense\nmore\n"),
    "HEAD is empty": lambda mirror: (mirror / "HEAD").write_text(""),
    "HEAD is gone": lambda mirror: (mirror / "HEAD").unlink(),
    "configuration is nonsense": lambda mirror: (mirror / "config").write_text("[core\nbare"),
    "leftovers": lambda mirror: (
        [(mirror / name).write_text("") for name in ("packed-refs.lock", "objects/pack/tmp_pack_x", "HEAD.lock")]
        and None
    ),
}


def _loose(mirror: Path, text: str) -> None:
    (mirror / "refs/heads").mkdir(parents=True, exist_ok=True)
    (mirror / "refs/heads/main").write_text(text)


@pytest.mark.parametrize("pushed", [True, False], ids=["push", "look"])
@pytest.mark.parametrize("harm", HARM)
def test_a_broken_mirror_is_made_anew_by_itself(
    forge: Forge, work: Checkout, tmp_path: Path, harm: str, pushed: bool
) -> None:
    """As a worker finds it, at a look after a push or at one that fetches nothing: after one more try all is well."""
    folder, url = tmp_path / "mirrors", forge.clone_url(REPOSITORY)
    Mirror(folder, url, url).fetch()
    path = Mirror(folder, url, url).path
    HARM[harm](path)
    if pushed:
        work.commit({"app-1/a.yaml": "a: 100\n"}, "change")
        work.push()
    request = Request("myapp", 1, Why.PUSH, "ada", time.time() if pushed else 0.0, "", work.head if pushed else "")
    mirror, before = Mirror(folder, url, url), len(forge.fetches)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            try:
                _, tree = fetch.tree(mirror, app(url), request)
                read = [content(blob) for blob in tree.folder("app-1").blobs]
                break
            except MirrorDamaged:
                continue
    assert tree.revision == work.head
    assert read[0] == (b"a: 100\n" if pushed else b"a: 1\n")
    anew = [one for one in logs if one["event"] == "mirror fetched anew"]
    assert len(anew) <= 1
    if anew or pushed:
        assert git(path, "fsck", "--strict") == ""
    assert len(forge.fetches) - before <= 2


def test_what_a_server_says_of_itself_is_no_sign_of_damage() -> None:
    assert damage.is_sign("error: object file ./objects/1 is empty\nfatal: loose object 1 is corrupt")
    assert not damage.is_sign("remote: fatal: packfile x cannot be accessed\nfatal: the remote end hung up")
