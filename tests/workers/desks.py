"""What the desks have in common: a forge of a kind over real HTTP, and a worker with a clock the test moves."""

from __future__ import annotations

import contextlib
import functools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import redis

from deploy.local.forge import Forge
from deploy.local.forge.repository import git
from tests.fixtures import Clock
from tests.workers.conftest import Counter
from workers import context, embedded
from workers.context import Context
from workers.records import Records
from workers.settings import Settings

Desk = TypeVar("Desk")


class Maker:
    """Where one desk is made: what it opens is closed with the module's last test."""

    def __init__(self, kind: str, folder: Path, client: redis.Redis, stack: contextlib.ExitStack) -> None:
        self.kind, self.folder = kind, folder
        self._client, self._stack = client, stack

    def forge(self) -> Forge:
        """Start a forge of the kind."""
        return self._stack.enter_context(Forge(self.folder / "forge", kind=self.kind))

    def worker(self, forge: Forge, **settings: Any) -> tuple[Clock, Context]:
        """Set a worker up for the forge; ``settings`` go over those that every desk has."""
        every = {
            "url": "https://hookline.example",
            "data": self.folder / "data",
            "hooks": {"main": {"forge": self.kind, "secrets": ["env:SECRET"]}},
            "forges": {"it": {"kind": self.kind, "api": forge.api, "token": "env:TOKEN"}},
        }
        clock = Clock()
        records = Records(self._client, clock)
        made = context.create(Settings.model_validate(every | settings), records, Counter(records))
        self._stack.enter_context(made.http)
        return clock, made


def standings(
    build: Callable[[Maker], Desk], folder: Callable[[str], Path], data: Path
) -> Iterator[Callable[[str], Desk]]:
    """Yield what gives the desk of a kind, each made once, whatever the order of the tests is."""
    with contextlib.ExitStack() as stack:
        socket = str(embedded.socket_of(data))
        client = stack.enter_context(redis.Redis(unix_socket_path=socket, decode_responses=True))
        yield functools.cache(lambda kind: build(Maker(kind, folder(kind), client, stack)))


def history(repository: Path) -> list[str]:
    """Give a new repository 80 commits; return them, oldest first."""
    told = "".join(f"commit refs/heads/main\ncommitter Ada <a> {one} +0000\ndata 0\n\n" for one in range(80))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=told.encode(), check=True)
    return git(repository, "rev-list", "--reverse", "main").splitlines()
