"""The page a status links to: for whoever has the link, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from receiver import edge, pages
from workers import links
from workers.model import Action, Change, Outcome, Ref, Stage, SyncRecord

EVIL = '<script>alert(1)</script> & "quotes"'
CHANGE = Change(Ref("apps", "Deployment", "default", "myapp"), Action.CONFIGURED, (f"spec.{EVIL}",))
SYNC = SyncRecord(
    "myapp", 3, "push", "ada", "a" * 40, Outcome.FAILED, f"apply failed: {EVIL}", Stage.APPLY, 10.0, 12.5, (CHANGE,),
    {"fetch": 0.25, "apply": 1.0},
)  # fmt: skip


@pytest.fixture
def link(held: edge.Edge) -> str:
    """A link to a sync that ended."""
    held.records.leases.take("app:myapp", "t", 10)
    held.records.progress.finish("myapp", "t", SYNC, None, [3], {})
    return links.maker("http://testserver", held.records)("myapp", 3)


def test_the_link_of_a_status_opens_its_sync(client: TestClient, link: str) -> None:
    """Without a token: a browser has none. What an author wrote is text on it, and no markup."""
    answer = client.get(link)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text in ("myapp: sync 3 failed", "a" * 40, "Deployment default/myapp", "2.5 s", "push by ada", "0.25 s"):
        assert text in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert answer.headers.items() >= pages.HEADERS.items()
    # The policy names the style that is on the page, and nothing else may run or load.
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


def test_a_program_gets_json(client: TestClient, link: str) -> None:
    """The same as under /api."""
    said = client.get(link, headers={"accept": "application/json"}).json()
    assert (said["app"], said["number"], said["outcome"], said["text"]) == ("myapp", 3, "failed", SYNC.text)
    assert said["changes"][0]["ref"] == ["apps", "Deployment", "default", "myapp"]


@pytest.mark.parametrize("change", ["key=", "key=0", "syncs/4", "apps/other", "no key", "é"])
def test_who_has_no_link_learns_nothing(client: TestClient, link: str, change: str) -> None:
    """A key opens one sync of one app; what is not there looks like what may not be seen."""
    path, _, key = link.partition("?key=")
    wrong = {
        "key=": f"{path}?key=",
        "key=0": f"{path}?key={'0' * links.LENGTH}",
        "syncs/4": f"{path.replace('/3', '/4')}?key={key}",
        "apps/other": f"{path.replace('myapp', 'other')}?key={key}",
        "no key": path,
        "é": f"{path}?key=é",
    }[change]
    for accept in ("text/html", "application/json"):
        answer, other = (client.get(one, headers={"accept": accept}) for one in (wrong, f"{path}9?key="))
        assert (answer.status_code, answer.content) == (404, other.content)
        assert answer.headers["content-type"].startswith(accept)
        assert "myapp" not in answer.text


def test_a_sync_that_is_no_longer_kept_is_said_to_be_gone(client: TestClient, held: edge.Edge, link: str) -> None:
    """The key is right, the record is not there."""
    assert client.get(links.maker("http://testserver", held.records)("myapp", 2)).status_code == 404
    assert client.get(link.replace("/syncs/3", "/syncs/x")).status_code == 404
