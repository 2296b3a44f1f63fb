"""Deployments and environments of a stand-in, alike for every forge that has them. In memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Told:
    """What a forge was told of a deployment: its own word for the state, and where to look."""

    number: int
    state: str
    description: str = ""
    log_url: str = ""
    environment_url: str = ""
    creator: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment, and all that was told of it, oldest first. ``payload`` is JSON text."""

    number: int
    repository: str
    sha: str
    ref: str
    environment: str
    creator: str
    payload: str = "{}"
    description: str = ""
    transient: bool = False
    production: bool = False
    told: tuple[Told, ...] = ()
    at: float = 0.0

    @property
    def state(self) -> str:
        """What was told last, "" for nothing."""
        return self.told[-1].state if self.told else ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment as GitLab has it."""

    number: int
    repository: str
    name: str
    page: str = ""
    state: str = "available"


@dataclass(slots=True)
class Deployments:
    """All of a forge, in the order they came. Safe for threads."""

    all: list[Deployment] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def add(self, made: Deployment) -> Deployment:
        """Keep a new deployment (number 0)."""
        with self.guard:
            self.all.append(replace(made, number=len(self.all) + 1, at=time.time()))
            return self.all[-1]

    def get(self, repository: str, number: int) -> Deployment | None:
        """Return one of a repository."""
        with self.guard:
            found = self.all[number - 1] if 0 < number <= len(self.all) else None
            return found if found and found.repository == repository else None

    def of(self, repository: str, environment: str = "", sha: str = "") -> list[Deployment]:
        """Return those of a repository, newest first; "" means any."""
        with self.guard:
            mine = [one for one in self.all[::-1] if one.repository == repository]
            return [one for one in mine if environment in ("", one.environment) and sha in ("", one.sha)]

    def tell(self, number: int, told: Told) -> Deployment:
        """Add to what is told of one."""
        with self.guard:
            one = self.all[number - 1]
            count = sum(len(other.told) for other in self.all) + 1
            self.all[number - 1] = replace(one, told=(*one.told, replace(told, number=count, at=time.time())))
            return self.all[number - 1]

    def environment(self, repository: str, name: str) -> Environment | None:
        """Return one environment."""
        with self.guard:
            mine = (one for one in self.environments if one.repository == repository)
            return next((one for one in mine if one.name == name), None)

    def place(self, repository: str, name: str, **changes: str) -> Environment:
        """Return an environment, made if it is not there, with these fields."""
        with self.guard:
            found = self.environment(repository, name)
            if found is None:
                found = Environment(len(self.environments) + 1, repository, name)
                self.environments.append(found)
            changed = replace(found, **changes)  # type: ignore[arg-type]
            self.environments[found.number - 1] = changed
            return changed
