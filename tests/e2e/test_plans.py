"""A plan over the API by Hookline's real processes: asked by HTTP, through the death of a worker."""

from __future__ import annotations

import threading
import time

import httpx2

from tests.e2e.conftest import Site, Start
from tests.workers.manifests import config
from workers import tokens

CANARY = "canary-hunter2-"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, annotations: {note: VALUE}}\nstringData: {key: VALUE}\n"


def token(site: Site, name: str) -> dict[str, str]:
    """The header of a job that may have myapp planned."""
    issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: site.stack.environment["DEMO_TOKEN_KEY"])
    return {"authorization": f"Bearer {tokens.mint(issuer, 'ci', ['plan'], ['myapp'], 600, time.time(), name)}"}


def test_a_plan_by_the_api_outlives_its_worker(start: Start) -> None:
    """The worker is killed between reading and dry-run; another one makes the plan, and the cluster stays as it is."""
    site = start()
    files: dict[str, str | None] = {"one.yaml": config("one"), "keys.yaml": SECRET.replace("VALUE", f"{CANARY}1")}
    assert site.ended(site.push(files)).state == "success"
    site.checkout.switch("feature")
    site.push({"one.yaml": config("one", "b"), "keys.yaml": SECRET.replace("VALUE", f"{CANARY}2")})
    headers = token(site, "first")
    with site.api.holding(lambda method, path: method == "PATCH" and "dryRun" in path) as hold:
        body = {"revision": "feature"}
        answer = httpx2.post(f"{site.stack.url}/api/apps/myapp/plan", headers=headers, json=body)
        assert answer.status_code == 202, answer.text
        assert hold.reached.wait(60), "no worker came to the dry-run"
        site.stack.kill("worker-1")
    place = f"{site.stack.url}{answer.headers['location']}"
    assert httpx2.get(place, headers=headers).json()["state"] == "pending"
    site.stack.start("worker-1")
    site.stack.records().plans.later(answer.json()["id"], 0.0)  # sooner than by itself
    deadline = time.monotonic() + 120
    while (found := httpx2.get(place, headers=headers)).json()["state"] == "pending":
        assert time.monotonic() < deadline, site.stack.log("worker-1")
        threading.Event().wait(0.1)
    told = found.json()
    assert (told["state"], told["changes"], told["error"]) == ("planned", True, "")
    assert (told["plan"]["summary"], told["plan"]["exit_code"]) == ("2 configured", 2)
    assert (CANARY in found.text, CANARY in site.stack.log("worker-1"), "***" in found.text) == (False, False, True)
    assert site.kubectl("get", "configmap", "one", "-o", "jsonpath={.data.key}") == "a"
    assert httpx2.post(f"{site.stack.url}/api/apps/myapp/plan", headers=headers).status_code == 401
