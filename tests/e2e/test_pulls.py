"""A pull request from its opening to the deployed merge, by Hookline's real processes."""

from __future__ import annotations

import threading
import time

import httpx2
import pytest

from deploy.local.forge.talk import Comment
from deploy.local.stack import REPOSITORY
from tests.e2e.conftest import Site, Start
from tests.workers.manifests import config

BOT = "hookline-bot"


DEPLOYED = ("  name: myapp\n", "  name: myapp\n  annotations: {hookline.dev/environment: production}\n")


def shown(site: Site, number: int, words: str, seconds: float = 60.0, marker: str = "hookline/plan") -> Comment:
    """Wait until our one comment of a kind below a pull request says something, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = [one for one in site.forge.state.talk.comments(REPOSITORY, number) if one.author == BOT]
        found = [one for one in found if marker in one.body.partition("\n")[0]]
        if found and words in found[0].body:
            assert len(found) == 1
            return found[0]
        assert time.monotonic() < deadline, [one.body for one in found]
        threading.Event().wait(0.1)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_pull_request_is_planned_shown_merged_and_deployed(start: Start, kind: str) -> None:
    """One comment that each push edits, a green status, and what it said comes true; the comment has an end, too.

    The merge is a deployment to the app's environment, and another comment says how that went.
    """
    site = start(kind=kind, settings={"hooks": {"main": {"deployed": True}}}, replace=DEPLOYED)
    assert site.ended(site.push({"one.yaml": config("one")})).state == "success"
    site.checkout.switch("change")
    head = site.push({"one.yaml": config("one", "b"), "two.yaml": config("two")})
    pull = site.forge.open_pull(REPOSITORY, "change")
    planned = site.forge.wait_for_status(head, "hookline/plan", ("success", "failure", "failed"))
    assert (planned.state, planned.description) == ("success", "1 configured, 1 created in myapp")
    first = shown(site, pull.number, head[:7])
    page = httpx2.get(planned.target_url)
    assert (page.status_code, head in page.text, planned.target_url in first.body) == (200, True, True)
    assert "ConfigMap" in first.body
    assert "two" not in site.kubectl("get", "configmap", "-o", "name")
    head = site.push({"one.yaml": None})
    planned = site.forge.wait_for_status(head, "hookline/plan", ("success", "failure", "failed"))
    assert planned.description == "1 deleted, 1 created in myapp"
    assert shown(site, pull.number, head[:7]).number == first.number
    merged = site.forge.merge(REPOSITORY, pull.number)
    assert site.ended(merged).state == "success"
    assert site.kubectl("get", "configmap", "two", "-o", "jsonpath={.data.key}") == "a"
    assert shown(site, pull.number, "merged as").number == first.number
    assert merged[:7] in shown(site, pull.number, "Deployed to production in ", marker="hookline/deployed").body
    deadline = time.monotonic() + 90
    while (made := site.forge.state.deployments.of(REPOSITORY, "production")[0]).state != "success":
        assert time.monotonic() < deadline, made
        threading.Event().wait(0.1)
    assert made.sha == merged
    assert {one.context for one in site.forge.statuses(sha=head)} == {"hookline/plan"}
