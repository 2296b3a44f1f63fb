"""What a declared revision names among the refs of a repository, here and on the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.local.forge import Checkout, Forge
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from workers import context, recovery, revisions, sweep
from workers.apps import App
from workers.context import Context
from workers.git.mirror import Mirror
from workers.git.refs import advertised
from workers.model import Why
from workers.records import Records
from workers.records.hooks import Missed
from workers.settings import Settings

REFS = [
    "refs/heads/main", "refs/heads/1.x", "refs/heads/v2.0.0", "refs/tags/main", "refs/tags/v1.0.0", "refs/tags/v1.2.0",
    "refs/tags/1.2.1", "refs/tags/v1.10.0", "refs/tags/v2.0.0-rc.1", "refs/tags/nightly", "refs/tags/v0.9",
]  # fmt: skip


@pytest.mark.parametrize(
    ("revision", "ref"),
    [
        ("main", "refs/heads/main"),
        ("refs/tags/main", "refs/tags/main"),
        ("nightly", "refs/tags/nightly"),
        ("v1.0.0", "refs/tags/v1.0.0"),
        ("1.x", "refs/heads/1.x"),
        ("1.2.x", "refs/tags/1.2.1"),
        ("1.*", "refs/tags/v1.10.0"),
        ("^1.0", "refs/tags/v1.10.0"),
        ("~1.2", "refs/tags/1.2.1"),
        (">=1.0.0, <1.10.0", "refs/tags/1.2.1"),
        (">= v0.1 < v1", "refs/tags/v0.9"),
        ("*", "refs/tags/v1.10.0"),
        (">=2.0.0-0", "refs/tags/v2.0.0-rc.1"),
        ("^3", ""),
        ("gone", ""),
        ("HEAD", ""),
        ("a" * 40, ""),
    ],
)
def test_a_revision_is_a_name_first_and_a_range_of_versions_then(revision: str, ref: str) -> None:
    """A branch before a tag, a name before a range, the highest version of a range, releases before candidates."""
    assert revisions.pick(revision, REFS) == ref


@pytest.mark.parametrize("revision", ["main", "v1.0.0", "1.2.3", "feature/x", "refs/heads/*", "not a range", "*-*", ""])
def test_names_are_no_ranges(revision: str) -> None:
    """An exact version is the name of a tag."""
    assert revisions.span(revision) is None or revisions.follows(revision, "refs/tags/v1.0.0") is False


def test_what_a_server_advertises_is_peeled_and_says_where_head_points() -> None:
    """An annotated tag is its commit; HEAD is a branch, not one more name."""
    text = "ref: refs/heads/trunk\tHEAD\naaa\tHEAD\naaa\trefs/heads/trunk\nbbb\trefs/tags/v1\nccc\trefs/tags/v1^{}\n"
    refs = advertised(text)
    assert (refs.head, refs.commits) == ("refs/heads/trunk", {"refs/heads/trunk": "aaa", "refs/tags/v1": "ccc"})
    assert advertised("").head == ""


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[tuple[Forge, Checkout]]:
    """A repository over HTTP with a branch and a tag of one name, an annotated tag and versions."""
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        made = forge.checkout(REPOSITORY, tmp_path / "checkout")
        made.commit({"a": "1"}, "one")
        made.run("tag", "-a", "v1.0.0", "-m", "annotated")
        made.run("tag", "main")
        made.commit({"a": "2"}, "two")
        made.run("tag", "v1.1.0")
        made.push("refs/heads/main:refs/heads/main", "refs/tags/main", "v1.0.0", "v1.1.0")
        yield forge, made


def test_a_mirror_resolves_as_declared(tmp_path: Path, checkout: tuple[Forge, Checkout]) -> None:
    """A tag never stands for the branch of its name, and an annotated tag is its commit."""
    forge, made = checkout
    mirror = Mirror(tmp_path / "mirrors", PUBLIC_URL, forge.clone_url(REPOSITORY))
    mirror.fetch()
    first, second = made.run("rev-parse", "refs/heads/main~1"), made.run("rev-parse", "refs/heads/main")
    assert mirror.resolve("main") == second
    assert mirror.resolve("refs/tags/main") == mirror.resolve("v1.0.0") == first
    assert (mirror.ref("^1"), mirror.resolve("^1")) == ("refs/tags/v1.1.0", second)
    assert (mirror.ref("^2"), mirror.resolve("^2"), mirror.resolve("b" * 40)) == ("", None, None)
    assert mirror.remote_refs().commits["refs/tags/v1.0.0"] == first


@pytest.fixture
def served(
    tmp_path: Path, checkout: tuple[Forge, Checkout], redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    """A worker's context with a hook for the repository."""
    monkeypatch.setenv("SECRET", "s" * 20)
    monkeypatch.setenv("TOKEN", checkout[0].token)
    settings = Settings.model_validate(
        {
            "data": tmp_path / "data",
            "catalog": {"folders": [tmp_path]},
            "hooks": {"main": {"forge": "github", "secrets": ["env:SECRET"]}},
            "forges": {"stand-in": {"kind": "github", "api": checkout[0].api, "token": "env:TOKEN"}},
            "repositories": [{"url": PUBLIC_URL, "clone": checkout[0].clone_url(REPOSITORY)}],
        }
    )
    records = Records(redis_client, Clock())
    made = context.create(settings, records, Counter(records))
    yield made
    made.http.close()


def test_a_push_nobody_told_of_is_found_and_its_hook_is_called_silent(
    served: Context, checkout: tuple[Forge, Checkout]
) -> None:
    """Found by one call per repository; the first look at an app is no missed delivery, and nothing is asked twice."""
    app, made = App("myapp", PUBLIC_URL, ".", "main", "f"), checkout[1]
    assert sweep.look_at_repositories(served, [app]) == []
    [first] = served.records.progress.open_requests("myapp")
    assert (first.why, first.ref, served.records.hooks.missed()) == (Why.SWEEP, "refs/heads/main", [])
    made.commit({"a": "3"}, "three")
    made.push("refs/heads/main:refs/heads/main")
    for _ in range(2):
        assert sweep.look_at_repositories(served, [app]) == []
    assert len(served.records.progress.open_requests("myapp")) == 2
    [missed] = served.records.hooks.missed()
    assert (missed.hook, missed.app, missed.ref, missed.revision) == ("main", "myapp", "refs/heads/main", made.head)


def test_the_default_branch_is_found_where_head_points(served: Context, checkout: tuple[Forge, Checkout]) -> None:
    """The request names the branch, so that a delivery for the same push is the same request."""
    assert sweep.look_at_repositories(served, [App("myapp", PUBLIC_URL, ".", "HEAD", "f")]) == []
    [request] = served.records.progress.open_requests("myapp")
    assert (request.ref, request.revision) == ("refs/heads/main", checkout[1].head)


def test_after_a_missed_move_the_forge_is_asked_once_for_what_failed(
    served: Context, checkout: tuple[Forge, Checkout]
) -> None:
    """By the hook's own address; an hour passes before it is asked again."""
    forge, made = checkout
    forge.add_webhook(f"{served.settings.url}/hooks/main")  # nobody listens there
    made.commit({"a": "3"}, "three")
    made.push("refs/heads/main:refs/heads/main")
    forge.settle()
    failed = forge.deliveries[-1]
    served.records.hooks.miss(Missed("myapp", "refs/heads/main", "main", REPOSITORY, made.head, 1.0))
    served.records.clock.now = failed.attempts[-1].at + 120  # type: ignore[attr-defined]
    assert (recovery.recover(served), recovery.recover(served)) == (1, 0)
    forge.settle()
    assert [len(one.attempts) for one in forge.deliveries if one.guid == failed.guid] == [2]


@pytest.mark.parametrize("count", [1, 6, 7, 100])
def test_every_repository_has_one_turn_in_a_pass(count: int) -> None:
    """A few all in the first turn; of many each in one, and no turn has them all."""
    turns = [[n for n in range(count) if sweep.in_turn(f"mirror-{n}", count, turn)] for turn in range(12, 18)]
    assert sorted(n for turn in turns for n in turn) == list(range(count))
    assert (len(turns[0]) == count) is (count <= 6)
    assert all(sweep.in_turn(f"mirror-{n}", count, None) for n in range(count))
