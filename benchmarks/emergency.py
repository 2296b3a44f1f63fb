"""How long an emergency sync takes while the queue is full of merges: from the 202 to the object being seen."""

from __future__ import annotations

import time

import httpx2

from benchmarks.figures import Figure, timed
from benchmarks.site import Site
from deploy.local.sight import Sight
from deploy.local.stack import APPLICATION
from workers import tokens
from workers.model import Manifest

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {key: 'VALUE'}\n"


def config(name: str, value: str) -> str:
    """Return a ConfigMap."""
    return CONFIG.replace("NAME", name).replace("VALUE", value)


def figures(site: Site, waiting: int, rounds: int) -> list[Figure]:
    """Let ``waiting`` apps of one push wait, and ask for another app ``rounds`` times, one after another.

    Each time there is something new for it in Git, of which no delivery tells: only the call asks for it.
    """
    site.green(site.push({"myapp/one.yaml": config("one", "first")}))
    names = [f"merge-{number:04}" for number in range(waiting)]
    text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", "path: merges/NAME")
    (site.stack.catalog / "merges.yaml").write_text("---\n".join(text.replace("NAME", name) for name in names))
    site.push({f"merges/{name}/one.yaml": config(name, "a") for name in names})
    site.forge.settle()
    queued, seconds = left(site, names), []
    site.forge.silence()
    with Sight(site.kubeconfig, "", "ConfigMap", "default", "one") as sight:
        for number in range(rounds):
            site.push({"myapp/one.yaml": config("one", str(number))})
            accepted = asked(site, number)

            def there(manifest: Manifest | None, value: str = str(number)) -> bool:
                return manifest is not None and manifest["data"]["key"] == value

            applied, _ = sight.wait(there, f"emergency {number}", accepted)
            seconds.append(applied - accepted)
    group = f"emergency under {waiting} merges"
    figure = timed(group, "accepted → applied", seconds)
    note = f"{figure.note}; {queued} waited at the begin, {left(site, names)} at the end"
    return [Figure(group, figure.name, figure.value, figure.unit, figure.tail, note)]


def asked(site: Site, number: int) -> float:
    """Ask as somebody with a token does; return when it was accepted, in seconds since the epoch."""
    issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: site.stack.environment["DEMO_TOKEN_KEY"])
    token = tokens.mint(issuer, "on-call", ["sync"], ["myapp"], 600, time.time(), f"emergency-{number}")
    headers = {"authorization": f"Bearer {token}"}
    httpx2.post(f"{site.stack.url}/api/apps/myapp/sync", headers=headers, json={"reason": "burns"}).raise_for_status()
    return time.time()


def left(site: Site, names: list[str]) -> int:
    """Return how many of these apps are wanted and not done."""
    records = [site.stack.records().progress.app(name) for name in names]
    return sum(record.wanted > record.done for record in records)
