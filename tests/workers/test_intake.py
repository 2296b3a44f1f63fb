"""What a delivery means: pure decisions about events, hooks and apps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from workers import apps, intake, ledger
from workers.apis import Hook
from workers.apps import App
from workers.model import (
    Accepted,
    Commit,
    Delivery,
    Event,
    EventKind,
    Ignored,
    Report,
    Request,
    Sighting,
    State,
    Taken,
    Why,
)

HTTPS = "https://github.com/your-org/your-repo.git"
CANONICAL = "github.com/your-org/your-repo"
A, B = "a" * 40, "b" * 40


def app(name: str = "myapp", revision: str = "main", url: str = HTTPS, **named: Any) -> App:
    """An app of a repository."""
    return App(name, url, "myapp", revision, "f", **named)


def hook(**named: Any) -> Hook:
    """A hook that may speak for one organisation."""
    return Hook(**{"forge": "github", "secrets": ("env:S",), "repositories": ("your-org/*",)} | named)


def push(**named: Any) -> Event:
    """A push to main."""
    base = Event("github", "main", "guid", EventKind.PUSH, "your-org/your-repo", "7", (HTTPS,), "refs/heads/main", B, A)
    return replace(base, **{"action": "updated", "sender": "ada"} | named)


def nobody(_: Event) -> list[str]:
    """No repository was heard of before."""
    return []


@dataclass
class Counter:
    """Keeps what it is handed."""

    said: list[tuple[Delivery | None, list[Request], list[tuple[str, Commit, Report]], list[Sighting]]] = field(
        default_factory=list
    )

    def accept(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        reports: Sequence[tuple[str, Commit, Report]] = (),
        sightings: Sequence[Sighting] = (),
    ) -> Accepted:
        """Keep it."""
        self.said.append((delivery, list(requests), list(reports), list(sightings)))
        return Accepted(duplicate=False, numbers={request.app: 1 for request in requests}, fresh=())


def taken(read: tuple[Event, ...] | Ignored, *declared: App, named: Hook | None = None) -> Counter:
    """Take a delivery in and return what was recorded."""
    counter = Counter()
    blank = Delivery("main", "guid", 5.0, Taken.ACCEPTED)
    intake.take(named or hook(), read, apps.index(declared or [app()]), counter, nobody, 5.0, blank)
    return counter


def test_a_push_asks_for_a_look_at_the_apps_that_follow_its_ref() -> None:
    """The request says where the forge saw it, and the record holds the event without its files."""
    [(delivery, [request], [], seen)] = taken((push(files=("a",)),), app(), app("other", "refs/tags/main")).said
    assert delivery is not None
    assert (delivery.verdict, delivery.events) == (Taken.ACCEPTED, (push(),))
    assert (request.app, request.why, request.revision, request.who) == ("myapp", Why.PUSH, A, "ada")
    assert request.commit == Commit("main", "your-org/your-repo", A, "refs/heads/main")
    assert Sighting(("hook", "main"), "at", "5.000") in seen
    assert Sighting(("names", "github", "7"), CANONICAL, "5.000") in seen


def test_a_push_of_several_refs_asks_for_each() -> None:
    """Bitbucket moves several refs in one delivery; the first is not the only one."""
    events = (push(ref="refs/heads/other"), push(ref="refs/tags/v1"), push())
    [(_, requests, _, _)] = taken(events, app(), app("tagged", "v1")).said
    assert [(request.app, request.ref) for request in requests] == [
        ("tagged", "refs/tags/v1"),
        ("myapp", "refs/heads/main"),
    ]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (push(action="deleted", after=""), "refs/heads/main was deleted"),
        (push(ref="refs/heads/gh-readonly-queue/main/pr-7-a"), "belongs to the merge queue"),
        (push(kind=EventKind.PULL_REQUEST, action="closed", number=7), "closed without being merged"),
        (push(kind=EventKind.PULL_REQUEST, action="opened", ref="refs/heads/a"), "no app follows refs/heads/a"),
        (push(kind=EventKind.PULL_REQUEST, action="assigned", number=7), "pull request 7 was assigned"),
        (push(kind=EventKind.MERGE_GROUP, action="destroyed"), "the merge group was destroyed"),
        (push(kind=EventKind.REPOSITORY, action="renamed"), "was renamed"),
        (push(kind=EventKind.INSTALLATION, action="created", repository=""), "installation was created"),
        (push(kind=EventKind.PING, action="insecure"), "does not check our certificate"),
        (push(repository="stranger/your-repo"), "may not speak for stranger/your-repo"),
        (push(ref="refs/tags/main2"), "no app follows refs/tags/main2"),
        (push(urls=("https://github.com/your-org/prod.git",)), "no app follows"),
    ],
)
def test_what_asks_for_nothing_is_on_record_with_the_reason(event: Event, reason: str) -> None:
    """Ignored, never refused."""
    [(delivery, requests, reports, _)] = taken((event,)).said
    assert delivery is not None
    assert (delivery.verdict, requests, reports) == (Taken.IGNORED, [], [])
    assert reason in delivery.reason


@pytest.mark.parametrize("merged", [True, None])
def test_a_merge_is_looked_at_even_when_its_fields_are_in_doubt(merged: bool | None) -> None:
    """Git says what happened; without a commit no status is promised."""
    event = push(kind=EventKind.PULL_REQUEST, action="closed", merged=merged, after="" if merged is None else A)
    [(_, [request], _, _)] = taken((event,)).said
    assert request.why is Why.MERGE
    assert (request.commit is None) is (merged is None)


def test_a_merge_group_gets_its_status_and_no_deployment() -> None:
    """A required check that never comes would block the queue."""
    event = push(kind=EventKind.MERGE_GROUP, action="checks_requested")
    [(_, requests, [(name, commit, report), (plan, also, _)], _)] = taken((event,)).said
    assert (requests, name, commit.revision, report.state) == ([], "myapp", A, State.SUCCESS)
    assert (plan, also) == ("plan:queue", commit)
    [(_, _, only, _)] = taken((event,), named=hook(plans=False)).said
    assert [name for name, _, _ in only] == ["myapp"]


def test_a_rerun_is_done_again_whatever_was_done() -> None:
    """Somebody pressed the button."""
    [(_, [request], _, _)] = taken((push(kind=EventKind.RERUN, action="rerequested"),)).said
    assert request.why is Why.RERUN


@pytest.mark.parametrize(
    ("url", "believed"),
    [
        (HTTPS, True),
        ("git@github.com:Your-Org/Your-Repo.git", True),
        ("ssh://git@github.com:2222/your-org/your-repo", True),
        ("https://github.com/elsewhere/prod", False),
        ("https://github.com/x-your-org/your-repo", False),
        ("https://evil.example/your-org/your-repo", False),
        ("file:///your-org/your-repo", False),
        ("ext::sh -c touch% /x", False),
        ("", False),
    ],
)
def test_only_a_url_that_agrees_with_name_and_host_is_believed(url: str, believed: bool) -> None:
    """A hook's secret lets its holder speak for its repositories, not for a URL of his choice."""
    assert bool(intake.addresses(hook(host="github.com"), push(urls=(url,)))) is believed


def test_bitbucket_data_center_without_urls_is_found_by_the_configured_host() -> None:
    """By either transport's form of the address."""
    event = push(forge="bitbucket-data-center", repository="PLAT/your-repo", urls=())
    named = hook(forge="bitbucket-data-center", host="bitbucket.example.com")
    assert intake.addresses(named, event) == (
        "bitbucket.example.com/scm/PLAT/your-repo",
        "bitbucket.example.com:7999/PLAT/your-repo",
    )


def test_an_allow_list_by_id_outlives_a_rename() -> None:
    """The id is the repository's for good."""
    index = apps.index([app()])
    by_id = hook(repositories=("id:7",))
    assert intake.match(by_id, push(), index, nobody).touched
    assert not intake.match(by_id, push(repository_id="8"), index, nobody).touched


def test_a_renamed_repository_is_found_by_its_id() -> None:
    """The app still has the old address; deliveries have the new one and the same id."""
    new = push(repository="your-org/new-name", urls=("https://github.com/your-org/new-name.git",))
    index = apps.index([app()])
    assert not intake.match(hook(), new, index, nobody).touched
    found = intake.match(hook(), new, index, lambda event: [CANONICAL] if event.repository_id == "7" else [])
    assert [one.name for one in found.touched] == ["myapp"]


def test_the_old_name_is_learned_from_the_rename_itself() -> None:
    """Even if no delivery came under it."""
    event = push(
        kind=EventKind.REPOSITORY,
        action="renamed",
        repository="your-org/new-name",
        urls=("https://github.com/your-org/new-name.git",),
        formerly="your-org/your-repo",
    )
    [(_, _, _, seen)] = taken((event,)).said
    assert Sighting(("names", "github", "7"), CANONICAL, "5.000") in seen


@pytest.mark.parametrize(
    ("files", "later"),
    [
        (("myapp/a.yaml",), False),
        (("other/a.yaml",), True),
        (("myapp2/a.yaml",), True),
        (None, False),
        (("lib",), False),
    ],
)
def test_the_paths_annotation_is_a_hint_for_the_order_only(files: tuple[str, ...] | None, later: bool) -> None:
    """An app whose author says it is made from other files is looked at after the others, never skipped."""
    [(_, [request], _, _)] = taken((push(files=files),), app(paths=("myapp", "lib"))).said
    assert request.later is later


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (app(url="https://github.com/your-org/another"), "repository: it reads"),
        (app(revision="stable"), "branch: it follows stable, not main"),
        (app(revision="refs/tags/main"), "tag ≠ branch"),
        (app(revision="^1.2"), "tag: main is no tag within ^1.2"),
        (app(revision="c" * 40), "revision: it is pinned to commit ccccccc"),
        (app(), ""),
    ],
)
def test_the_ledger_says_why_an_app_was_left_alone(declared: App, reason: str) -> None:
    """Repository, branch, tag instead of branch, range or pinned commit."""
    index = apps.index([declared])
    assert ledger.why_not(declared, push(), [CANONICAL], index).startswith(reason)
    assert bool(ledger.why_not(declared, push(), [CANONICAL], index)) is bool(reason)


def test_ten_thousand_apps_are_matched_by_an_index() -> None:
    """Only the apps that name the ref are ever touched: counted, not timed."""
    many = [app(f"app-{n}", url=f"https://github.com/your-org/repo-{n % 100}", revision=f"b{n}") for n in range(10_000)]
    index = apps.index(many)
    assert [one.name for one in index.touched_by(["github.com/your-org/repo-42"], "refs/heads/b4242")] == ["app-4242"]
    assert not index.floating


@pytest.mark.parametrize(
    ("path", "paths", "files", "later"),
    [
        ("apps/shop", (), ("apps/shop/a.yaml",), False),
        ("apps/shop", (), ("apps/shopping/a.yaml", "README.md"), True),
        ("apps/shop", (), None, False),  # the delivery may not name all of them
        (".", (), ("README.md",), False),
        ("apps/shop", ("base",), ("base/a.yaml",), False),
        ("apps/shop", ("base",), ("apps/shop/a.yaml",), True),
    ],
)
def test_apps_whose_files_a_push_changed_are_looked_at_first(
    path: str, paths: tuple[str, ...], files: tuple[str, ...] | None, later: bool
) -> None:
    """The others come after them, and are never skipped."""
    app = apps.App(name="a", url="https://git.example/o/r", path=path, revision="main", file="f", paths=paths)
    event = Event(forge="github", hook="main", key="k", kind=EventKind.PUSH, files=files)
    assert intake.hinted_elsewhere(app, event) is later
