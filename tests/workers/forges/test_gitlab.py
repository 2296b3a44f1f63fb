"""Writing statuses to GitLab, against the stand-in's state machine over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from deploy.local.forge import DROP, LOST, Fault, Forge, faults
from workers import forges
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import gitlab
from workers.forges.http import Answer
from workers.forges.refusals import Busy
from workers.model import Commit, State, Status

PROJECT = "grp/sub/project"
RUNS = Status("hookline", State.PENDING, "rendering", "https://hookline.example/")
DONE = replace(RUNS, state=State.SUCCESS, text="in sync")
FAILED = replace(RUNS, state=State.FAILURE, text="a.yaml:1: replicas must be a number")


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitLab stand-in with an empty project in a subgroup."""
    with Forge(tmp_path / "forge", kind="gitlab") as forge:
        forge.create(PROJECT)
        yield forge


@pytest.fixture
def commit(forge: Forge, tmp_path: Path) -> Commit:
    """A commit that is there, on a branch with a slash in its name."""
    checkout = forge.checkout(PROJECT, tmp_path / "work", "release/1")
    sha = checkout.commit({"a.yaml": "a: 1\n"}, "first")
    checkout.push()
    return Commit("main", PROJECT, sha, "refs/heads/release/1")


@pytest.fixture
def account(forge: Forge) -> forges.Account:
    """An account with the right token."""
    return forges.Account("gitlab", forge.api, lambda: forge.token)


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as the worker has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


def states(forge: Forge) -> list[str]:
    """What was accepted, in GitLab's words."""
    return [one.state for one in forge.statuses()]


def test_a_status_runs_and_ends_as_one_job(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """``running`` and then ``success``, with name, text, link and branch."""
    forges.write(account, client, commit, RUNS)
    forges.write(account, client, commit, DONE)
    [job] = forge.jobs(PROJECT, commit.revision)
    assert (job.name, job.status, job.ref) == ("hookline", "success", "release/1")
    assert (job.description, job.target_url) == ("in sync", "https://hookline.example/")
    assert states(forge) == ["running", "success"]


def test_the_head_of_a_fork_has_a_status_below_its_merge_request(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, tmp_path: Path
) -> None:
    """No branch of the project has it, so GitLab takes no status of it without a ref."""
    forge.create("eve/fork")
    theirs = forge.checkout("eve/fork", tmp_path / "theirs", "main")
    theirs.run("pull", "-q", forge.clone_url(PROJECT), "release/1")
    head = theirs.commit({"a.yaml": "a: 2\n"}, "second")
    theirs.push()
    pull = forge.open_pull(PROJECT, "main", "release/1", fork="eve/fork")
    with pytest.raises(SourceMissing):
        forges.write(account, client, replace(commit, revision=head, ref=""), DONE)
    ref = f"refs/merge-requests/{pull.number}/head"
    forges.write(account, client, replace(commit, revision=head, ref=ref), DONE)
    assert [(job.ref, job.status) for job in forge.jobs(PROJECT, head)] == [(ref, "success")]


@pytest.mark.parametrize(("status", "word"), [(DONE, "success"), (FAILED, "failed")])
def test_a_final_state_from_nothing(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, status: Status, word: str
) -> None:
    """Nothing need run first."""
    forges.write(account, client, commit, status)
    assert states(forge) == [word]


def test_running_twice_is_one_job_and_no_error(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """GitLab would refuse ``running`` from ``running``; it is already true."""
    forges.write(account, client, commit, RUNS)
    forges.write(account, client, commit, replace(RUNS, text="applying"))
    assert states(forge) == ["running"]


def test_an_equal_final_state_makes_no_second_job(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """A post after a final state always makes a new job, so an equal one is not posted."""
    for _ in range(3):
        forges.write(account, client, commit, DONE)
    assert len(forge.jobs(PROJECT, commit.revision)) == 1


def test_a_final_state_with_another_text_is_told(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """What people read must be true, at the price of a second job, the first marked as retried."""
    forges.write(account, client, commit, DONE)
    forges.write(account, client, commit, replace(DONE, text="included in abc1234"))
    jobs = forge.jobs(PROJECT, commit.revision)
    assert [(job.description, job.is_retried) for job in jobs] == [("in sync", True), ("included in abc1234", False)]


def test_a_second_look_at_a_finished_commit_runs_again(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """failed, running, success: the newest job says success and only it counts."""
    for status in (FAILED, RUNS, DONE):
        forges.write(account, client, commit, status)
    assert [(job.status, job.is_retried) for job in forge.jobs(PROJECT, commit.revision)] == [
        ("failed", True),
        ("success", False),
    ]


def test_a_lost_answer_makes_no_second_job(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """The status was written, its answer got lost, and the retry sees that it is there."""
    forge.fail_next(LOST)
    with pytest.raises(ForgeUnreachable):
        forges.write(account, client, commit, DONE)
    assert states(forge) == ["success"]
    forges.write(account, client, commit, DONE)
    assert len(forge.jobs(PROJECT, commit.revision)) == 1


def test_a_transition_refused_because_somebody_was_faster(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """Between our look and our write the job began to run: GitLab's 400 is no error then."""
    running = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")'
    forge.fail_next(Fault(400, running, does_write=True))
    forges.write(account, client, commit, RUNS)
    assert [(call.method, call.code) for call in forge.calls] == [("GET", 200), ("POST", 400), ("GET", 200)]
    assert states(forge) == ["running"]


def test_a_transition_refused_and_not_true_is_tried_again(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """The state read back is not the wanted one: a conflict, not a success."""
    forge.fail_next(Fault(400, "Cannot transition status via :run from :created"))
    with pytest.raises(Busy, match="somebody else writes the same status"):
        forges.write(account, client, commit, RUNS)
    forges.write(account, client, commit, RUNS)
    assert states(forge) == ["running"]


def test_after_a_change_of_token_a_status_still_ends(forge: Forge, client: httpx2.Client, commit: Commit) -> None:
    """The job that the old bot user left running is replaced by the new one's and marked as retried."""
    forge.add_token("new-token", "new-bot")
    old = forges.Account("gitlab", forge.api, lambda: forge.token)
    new = forges.Account("gitlab", forge.api, lambda: "new-token")
    forges.write(old, client, commit, RUNS)
    forges.write(new, client, commit, DONE)
    assert [(job.user, job.status, job.is_retried) for job in forge.jobs(PROJECT, commit.revision)] == [
        ("hookline-bot", "running", True),
        ("new-bot", "success", False),
    ]


def test_contexts_do_not_disturb_each_other(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """Two names on one commit are two jobs."""
    other = replace(DONE, context="hookline/a b&c=d")
    forges.write(account, client, commit, RUNS)
    forges.write(account, client, commit, other)
    forges.write(account, client, commit, other)
    assert {job.name: job.status for job in forge.jobs(PROJECT, commit.revision)} == {
        "hookline": "running",
        "hookline/a b&c=d": "success",
    }
    assert len(forge.jobs(PROJECT, commit.revision)) == 2


def test_what_is_too_long_is_cut_or_left_out(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit
) -> None:
    """255 characters of text on a word; a link over 255 is no link."""
    long = replace(DONE, text="word " * 100, url="https://hookline.example/" + "x" * 250)
    forges.write(account, client, commit, long)
    forges.write(account, client, commit, long)
    [job] = forge.jobs(PROJECT, commit.revision)
    assert len(job.description) <= 255
    assert job.description.endswith("word…")
    assert job.target_url == ""


@pytest.mark.parametrize("ref", ["", "refs/heads/release/1", "refs/tags/release/1"])
def test_a_ref_is_sent_short_or_not_at_all(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, ref: str
) -> None:
    """GitLab takes branch and tag names; without one it finds a branch itself."""
    forges.write(account, client, replace(commit, ref=ref), DONE)
    forges.write(account, client, replace(commit, ref=ref), DONE)
    assert [job.ref for job in forge.jobs(PROJECT, commit.revision)] == ["release/1"]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (faults.locked(), None),
        (faults.too_many(9), 9.0),
        (faults.too_many(), 60.0),
        (faults.broken(500), None),
        (faults.broken(502), None),
        (DROP, None),
    ],
)
def test_trouble_that_passes(
    forge: Forge, account: forges.Account, client: httpx2.Client, commit: Commit, fault: Fault, seconds: float | None
) -> None:
    """A lock, a rate limit, a server error or a lost connection asks for another try, which works."""
    forge.fail_next(fault)
    with pytest.raises(ForgeUnreachable) as caught:
        forges.write(account, client, commit, DONE)
    assert caught.value.retry_after == seconds
    forges.write(account, client, commit, DONE)
    assert states(forge) == ["success"]


def test_a_wrong_token(forge: Forge, client: httpx2.Client, commit: Commit) -> None:
    """Is the operator's to replace."""
    with pytest.raises(AccessDenied, match="put a valid one"):
        forges.write(forges.Account("gitlab", forge.api, lambda: "nobody"), client, commit, DONE)


def test_an_unknown_project(account: forges.Account, client: httpx2.Client, commit: Commit) -> None:
    """Is one the token may not see."""
    with pytest.raises(AccessDenied, match="no such project or the token cannot see it"):
        forges.write(account, client, replace(commit, repository="grp/other"), DONE)


@pytest.mark.parametrize("revision", ["d" * 40, "main", "../../x"])
def test_an_unknown_commit(account: forges.Account, client: httpx2.Client, commit: Commit, revision: str) -> None:
    """Is missing, and no later try will find it."""
    with pytest.raises(SourceMissing):
        forges.write(account, client, replace(commit, revision=revision), DONE)


def test_an_address_that_is_no_gitlab(forge: Forge, client: httpx2.Client, commit: Commit) -> None:
    """The operator is told to check ``api``."""
    with pytest.raises((OperatorError, AccessDenied), match=r"api|no such project"):
        forges.write(forges.Account("gitlab", forge.url + "/nothing", lambda: forge.token), client, commit, DONE)


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (302, b"", OperatorError),
        (405, b"", OperatorError),
        (400, b'{"message": {"target_url": ["is blocked"]}}', AuthorError),
        (422, b'{"message": "The number of jobs has exceeded the limit"}', AuthorError),
        (403, b'{"message": "403 Forbidden"}', AccessDenied),
        (404, b'{"message": "404 References for commit Not Found"}', SourceMissing),
        (504, b"", ForgeUnreachable),
    ],
)
def test_judging_an_answer(code: int, body: bytes, kind: type[Exception]) -> None:
    """Each answer means one thing."""
    error = gitlab.judge(Answer(code, {}, body), "gitlab.com", Commit("h", PROJECT, "a" * 40), 0.0)
    assert type(error) is kind


def test_an_unknown_kind_of_forge(client: httpx2.Client, commit: Commit) -> None:
    """Is a configuration error that lists the kinds there are."""
    with pytest.raises(OperatorError, match="github"):
        forges.write(forges.Account("svn", "https://svn.example", lambda: "t"), client, commit, DONE)
