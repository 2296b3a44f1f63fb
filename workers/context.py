"""What a worker process holds: settings, records, catalog and clusters, made once and handed down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import httpx2

from workers import apps, catalogs, intake, repositories
from workers.catalog import Catalog
from workers.clusters import Clusters
from workers.git.mirror import Mirror
from workers.model import Commit
from workers.records import Records, connect
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a stage may need."""

    settings: Settings
    records: Records
    catalog: Catalog
    clusters: Clusters
    http: httpx2.Client
    counter: Counter
    mirrors: dict[str, Mirror] = field(default_factory=dict, repr=False)
    """The mirrors this process has used: what they know of themselves is kept."""

    def mirror(self, app: apps.App) -> Mirror:
        """Return the mirror of an app's repository, cloned from where the configuration says."""
        found = self.mirrors.get(app.url)
        if found is None:
            found = Mirror(self.settings.data / "mirrors", app.url, clone_url(self.settings, app.url))
            self.mirrors[app.url] = found
        return found

    def served(self, app: apps.App, revision: str, ref: str = "") -> Commit | None:
        """Return where a commit of an app's repository is reported when no delivery said so."""
        name = repositories.canonical(app.url).partition("/")[2]
        for hook, declared in self.settings.hooks.items():
            if declared.forge in intake.REPORTED and repositories.matches(name, declared.repositories):
                return Commit(hook, name, revision, ref or f"refs/heads/{app.revision}")
        return None


def clone_url(settings: Settings, url: str) -> str:
    """Return where to clone ``url`` from: itself, or what the configuration maps it to."""
    wanted = repositories.canonical(url)
    for repository in settings.repositories:
        if repository.clone and repositories.canonical(repository.url) == wanted:
            return repository.clone
    return url


class Counter(intake.Counter, Protocol):
    """Where messages are sent: `workers.broker.Counter`, or a list in a test."""

    def send(self, app: str) -> None:
        """Ask for one more look at an app."""

    def publish(self, commit: str) -> None:
        """Ask for a look at a commit's statuses."""


def create(settings: Settings, records: Records, counter: Counter) -> Context:
    """Make the context of this process."""
    return Context(
        settings=settings,
        records=records,
        catalog=catalogs.open_(settings, records.children),
        clusters=Clusters(settings),
        http=httpx2.Client(timeout=10),
        counter=counter,
    )


__all__ = ["Context", "Counter", "clone_url", "connect", "create"]
