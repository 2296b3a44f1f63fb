"""Sends deliveries over raw connections, as fast as they are answered or at a given rate; a process of its own.

Run as ``python -m benchmarks.sender`` with a :class:`Spec` as JSON on standard input; prints :class:`Sent` as JSON.
Requests are made before the clock starts, so that what is measured is the edge and not the sender.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import orjson
import uvloop

APPS_PER_REPOSITORY = 10


@dataclass(frozen=True, slots=True)
class Spec:
    """What to send: ``count`` deliveries of about ``size`` bytes over ``connections``, ``rate`` a second (0: no limit).

    Without a ``secret`` they are garbage nobody signed. ``apps`` is how many apps there are to push for.
    """

    port: int
    count: int
    size: int
    connections: int
    secret: str = ""
    rate: float = 0.0
    apps: int = 1
    address: str = "127.0.0.1"


@dataclass(slots=True)
class Sent:
    """Seconds of each answer and of the whole, the deliveries' ids, and how often each code came."""

    whole: float = 0.0
    seconds: list[float] = field(default_factory=list)
    guids: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)


def push(app: int, size: int) -> bytes:
    """Return the body of a push to an app's branch, with commits as a forge lists them until it is large enough."""
    after = uuid.uuid4().hex.ljust(40, "0")
    name = f"your-org/repository-{app // APPS_PER_REPOSITORY}"
    repository = {
        "id": app // APPS_PER_REPOSITORY + 1,
        "full_name": name,
        "clone_url": f"https://github.com/{name}.git",
    }
    one = {
        "id": after,
        "message": "Scale the deployment to five replicas, because of the sale that begins on Friday",
        "author": {"name": "Ada Lovelace", "email": "ada@example.com", "username": "ada"},
        "added": [],
        "removed": [],
        "modified": [f"apps/app-{app}/deployment.yaml"],
    }
    commits = [one] * max(1, (size - 500) // len(orjson.dumps(one)))
    body = {"ref": f"refs/heads/app-{app}", "before": "b" * 40, "after": after, "repository": repository}
    return orjson.dumps(body | {"commits": commits, "sender": {"login": "ada"}, "forced": False})


def requests(spec: Spec) -> Iterator[tuple[str, bytes]]:
    """Yield (id, whole HTTP request) of every delivery."""
    for number in range(spec.count):
        guid = str(uuid.uuid4())
        body = push(number % spec.apps, spec.size) if spec.secret else b"x" * spec.size
        digest = hmac.new(spec.secret.encode(), body, hashlib.sha256).hexdigest() if spec.secret else "0" * 64
        head = (
            "POST /hooks/bench HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            f"x-github-event: push\r\nx-github-delivery: {guid}\r\nx-hub-signature-256: sha256={digest}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        yield guid, head.encode() + body


async def answered(reader: asyncio.StreamReader) -> tuple[str, bool]:
    """Read one answer; return its code and whether the connection goes on."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
    await reader.readexactly(length)
    return head.split(" ", 2)[1], "connection: close" not in head


async def send(spec: Spec) -> Sent:
    """Send everything; a connection the edge closes is opened again."""
    waiting, sent = iter(list(requests(spec))), Sent()
    begun = time.perf_counter()
    taken = 0

    async def one() -> None:
        nonlocal taken
        reader = writer = None
        for guid, request in waiting:
            if spec.rate:
                taken += 1
                await asyncio.sleep(max(0.0, begun + taken / spec.rate - time.perf_counter()))
            began = time.perf_counter()
            try:
                if writer is None or reader is None or writer.is_closing():
                    opening = asyncio.open_connection("127.0.0.1", spec.port, local_addr=(spec.address, 0))
                    reader, writer = await opening
                writer.write(request)
                code, goes_on = await answered(reader)
            except (OSError, asyncio.IncompleteReadError):
                code, goes_on = "closed", False
            sent.codes[code] = sent.codes.get(code, 0) + 1
            sent.seconds.append(time.perf_counter() - began)
            if code == "202":
                sent.guids.append(guid)
            if not goes_on and writer is not None:
                writer.close()
                writer = None

    await asyncio.gather(*(one() for _ in range(spec.connections)))
    sent.whole = time.perf_counter() - begun
    return sent


if __name__ == "__main__":
    result = uvloop.run(send(Spec(**orjson.loads(sys.stdin.buffer.read()))))
    sys.stdout.buffer.write(orjson.dumps(asdict(result)))
