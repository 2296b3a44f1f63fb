"""Production burns: hold, fix by hand, ship a hotfix branch, and let Git win again; the trail tells it afterwards."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import httpx2

from tests.e2e.conftest import Site, Start
from tests.e2e.test_processes import config, quiet, sight
from tests.workers.commands.test_commands import printed, run
from workers import tokens
from workers.model import Manifest
from workers.records.keys import key


def hookline(site: Site, *arguments: str) -> None:
    """Run the command as a person does, in a process of its own."""
    command = [*site.stack.command, *arguments]
    done = subprocess.run(command, check=False, env=site.stack.environment, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)


def says(value: str) -> Any:
    """Whether the ConfigMap says something."""

    def so(manifest: Manifest | None) -> bool:
        return manifest is not None and manifest["data"]["key"] == value

    return so


def test_a_hold_a_hand_fix_and_a_hotfix_end_by_themselves_and_the_trail_tells_of_them(start: Start) -> None:
    """A push waits, the hand fix is left alone, the branch passes the hold; then the declared branch is deployed."""
    site = start(watch=True, settings={"sync": {"sweep_every": 600}})
    first = site.push({"one.yaml": config("one")})
    assert site.ended(first).state == "success"
    records = site.stack.records()
    quiet(records)
    with sight(site, "ConfigMap", "one") as one:
        one.wait(says("a"), "what Git says")
        hookline(site, "hold", "myapp", "--for", "1h", "--reason", "logins fail")
        site.kubectl("patch", "configmap", "one", "-p", '{"data":{"key":"by hand"}}')
        fixed, _ = one.wait(says("by hand"), "the hand fix")
        held = site.ended(site.push({"one.yaml": config("one", "b")}))
        assert (held.state, held.description.endswith("logins fail")) == ("success", True)
        deadline = time.monotonic() + 90
        while not records.repairs.noted("myapp"):
            assert time.monotonic() < deadline, "the hand fix was not noted as drift"
            time.sleep(0.05)
        site.checkout.switch("hotfix/login", first)
        hotfix = site.push({"one.yaml": config("one", "hotfix")})
        site.checkout.switch("main")
        issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: site.stack.environment["DEMO_TOKEN_KEY"])
        token = tokens.mint(issuer, "on-call", ["sync", "sync:force"], ["myapp"], 600, time.time(), "burns")
        assert one.now is not None
        assert one.now["data"]["key"] == "by hand"
        answer = httpx2.post(
            f"{site.stack.url}/api/apps/myapp/sync",
            headers={"authorization": f"Bearer {token}"},
            json={"revision": "hotfix/login", "for": "15s", "reason": "logins fail", "force": True},
        )
        assert answer.status_code == 202, answer.text
        shipped, _ = one.wait(says("hotfix"), "the hotfix", fixed)
        hookline(site, "release", "myapp", "--hold")
        back, _ = one.wait(says("b"), "what Git says now", shipped)
    assert back >= answer.json()["exception"]["until"]
    again = site.ended(held.sha, after=held.number)
    assert again.description.startswith("held: exception hotfix/login until")
    assert site.ended(held.sha, after=again.number).description.startswith("synced: 1 configured")
    deadline = time.monotonic() + 90
    while records.exceptions.all() or records.holds.all():
        assert time.monotonic() < deadline, "hold and exception were not seen off"
        time.sleep(0.05)
    told_by = site.stack.config
    story = printed(told_by, "audit")[::-1]
    told = [(line["action"], line["who"]) for line in story if line["action"] != "synced"]
    person = story[0]["who"]
    assert told == [
        ("hold", person),
        ("exception forced", "on-call"),
        ("release", person),
        ("hold released", person),
        ("exception expired", "hookline"),
    ]
    [synced] = [line for line in story if line["action"] == "synced"]
    assert (synced["asked"], synced["revision"]) == (2, hotfix)
    assert "the trail is whole: 6 lines" in run(told_by, "audit", "--verify").output
    held_by: Any = records.redis
    trail = held_by.lrange(key("trail"), 0, -1)
    held_by.lset(key("trail"), 1, trail[1].replace("on-call", "nobody"))
    changed = run(told_by, "audit", "--verify")
    assert (changed.exit_code, "line 2 was changed" in changed.output) == (1, True)
    held_by.lrem(key("trail"), 1, held_by.lindex(key("trail"), 1))
    removed = run(told_by, "audit", "--verify")
    assert (removed.exit_code, "line 2 is expected" in removed.output) == (1, True)
