"""How many deliveries the edge takes: a process of its own sends signed pushes over some connections.

Run as ``python -m benchmarks.load URL CONNECTIONS COUNT`` with the secret on standard input; it prints JSON.
Each delivery is one of its own (GUID and commits), for a repository and branch no app follows, so that what is measured
is the edge alone: verify, read, match, record and answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import subprocess
import sys
import time
import uuid

import httpx2
import orjson

from benchmarks.figures import Figure, percentile
from benchmarks.site import Site

GROUP = "the edge"


def accepts(site: Site, connections: int, count: int) -> list[Figure]:
    """Return deliveries a second and times of the answers; raises :class:`RuntimeError` unless all are on record."""
    command = [sys.executable, "-m", "benchmarks.load", site.stack.hook_url, str(connections), str(count)]
    done = subprocess.run(command, input=site.forge.secret, text=True, capture_output=True, check=True)
    seconds, guids = (orjson.loads(done.stdout)[name] for name in ("seconds", "guids"))
    whole = orjson.loads(done.stdout)["whole"]
    kept = {one.delivery.key for one in site.stack.records().intake.deliveries(count * 2)}
    if lost := [guid for guid in guids if guid not in kept]:
        raise RuntimeError(f"{len(lost)} of {count} deliveries that were answered 202 are not on record")
    note = f"{count} deliveries over {connections} connections, all on record"
    return [
        Figure(GROUP, "webhooks accepted", count / whole, "per s", None, note),
        Figure(
            GROUP, "answer (the tail is p99)", percentile(seconds, 0.5) * 1000, "ms", percentile(seconds, 0.99) * 1000
        ),
    ]


def delivery() -> tuple[bytes, str]:
    """Return the body of a push, and its GUID."""
    before, after = uuid.uuid4().hex.ljust(40, "0"), uuid.uuid4().hex.ljust(40, "0")
    repository = {
        "id": 7,
        "full_name": "your-org/elsewhere",
        "clone_url": "https://github.com/your-org/elsewhere.git",
        "default_branch": "main",
    }
    commits = [{"id": after, "message": "change", "modified": ["a.yaml"], "added": [], "removed": []}]
    body: dict[str, object] = {"ref": "refs/heads/main", "before": before, "after": after, "repository": repository}
    body |= {"commits": commits, "sender": {"login": "ada"}, "deleted": False, "created": False, "forced": False}
    return orjson.dumps(body), str(uuid.uuid4())


async def send(url: str, secret: bytes, connections: int, count: int) -> dict[str, object]:
    """Send ``count`` deliveries over ``connections`` connections; any answer but 202 ends it."""
    waiting = iter([delivery() for _ in range(count)])
    seconds: list[float] = []
    guids: list[str] = []

    async def one(client: httpx2.AsyncClient) -> None:
        for body, guid in waiting:
            headers = {
                "content-type": "application/json",
                "x-github-event": "push",
                "x-github-delivery": guid,
                "x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
            }
            began = time.perf_counter()
            answer = await client.post(url, content=body, headers=headers)
            seconds.append(time.perf_counter() - began)
            if answer.status_code != 202:
                raise RuntimeError(f"answered {answer.status_code}: {answer.text}")
            guids.append(guid)

    async with httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=connections)) as client:
        began = time.perf_counter()
        await asyncio.gather(*(one(client) for _ in range(connections)))
        return {"whole": time.perf_counter() - began, "seconds": seconds, "guids": guids}


if __name__ == "__main__":
    result = asyncio.run(send(sys.argv[1], sys.stdin.read().encode(), int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.buffer.write(orjson.dumps(result))
