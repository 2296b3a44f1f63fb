"""The stand-in as a process of its own, its controls and its page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.forge import Forge
from deploy.local.forge.checkout import Checkout
from deploy.local.forge.ledger import Closed

REPOSITORY = "your-org/your-repo"
COMMAND = [sys.executable, "-m", "deploy.local.forge", "--repository", f"{REPOSITORY}=https://github.com/x/y.git"]


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitHub stand-in."""
    with Forge(tmp_path / "forge", webhooks=["http://127.0.0.1:9/"]) as forge:
        forge.create(REPOSITORY)
        yield forge


def control(forge: Forge, method: str, path: str, **query: Any) -> httpx2.Response:
    """Ask the stand-in's controls."""
    return httpx2.request(method, f"{forge.url}/_standin/{path}", params=query, timeout=60, trust_env=False)


def test_a_process_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    """It prints where it serves, takes a push and a status, and ends with status 0 on SIGTERM."""
    process = subprocess.Popen(
        [*COMMAND, "--data", str(tmp_path / "data"), "--secret-env", "SECRET"],
        env={**os.environ, "SECRET": "s", "FORGE_TOKEN": "t"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            told = json.loads(process.stdout.readline())
            work = Checkout(told["repositories"][REPOSITORY], tmp_path / "work")
            sha = work.commit({"a": "a"}, "first")
            work.push()
            answer = httpx2.post(
                f"{told['api']}/repos/{REPOSITORY}/statuses/{sha}",
                json={"state": "success", "context": "hookline"},
                headers={"authorization": "Bearer t", "x-github-api-version": "2022-11-28"},
                trust_env=False,
            )
            assert answer.status_code == 201
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_process_without_its_secret_does_not_start(tmp_path: Path) -> None:
    """It names the variable."""
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path), "--secret-env", "NOT_SET_ANYWHERE"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "NOT_SET_ANYWHERE" in done.stderr


def test_waiting_in_process_for_a_status_to_come(forge: Forge) -> None:
    """The wait ends when it comes, and only for the right commit, context and state."""
    found: list[str] = []
    waits = threading.Event()

    def wait() -> None:
        waits.set()
        found.append(forge.wait_for_status("a" * 40, "hookline", ("success", "failure")).state)

    thread = threading.Thread(target=wait)
    thread.start()
    waits.wait()
    forge.note(REPOSITORY, "b" * 40, "hookline", "success")
    forge.note(REPOSITORY, "a" * 40, "other", "success")
    forge.note(REPOSITORY, "a" * 40, "hookline", "pending")
    forge.note(REPOSITORY, "a" * 40, "hookline", "failure")
    thread.join(60)
    assert found == ["failure"]


def test_waiting_for_one_more_status(forge: Forge) -> None:
    """One that came before counts, unless its number is not above ``after``."""
    first = forge.note(REPOSITORY, "a" * 40, "hookline", "success")
    assert forge.wait_for_status("a" * 40, "hookline", "success") == first
    with pytest.raises(TimeoutError, match=r"hookline success in 0\.01 s, only \[\('hookline', 'success', ''\)\]"):
        forge.wait_for_status("a" * 40, "hookline", "success", timeout=0.01, after=first.number)
    second = forge.note(REPOSITORY, "a" * 40, "hookline", "success")
    assert forge.wait_for_status("a" * 40, "hookline", "success", after=first.number) == second


def test_waiting_over_http(forge: Forge) -> None:
    """The long poll answers when the status comes."""
    threading.Timer(0.05, forge.note, (REPOSITORY, "a" * 40, "hookline", "success")).start()
    answer = control(forge, "GET", "wait", sha="a" * 40, context="hookline", state="success,failure")
    assert (answer.status_code, answer.json()["state"], answer.json()["number"]) == (200, "success", 1)


def test_waiting_over_http_ends(forge: Forge) -> None:
    """504 with what came instead, and 400 for a question that is none."""
    forge.note(REPOSITORY, "a" * 40, "hookline", "pending")
    late = control(forge, "GET", "wait", sha="a" * 40, context="hookline", state="success", timeout="0.01")
    assert (late.status_code, [one["state"] for one in late.json()["seen"]]) == (504, ["pending"])
    assert control(forge, "GET", "wait", sha="a").status_code == 400
    assert control(forge, "GET", "wait", sha="a", context="c", state="s", timeout="soon").status_code == 400


class Watched(tuple[str, ...]):
    """States that tell when somebody first looks for one of them."""

    looked = threading.Event()

    def __contains__(self, state: object) -> bool:
        self.looked.set()
        return super().__contains__(state)


def test_stopping_lets_go_of_who_waits(tmp_path: Path) -> None:
    """Nobody waits for a forge that is gone."""
    forge = Forge(tmp_path / "forge").start()
    forge.note(REPOSITORY, "a" * 40, "hookline", "pending")
    ended: list[str] = []

    def wait() -> None:
        with pytest.raises(Closed):
            forge.wait_for_status("a" * 40, "hookline", Watched(("success",)), timeout=600)
        ended.append("let go")

    thread = threading.Thread(target=wait)
    thread.start()
    Watched.looked.wait()
    forge.stop()
    thread.join(60)
    assert ended == ["let go"]


def test_deliveries_over_http(forge: Forge, tmp_path: Path) -> None:
    """Listed, silenced and sent again."""
    assert control(forge, "POST", "silence", on="true").json() == {"silent": True}
    work = forge.checkout(REPOSITORY, tmp_path / "work")
    work.commit({}, "first")
    work.push()
    [delivery] = control(forge, "GET", "deliveries").json()
    assert (delivery["event"], delivery["attempts"], delivery["payload"]["after"]) == ("push", [], work.head)
    assert control(forge, "POST", f"deliveries/{delivery['guid']}/attempts").status_code == 202
    assert len(forge.settle()[0].attempts) == 1
    assert control(forge, "POST", "deliveries/none/attempts").status_code == 404
    assert control(forge, "POST", "silence", on="false").json() == {"silent": False}
    assert control(forge, "GET", "nothing").status_code == 404


def test_statuses_over_http(forge: Forge) -> None:
    """All of them, or those of one commit."""
    for sha in ("a" * 40, "b" * 40):
        forge.note(REPOSITORY, sha, "hookline", "success")
    assert len(control(forge, "GET", "statuses").json()) == 2
    assert [one["sha"] for one in control(forge, "GET", "statuses", sha="b" * 40).json()] == ["b" * 40]


def test_the_page_shows_commits_statuses_and_deliveries(forge: Forge, tmp_path: Path) -> None:
    """And what people wrote is text, never markup."""
    page = httpx2.get(forge.url, trust_env=False)
    assert "No commit yet" in page.text
    work = forge.checkout(REPOSITORY, tmp_path / "work")
    sha = work.commit({}, "<script>alert(1)</script>")
    work.push()
    forge.note(REPOSITORY, sha, "hookline/<b>", "failure")
    forge.settle()
    page = httpx2.get(forge.url, trust_env=False)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "hookline/&lt;b&gt;" in page.text
    assert sha[:9] in page.text
    assert 'class="dot bad"' in page.text


def test_a_pull_request_s_page_shows_its_comments_as_markdown(forge: Forge, tmp_path: Path) -> None:
    """Tables, folds and coloured differences; no markup beyond them, and nothing that runs."""
    work = forge.checkout(REPOSITORY, tmp_path / "work")
    work.commit({"a": "1"}, "first")
    work.push()
    work.switch("change")
    head = work.commit({"a": "2"}, "second")
    work.push()
    number = forge.open_pull(REPOSITORY, "change", title="<b>Change").number
    forge.note(REPOSITORY, head, "hookline/plan", "success")
    body = (
        "<!-- hookline/plan 1 -->\n## Plan\n\n| a | b |\n|-|-:|\n| x | 1 |\n\n"
        "<details open>\n<summary>more</summary>\n\n```diff\n-  <i>old\n+  new\n   z\n```\n\n</details>\n"
        '<img src=x onerror=alert(1)><script>alert(2)</script><a href="javascript:alert(3)">x</a>'
    )
    forge.state.talk.comment(REPOSITORY, number, "hookline-bot", body)
    assert forge.page(REPOSITORY, number).removeprefix(forge.url) in httpx2.get(forge.url, trust_env=False).text
    page = httpx2.get(forge.page(REPOSITORY, number), trust_env=False).text
    for shown in (
        "<h1>&lt;b&gt;Change",
        "hookline/plan",
        "<h2>Plan</h2>",
        '<td style="text-align:right">1</td>',
        '<details open="">\n<summary>more</summary>',
        '<span class="del">-  &lt;i&gt;old</span><span class="add">+  new</span><span class="same">   z</span>',
    ):
        assert shown in page
    assert not [word for word in ("<script", "onerror", "javascript:", "<i>", "<!-- hook") if word in page]
    for other in (number + 1, f"{number}/x", "x"):
        assert httpx2.get(f"{forge.url}/{REPOSITORY}/pull/{other}", trust_env=False).status_code == 404


def test_what_is_nowhere_is_not_found(forge: Forge) -> None:
    """Any other path."""
    assert httpx2.get(f"{forge.url}/favicon.ico", trust_env=False).status_code == 404
    assert httpx2.get(f"{forge.url}/your-org/your-repo.git/../../secret", trust_env=False).status_code == 404
