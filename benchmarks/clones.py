"""What the first clone of a large repository costs, with all its files and without: bytes, seconds, requests, disk."""

from __future__ import annotations

import hashlib
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from deploy.local.forge import Forge, site
from deploy.local.forge.backend import is_fetch
from deploy.local.forge.repository import environment, git
from deploy.local.forge.web import Request, Response, Server
from workers.git import budget
from workers.git.mirror import Mirror
from workers.git.objects import Rules, complete
from workers.git.trees import content

GROUP = "first clone"
REPOSITORY = "your-org/large"
APPS, FILES = 1_000, 50
COMMITS, CHANGED = 1_000, 40
"""Commits after the first, and the files that each of them changes."""
MIB = 1024 * 1024


def figures(folder: Path) -> list[Figure]:
    """Clone a repository of 50,000 files and 1,001 commits both ways, and read an app of it."""
    with Forge(folder / "forge") as forge:
        forge.create(REPOSITORY)
        path = forge.state.repositories[REPOSITORY].path
        _import(path)
        counted = Counted(forge)
        try:
            return [
                figure
                for name, rules in (("whole", Rules()), ("without files", Rules(partial=True)))
                for figure in _measured(counted, folder / name, rules, name)
            ]
        finally:
            counted.server.stop()


class Counted:
    """Passes calls on to a forge; counts fetches and the bytes of all answers."""

    def __init__(self, forge: Forge) -> None:
        self._forge, self._lock = forge, threading.Lock()
        self.size = self.fetches = 0
        self.server = Server(self._answer)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/{REPOSITORY}.git"

    def _answer(self, request: Request) -> Response:
        answer = site.answer(self._forge.state, request)
        with self._lock:
            self.size += len(answer.body)
            self.fetches += request.path.endswith("git-upload-pack") and is_fetch(request)
        return answer


def _measured(counted: Counted, folder: Path, rules: Rules, name: str) -> Iterator[Figure]:
    mirror = Mirror(folder, counted.url, counted.url, rules=rules)
    for what in ("cloned", "an app's folder read"):
        counted.size = counted.fetches = 0
        begun = time.perf_counter()
        if what == "cloned":
            mirror.fetch()
        else:
            app = mirror.tree(mirror.resolve("main") or "").folder("app-7")
            complete([app])
            assert sum(len(content(blob)) for blob in app.blobs)
        seconds = time.perf_counter() - begun
        note = f"{counted.fetches} fetch requests"
        yield Figure(GROUP, f"{name}: {what}", seconds * 1000, "ms", note=note)
        yield Figure(GROUP, f"{name}: {what}, sent by the server", counted.size / MIB, "MiB")
    yield Figure(GROUP, f"{name}: disk", budget.size(mirror.path) / MIB, "MiB", note=f"{APPS * FILES} files")


def _import(repository: Path) -> None:
    """Write the history, and pack it as a forge does."""
    process = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--force"], cwd=repository, stdin=subprocess.PIPE, env=environment()
    )
    assert process.stdin is not None
    with process.stdin as into:
        for number in range(COMMITS + 1):
            into.write(b"commit refs/heads/main\ncommitter a <a@localhost> %d +0000\ndata 1\nx\n" % (number + 1))
            for at in range(APPS * FILES) if number == 0 else range(number * 7, number * 7 + CHANGED):
                app, file = divmod(at % (APPS * FILES), FILES)
                text = _text(app, file, number)
                into.write(b"M 100644 inline app-%d/%d.yaml\ndata %d\n%s\n" % (app, file, len(text), text))
    assert process.wait() == 0
    git(repository, "repack", "-adq")


def _text(app: int, file: int, number: int) -> bytes:
    """Return a manifest of 1 KB of which no two are much alike, as certificates and digests make them."""
    lines = [
        hashlib.sha256(f"{app} {file} {number if line < 4 else 0} {line}".encode()).hexdigest() for line in range(14)
    ]
    return "\n".join(
        [f"kind: ConfigMap # {app}/{file}", *(f"  key-{at}: {one}" for at, one in enumerate(lines))]
    ).encode()
