"""The check runs of a stand-in, whoever made them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deploy.local.forge.github.apps import App


@dataclass(frozen=True, slots=True)
class Run:
    """One check run, and how often it was written."""

    number: int
    repository: str
    sha: str
    app: App
    fields: Mapping[str, Any]
    writes: int = 1

    @property
    def state(self) -> str:
        """Its conclusion, or its status while there is none."""
        return str(self.fields.get("conclusion") or self.fields.get("status") or "queued")


@dataclass(slots=True)
class Runs:
    """All check runs, oldest first. Safe for threads."""

    all: list[Run] = field(default_factory=list)
    guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def put(self, run: Run) -> Run:
        """Keep a run, new (number 0) or changed."""
        with self.guard:
            if not run.number:
                self.all.append(replace(run, number=len(self.all) + 1))
                return self.all[-1]
            self.all[run.number - 1] = run
            return run

    def get(self, repository: str, number: int) -> Run | None:
        """Return one run of a repository."""
        with self.guard:
            found = self.all[number - 1] if 0 < number <= len(self.all) else None
            return found if found and found.repository == repository else None
