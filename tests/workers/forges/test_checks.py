"""Check runs, written as an App to the stand-in: one run a context, changed in place, new when it runs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from deploy.local.forge import DROP, Fault, Forge, faults
from deploy.local.forge.github.apps import Installation
from deploy.local.forge.github.runs import Run
from deploy.local.stack import APPLICATION, PUBLIC_URL
from receiver.forges import github as edge
from tests.fakes import github_apps
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from workers import context, forges, intake, reporting
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, HooklineError, OperatorError, SourceMissing
from workers.forges import checks, github
from workers.forges.accounts import Accounts
from workers.model import Commit, Delivery, Report, State, Status, Taken
from workers.records import Records
from workers.records.coding import commit_id
from workers.settings import Settings

REPOSITORY = "your-org/your-repo"
DONE = Status("hookline/myapp", State.SUCCESS, "in sync", "https://hookline.example/apps/myapp")
BEGUN = replace(DONE, state=State.PENDING, text="applying")
SHA = "a" * 40


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitHub stand-in that keeps its deliveries to itself."""
    with Forge(tmp_path / "forge", webhooks=["http://127.0.0.1:9/"]) as forge:
        forge.state.courier.is_silent = True
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        yield forge


@pytest.fixture
def place(forge: Forge) -> Installation:
    """An App, installed."""
    return forge.state.apps.install(github_apps.register(forge), "your-org", github_apps.GRANTED)


@pytest.fixture
def commit(forge: Forge, tmp_path: Path) -> Commit:
    """A commit that is there."""
    checkout = forge.checkout(REPOSITORY, tmp_path / "work")
    sha = checkout.commit({"myapp/a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return Commit("main", REPOSITORY, sha, "refs/heads/main")


@pytest.fixture
def settings(forge: Forge, place: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A configuration with the App."""
    monkeypatch.setenv("APP_KEY", github_apps.key()[0])
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "myapp.yaml").write_text(APPLICATION)
    app = {"id": place.app.client_id, "key": "env:APP_KEY"}
    return Settings.model_validate(
        {
            "data": tmp_path / "data",
            "catalog": {"folders": [tmp_path / "catalog"]},
            "hooks": {"main": {"forge": "github", "secrets": ["env:SECRET"]}},
            "forges": {"github": {"kind": "github", "api": forge.api, "app": app}},
        }
    )


@pytest.fixture
def account(settings: Settings) -> Iterator[forges.Account]:
    """The App's account."""
    account = Accounts(settings).of("main", REPOSITORY)
    assert account.client is not None
    with account.client:
        yield account


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client that an App's account does not use."""
    with httpx2.Client() as client:
        client.close()
        yield client


def runs(forge: Forge) -> list[Run]:
    """The check runs, oldest first."""
    return list(forge.state.runs.all)


def told(forge: Forge) -> list[tuple[str, str]]:
    """Name and state of each run, oldest first."""
    return [(run.fields["name"], run.state) for run in runs(forge)]


@pytest.mark.parametrize(
    ("state", "shown"), [(State.PENDING, "in_progress"), (State.SUCCESS, "success"), (State.FAILURE, "failure")]
)
def test_a_check_run_arrives(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, state: State, shown: str
) -> None:
    """Every state, with text, link and our own id, on the right commit; and no status."""
    forges.write(account, client, commit, replace(DONE, state=state))
    [run] = runs(forge)
    assert (run.repository, run.sha, run.state) == (REPOSITORY, commit.revision, shown)
    assert (run.fields["name"], run.fields["external_id"]) == ("hookline/myapp", "main:hookline/myapp")
    assert run.fields["details_url"] == DONE.url
    assert run.fields["output"] == {"title": "in sync", "summary": "```text\nin sync\n```"}
    assert forge.statuses() == []


def test_a_run_is_changed_in_place_and_an_equal_one_is_not_written(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """Stage after stage, then the end, then another end."""
    for status in (BEGUN, BEGUN, replace(BEGUN, text="waiting for health"), DONE, DONE):
        forges.write(account, client, commit, status)
    [run] = runs(forge)
    assert (run.state, run.writes) == ("success", 3)
    forges.write(account, client, commit, replace(DONE, state=State.FAILURE, text="Deployment web: crashed"))
    assert [(one.state, one.writes) for one in runs(forge)] == [("failure", 4)]


def test_what_runs_again_gets_a_new_run(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """The completed one stays as it ended; the new one is changed from then on."""
    for status in (DONE, BEGUN, replace(BEGUN, text="waiting for health"), DONE):
        forges.write(account, client, commit, status)
    assert [(run.state, run.writes) for run in runs(forge)] == [("success", 1), ("success", 3)]


def test_what_is_not_ours_is_left_alone(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """A run of the same name by another App, by another hook, and one of another name."""
    other = github_apps.register(forge)
    mine = {"name": DONE.context, "external_id": "main:hookline/myapp", "status": "queued"}
    kept = [
        forge.state.runs.put(Run(0, REPOSITORY, commit.revision, other, {**mine, "external_id": "theirs"})),
        forge.state.runs.put(Run(0, REPOSITORY, commit.revision, other, {**mine, "external_id": ""})),
        forge.state.runs.put(Run(0, REPOSITORY, commit.revision, other, {**mine, "name": "hookline"})),
    ]
    forges.write(account, client, commit, DONE)
    assert runs(forge)[:3] == kept
    assert [run.state for run in runs(forge)[3:]] == ["success"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.secondary_limit(17), ForgeUnreachable),
        (faults.broken(502), ForgeUnreachable),
        (DROP, ForgeUnreachable),
        (faults.LOST, ForgeUnreachable),
        (Fault(403, "Resource not accessible by integration"), AccessDenied),
        (Fault(422, "Invalid request."), AuthorError),
    ],
)
@pytest.mark.parametrize("earlier", [None, BEGUN])
def test_trouble_ends_in_one_right_run(
    forge: Forge,
    account: forges.Account,
    client: httpx2.Client,
    commit: Commit,
    earlier: Status | None,
    fault: Fault,
    kind: type[HooklineError],
) -> None:
    """Whether the write was lost on the way there or back: the next attempt makes it one run, and right."""
    if earlier:
        forges.write(account, client, commit, earlier)
    forge.fail_next(fault)
    with pytest.raises(kind):
        forges.write(account, client, commit, DONE)
    forges.write(account, client, commit, DONE)
    assert [run.state for run in runs(forge)] == ["success"]


def test_an_older_status_of_the_same_name_ends_too(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, place: Installation
) -> None:
    """A token wrote it before there was an App. GitHub requires both, so a pending one would block for ever."""
    forge.note(REPOSITORY, commit.revision, "Hookline/MyApp", "pending")
    forges.write(account, client, commit, BEGUN)
    assert [one.state for one in forge.statuses()] == ["pending"]
    for status in (DONE, DONE, replace(DONE, context="hookline/other")):
        forges.write(account, client, commit, status)
    assert [one.state for one in forge.statuses()] == ["pending", "success"]


def test_an_app_that_may_not_read_statuses_is_content_with_checks(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, place: Installation
) -> None:
    """The older status stays as it is; nothing fails."""
    granted = {"checks": "write", "metadata": "read"}
    forge.state.apps.installations[place.number] = replace(place, permissions=granted)
    forge.note(REPOSITORY, commit.revision, "hookline/myapp", "pending")
    forges.write(account, client, commit, DONE)
    assert told(forge) == [("hookline/myapp", "success")]


def test_a_renamed_repository_is_followed(
    forge: Forge,
    account: forges.Account,
    client: httpx2.Client,
    commit: Commit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To the token, the list and the write; the log says what it is called now."""
    forge.state.rename(REPOSITORY, "your-org/renamed")
    forges.write(account, client, commit, DONE)
    assert [(run.repository, run.state) for run in runs(forge)] == [("your-org/renamed", "success")]
    assert "your-org/renamed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("in sync", "in sync"),
        ("one\ntwo  \n\nthree", "one\ntwo\n\nthree"),
        ("```\n# not a heading\n@everyone", "'''\n# not a heading\n@everyone"),
    ],
)
def test_a_summary_shows_the_text_as_it_is(text: str, shown: str) -> None:
    """Names and messages from a cluster are nobody's Markdown."""
    assert checks.summary(text) == f"```text\n{shown}\n```"


@pytest.mark.parametrize("text", ["x" * 100_000, "ä" * 70_000, "🚀 " * 30_000, "`" * 70_000, "a\n" * 50_000])
def test_a_summary_is_cut_to_what_github_takes(text: str) -> None:
    """In bytes, and the block still ends."""
    made = checks.summary(text)
    assert 60_000 < len(made.encode()) <= checks.SUMMARY_LIMIT
    assert made.startswith("```text\n")
    assert made.endswith("\n```")
    assert len(checks.fields(Commit("h", REPOSITORY, SHA), replace(DONE, text=text))["output"]["title"]) <= 140


@pytest.mark.parametrize("listed", [None, [], {"check_runs": None}, {"check_runs": [{"name": "x"}]}])
def test_an_answer_that_is_no_list(listed: Any) -> None:
    """Is no reason to make a second run."""
    with pytest.raises(OperatorError, match="list of check runs"):
        checks.newest(listed, {"name": "hookline", "external_id": "main:hookline"}, "api.github.com")


@pytest.mark.parametrize("statuses", [None, 1, [1], [{"context": "x", "state": "pending"}], [{}]])
def test_no_status_of_the_name_is_nothing_to_end(statuses: Any) -> None:
    """Whatever else was answered."""
    assert not checks.differs({"statuses": statuses}, {"context": "hookline", "state": "success"})


@pytest.mark.parametrize(("repository", "revision"), [("../..", SHA), ("a/b/c", SHA), (REPOSITORY, "main")])
def test_what_github_cannot_have_is_never_asked_for(repository: str, revision: str) -> None:
    """Neither becomes part of a path unchecked."""
    with pytest.raises(SourceMissing):
        checks.lookup(Commit("main", repository, revision), "hookline")


def test_a_button_pressed_at_the_forge_runs_the_check_again(
    forge: Forge, settings: Settings, commit: Commit, redis_client: redis.Redis, clock: Clock, tmp_path: Path
) -> None:
    """From the push to the first end, from the button's delivery to a second run of each check and its end."""
    records = Records(redis_client, clock)
    counter = Counter(records)
    made = context.create(settings, records, counter)
    account = made.accounts.of("main", REPOSITORY)
    assert account.client is not None

    def hears(event: str) -> None:
        delivery = next(one for one in forge.deliveries[::-1] if one.event == event)
        headers = {"x-github-event": event, "x-github-delivery": delivery.guid, "content-type": "application/json"}
        read = edge.read(headers, delivery.body, "main")
        blank = Delivery("main", delivery.guid, clock(), Taken.REJECTED)
        record, _ = intake.take(
            settings.hooks["main"], read, made.catalog.index(), counter, lambda _: (), clock(), blank
        )
        assert record.verdict is Taken.ACCEPTED, record.reason
        reporting.publish(made, commit_id(commit))

    def ends() -> None:
        counter.accept(None, [], [("myapp", commit, Report(State.SUCCESS, "in sync"))])
        reporting.publish(made, commit_id(commit))

    with account.client:
        hears("push")
        begun = [("hookline", "in_progress"), ("hookline/myapp", "in_progress")]
        ended = [("hookline", "success"), ("hookline/myapp", "success")]
        assert told(forge) == begun[:1]
        ends()
        assert told(forge) == ended
        press = f"{forge.api}/repos/{REPOSITORY}/check-runs/2/rerequest"
        headers = {"authorization": f"Bearer {account.secret()}", **github.HEADERS}
        assert account.client.post(press, headers=headers).status_code == 201
        hears("check_run")
        assert told(forge) == [*ended, *begun]
        ends()
        assert told(forge) == [*ended, *ended]
