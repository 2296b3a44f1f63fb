"""Mirrors stay small while others fetch and read them, keep what is wanted, and fit the disk they are given."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
import structlog

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.repository import git
from tests.fixtures import Clock
from workers import upkeep as machine
from workers.context import Context
from workers.git import budget, damage, packing, pins, place, upkeep
from workers.git.mirror import Mirror
from workers.git.trees import content
from workers.git.upkeep import Did, State
from workers.records import Records
from workers.records.mirrors import Held
from workers.settings import Settings

REPOSITORY = "your-org/your-repo"
DAY = 24 * 3600.0
GRACE = 7 * DAY
spawned = multiprocessing.get_context("spawn")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a dozen pushes takes four."""
    monkeypatch.setattr(upkeep, "MOST_PACKS", 3)


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


@pytest.fixture
def mirror(forge: Forge, work: Checkout, tmp_path: Path) -> Mirror:
    url = forge.clone_url(REPOSITORY)
    found = Mirror(tmp_path / "mirrors", url, url)
    found.fetch()
    return found


def fetched(mirror: Mirror, work: Checkout, times: int) -> None:
    """Fetch commits one by one, each a pack of its own."""
    for number in range(times):
        work.commit({f"app-{at}/{one}.yaml": f"{one}: {number} {at}\n" for at in range(40) for one in "de"}, "change")
        work.push()
        mirror.fetch()


def aged(mirror: Mirror, seconds: float) -> None:
    """Let all objects of a mirror have come so long ago."""
    for file in mirror.path.glob("objects/**/*"):
        os.utime(file, (time.time() - seconds,) * 2)


def tend(mirror: Mirror, now: float | None = None) -> Did:
    return upkeep.tend(mirror.path, time.time() if now is None else now, GRACE, 60)


def test_packs_are_joined_and_everything_is_still_there(mirror: Mirror, work: Checkout) -> None:
    assert tend(mirror) is Did.NOTHING
    fetched(mirror, work, upkeep.MOST_PACKS + 3)
    tree = mirror.tree(work.head)
    assert upkeep.counted(mirror.path)[0] > upkeep.MOST_PACKS
    assert tend(mirror) is Did.PACKED
    assert upkeep.counted(mirror.path)[0] <= upkeep.MOST_PACKS
    assert content(tree.folder("app-7").blobs[-1]) == f"e: {upkeep.MOST_PACKS + 2} 7\n".encode()
    assert git(mirror.path, "fsck", "--strict") == ""
    assert tend(mirror) is Did.NOTHING


def test_others_fetch_and_read_while_packs_are_joined(
    mirror: Mirror, work: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole time that git packs, the mirror's lock is free."""
    fetched(mirror, work, upkeep.MOST_PACKS + 1)
    joined = packing.Packing.join
    seen: list[str] = []

    def join(self: packing.Packing, *, partial: bool) -> None:
        fetched(mirror, work, 1)
        seen.append(mirror.resolve("main") or "")
        (self.mirror / "objects/pack/tmp_pack_mine").write_text("half")
        fetched(mirror, work, 1)
        assert (self.mirror / "objects/pack/tmp_pack_mine").exists()
        joined(self, partial=partial)

    monkeypatch.setattr(packing.Packing, "join", join)
    assert tend(mirror) is Did.PACKED
    assert len(seen) == 1
    assert mirror.resolve("main") == work.head
    fetched(mirror, work, 1)
    assert not (mirror.path / "objects/pack/tmp_pack_mine").exists()
    assert git(mirror.path, "fsck", "--strict") == ""


def test_who_fetches_or_packs_is_left_alone(mirror: Mirror, work: Checkout) -> None:
    fetched(mirror, work, upkeep.MOST_PACKS + 1)
    for suffix in (".lock", ".upkeep"):
        with place.trying(mirror.path, suffix) as held:
            assert held is not None
            assert tend(mirror) is Did.BUSY
    assert tend(mirror) is Did.PACKED


def test_what_nobody_leads_to_goes_after_the_grace_time_and_no_sooner(mirror: Mirror, work: Checkout) -> None:
    """Also when its objects are old: the time counts from the force push. What is pinned stays for good."""
    now = time.time()
    tend(mirror, now - 60 * DAY)
    work.commit({"app-0/a.yaml": "a: gone\n"}, "to be lost")
    work.push()
    lost, pinned = work.head, work.commit({"app-0/a.yaml": "a: kept\n"}, "to be pinned")
    work.push("HEAD:refs/heads/other")
    mirror.fetch()
    pins.keep(mirror, pinned)
    work.run("reset", "-q", "--hard", "HEAD~2")
    work.commit({"app-1/a.yaml": "a: new\n"}, "instead")
    lost = work.run("commit-tree", f"{lost}^{{tree}}", "-m", "alone")
    work.push(f"{lost}:refs/heads/alone")
    mirror.fetch()
    assert tend(mirror, now - 58 * DAY) is Did.COLLECTED
    aged(mirror, 90 * DAY)
    work.push(":refs/heads/alone", "HEAD:refs/heads/main", force=True)
    mirror.fetch()
    assert tend(mirror, now - 56 * DAY) is Did.COLLECTED
    assert mirror.has(lost)
    fetched(mirror, work, 1)
    aged(mirror, 90 * DAY)
    assert tend(mirror, now - 40 * DAY) is Did.COLLECTED
    assert [Mirror(mirror.path.parent, mirror.url, mirror.clone).has(one) for one in (lost, pinned)] == [False, True]
    assert git(mirror.path, "fsck", "--strict") == ""


def test_what_comes_back_while_it_goes_is_found_missing(
    mirror: Mirror, work: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git takes a branch to a commit that is here still; if that goes the next moment, the mirror is made anew."""
    tend(mirror, time.time() - 30 * DAY)
    lost = work.run("commit-tree", "HEAD^{tree}", "-m", "alone")
    work.push(f"{lost}:refs/heads/alone")
    mirror.fetch()
    work.push(":refs/heads/alone")
    mirror.fetch()
    aged(mirror, 90 * DAY)
    collected = packing.Packing.collect

    def collect(self: packing.Packing, grace: float) -> None:
        collected(self, grace)
        (self.mirror / "refs/heads/back").write_text(f"{lost}\n")

    monkeypatch.setattr(packing.Packing, "collect", collect)
    assert tend(mirror) is Did.STOPPED
    assert damage.marked(mirror.path)
    work.push(f"{lost}:refs/heads/back")
    assert mirror.fetch()
    assert mirror.resolve("back") == lost


def _tend(path: Path, at: str) -> None:
    """Die in the middle, with all git children."""
    os.setpgid(0, 0)
    ended = packing.Packing.join

    def join(self: packing.Packing, *, partial: bool) -> None:
        if at == "after":
            ended(self, partial=partial)
        (self.mirror / "objects/pack/.tmp-1-pack-x.pack").write_text("half")
        (self.mirror / "objects/pack/tmp_pack_x").write_text("half")
        (self.mirror / "packed-refs.lock").write_text("")
        os.killpg(0, signal.SIGKILL)

    packing.Packing.join = join  # type: ignore[method-assign]
    upkeep.MOST_PACKS = 3  # type: ignore[misc]
    upkeep.tend(path, time.time(), GRACE, 60)


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_packing_killed_anywhere_leaves_no_lock_and_nothing_broken(mirror: Mirror, work: Checkout, at: str) -> None:
    fetched(mirror, work, upkeep.MOST_PACKS + 1)
    victim = spawned.Process(target=_tend, args=(mirror.path, at))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    assert tend(mirror) is (Did.PACKED if at == "before" else Did.NOTHING)
    fetched(mirror, work, 1)
    assert [one.name for one in mirror.path.rglob("*") if "tmp" in one.name or one.name.endswith(".lock")] == []
    assert git(mirror.path, "fsck", "--strict") == ""
    assert mirror.resolve("main") == work.head


def test_a_packing_that_takes_too_long_is_stopped_with_its_children(mirror: Mirror, work: Checkout) -> None:
    fetched(mirror, work, upkeep.MOST_PACKS + 1)
    assert upkeep.tend(mirror.path, time.time(), GRACE, 0.0) is Did.STOPPED
    with place.trying(mirror.path, ".upkeep") as lock:
        assert lock is not None
    assert git(mirror.path, "fsck", "--strict") == ""


@pytest.mark.parametrize(
    ("fetched", "packs", "loose", "partial", "wanted"),
    [
        (2 * DAY, 1, 0, False, Did.COLLECTED),
        (2 * DAY, 1, 0, True, Did.NOTHING),
        (0.5 * DAY, 1, 0, False, Did.NOTHING),
        (0.5 * DAY, 20, 0, False, Did.PACKED),
        (2 * DAY, 20, 0, True, Did.PACKED),
        (0.5 * DAY, 1, upkeep.MOST_LOOSE + 1, False, Did.PACKED),
    ],
)
def test_what_a_mirror_needs(fetched: float, packs: int, loose: int, partial: bool, wanted: Did) -> None:
    assert upkeep.due(State(fetched, DAY), fetched, packs, loose, 3 * DAY, partial=partial) is wanted


def test_the_longest_unused_go_first_and_none_that_is_in_use(tmp_path: Path) -> None:
    kept = [budget.Kept(tmp_path / name, used, 10) for name, used in (("c", 5000), ("a", 100), ("b", 90))]
    assert [one.path.name for one in budget.leaving(kept, 20, 5000)] == ["b"]
    assert [one.path.name for one in budget.leaving(kept, 15, 5000)] == ["b", "a"]
    assert [one.path.name for one in budget.leaving(kept, 0, 5000)] == ["b", "a"]
    assert budget.leaving(kept, 30, 5000) == []


@pytest.fixture
def held(redis_client: redis.Redis, clock: Clock, tmp_path: Path) -> Context:
    settings = Settings.model_validate({"data": tmp_path, "mirrors": {"disk_budget": 1024 * 1024}})
    return cast(Context, SimpleNamespace(settings=settings, records=Records(redis_client, clock)))


def test_a_mirror_that_is_too_much_goes_and_is_cloned_again(
    forge: Forge, work: Checkout, mirror: Mirror, held: Context, clock: Clock
) -> None:
    """One pass: what is in use stays whatever it takes, and that is said; what is not goes, leftovers too."""
    folder, url = mirror.path.parent, mirror.url
    (mirror.path / "large").write_bytes(b"x" * 2 * 1024 * 1024)
    (folder / "abc.gone-1234").mkdir()
    with structlog.testing.capture_logs() as logs:
        assert machine.look(held)
    assert [one["reason"] for one in logs if one["log_level"] == "error"] == [
        "mirrors.disk_budget is 1 MiB, and 2 MiB of mirrors are in use: raise it, or serve fewer repositories here"
    ]
    said = next(iter(held.records.mirrors.all(clock()).values()))
    assert (said.count, said.budget, said.in_use) == (1, 1024 * 1024, said.size)
    old = time.time() - budget.IN_USE - 1
    os.utime(mirror.path.with_suffix(".used"), (old, old))
    with place.trying(mirror.path):
        assert machine.look(held)
    assert mirror.place.is_made()
    assert machine.look(held)
    assert list(folder.glob("*.g*")) == []
    assert held.records.counts.all()["mirror_upkeep"] == {"swept": 1, "evicted": 1}
    assert next(iter(held.records.mirrors.all(clock()).values())).count == 0
    assert mirror.remote_refs().commits["refs/heads/main"] == work.head
    assert not mirror.place.is_made()
    before = len(forge.fetches)
    again = Mirror(folder, url, url)
    assert again.resolve("main") is None
    assert again.fetch()
    assert again.resolve("main") == work.head
    assert len(forge.fetches) - before == 1


def test_a_machine_is_looked_after_once_at_a_time(held: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go = threading.Event(), threading.Event()

    def slow(*_: Any) -> Any:
        inside.set()
        go.wait(60)
        return Held(0, 0, 0, 0)

    monkeypatch.setattr(machine, "trimmed", slow)
    first = threading.Thread(target=machine.look, args=(held,))
    first.start()
    assert inside.wait(60)
    assert not machine.look(held)
    go.set()
    first.join(60)
    assert machine.look(held)
