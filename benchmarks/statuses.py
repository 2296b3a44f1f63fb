"""How soon a commit gets its statuses at a forge that takes its time, and how many writes that takes."""

from __future__ import annotations

import time

import httpx2

from benchmarks.figures import Figure, timed
from benchmarks.site import ENDS, Site
from deploy.local.sight import Sight, available
from deploy.local.stack import APPLICATION
from deploy.local.story import SERVICE, deployment
from workers.stages.report import CONTEXT, MOST_CONTEXTS

GROUP = "statuses"
ANSWERS: float = 0.05
"""Seconds the forge takes for each call."""


def figures(site: Site, rounds: int) -> list[Figure]:
    """Scale an app by pushes: seconds from the 202 to `pending`, and from healthy to `success`, seen at the forge."""
    site.green(site.push({"myapp/deployment.yaml": deployment(3), "myapp/service.yaml": SERVICE}))
    slow(site, ANSWERS)
    pending, success, counts = [], [], []
    with Sight(site.cluster.kubeconfig, "apps", "Deployment", "default", "myapp") as sight:
        for number in range(rounds):
            site.stack.rest()
            count = 4 + number % 2
            commit = site.checkout.commit({"myapp/deployment.yaml": deployment(count)}, f"to {count}")
            began = time.time()
            site.checkout.push()
            begun = site.forge.wait_for_status(commit, CONTEXT, "pending").at
            healthy, _ = sight.wait(available(count), f"{count} available", began)
            ended = site.forge.wait_for_status(commit, CONTEXT, "success").at
            delivery = next(one for one in reversed(site.forge.settle()) if one.payload.get("after") == commit)
            sent = delivery.attempts[0]
            pending.append(begun - sent.at - sent.seconds)
            success.append(ended - healthy)
            site.green(commit)
            counts.append(len(site.forge.statuses(sha=commit)))
    slow(site, 0.0)
    name = f"one app, {ANSWERS * 1000:.0f} ms a call:"
    contexts = f"of {CONTEXT} and {CONTEXT}/myapp, {min(counts)} at least"
    return [
        timed(GROUP, f"{name} 202 \u2192 pending", pending),
        timed(GROUP, f"{name} healthy \u2192 success", success),
        Figure(GROUP, "one app: writes of a sync", max(counts), "writes", None, contexts),
    ]


def slow(site: Site, seconds: float) -> None:
    """Let each call of the forge's API take that long."""
    httpx2.post(f"{site.forge.url}/_standin/delay", params={"seconds": seconds}).raise_for_status()


def writes(site: Site, apps: int) -> list[Figure]:
    """Return the writes of one push that changes as many apps as get a status each, and of one that changes many."""
    return [_writes(site, number) for number in (MOST_CONTEXTS - 1, apps - 1)]


def _writes(site: Site, apps: int) -> Figure:
    """Declare so many apps of one object, beside the one that is there, and change all of these by one push."""
    names = [f"told-{apps}-{number}" for number in range(apps)]
    text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", f"path: told-{apps}/NAME")
    files: dict[str, str | None] = {f"told-{apps}/{name}/one.yaml": _config_map(name) for name in names}
    site.push(files)
    (site.stack.catalog / "told.yaml").write_text("---\n".join(text.replace("NAME", name) for name in names))
    progress = site.stack.records().progress
    while not all(progress.app(name).done for name in names):
        time.sleep(0.2)
    site.stack.rest()
    commit = site.push({name: f"{text}  other: text\n" for name, text in files.items()})
    site.forge.wait_for_status(commit, CONTEXT, ENDS, 900)
    site.stack.rest()
    return Figure(GROUP, f"{apps + 1} apps: writes of one push", len(site.forge.statuses(sha=commit)), "writes")


def _config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n"
