"""What a worker process holds: settings, records, catalog and clusters, made once and handed down."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Protocol

import httpx2

from workers import apps, catalogs, credentials, health, intake, packaged, repositories, secretrefs, verifying
from workers.catalog import Catalog
from workers.clusters import Clusters
from workers.forges.accounts import Accounts
from workers.forges.apps import CLONING
from workers.git.access import Access, Key, Login
from workers.git.mirror import Mirror
from workers.health import loading
from workers.model import Commit
from workers.packages import opening
from workers.packages.shelf import Shelf
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
    accounts: Accounts
    counter: Counter
    checks: health.Checks = health.NONE
    """What the configuration adds to the rules that judge objects."""
    mirrors: dict[str, Mirror] = field(default_factory=dict, repr=False)
    """The mirrors this process has used: what they know of themselves is kept."""

    def mirror(self, app: apps.App) -> Mirror:
        """Return the mirror of an app's repository, cloned from where the configuration says.

        It gives no files of a commit that is not signed as the app's sources have to be.
        """
        if packaged.is_packaged(app.url, app.chart):
            return self._shelf(app)
        wanted = verifying.demands(self.settings, app)
        place = repr((app.url, wanted, app.revision, app.server, app.cluster)) if wanted else app.url
        found = self.mirrors.get(place)
        if found is None:
            clone = clone_url(self.settings, app.url)
            access = access_to(self.settings, self.accounts, clone)
            guard = verifying.guard(self.settings, self.clusters, app)
            found = Mirror(self.settings.data / "mirrors", app.url, clone, access=access, guard=guard)
            self.mirrors[place] = found
        return found

    def _shelf(self, app: apps.App) -> Mirror:
        """Return what is here of a chart or artifact."""
        key = packaged.shown(app.url, app.chart)
        found = self.mirrors.get(key)
        if found is None:
            access = functools.partial(access_to, self.settings, self.accounts)
            found = opening.shelf(self.settings.data, self.settings.charts, access, app.url, app.chart)
            self.mirrors[key] = found
        if isinstance(found, Shelf):
            found.follow(app.revision)
        return found

    def served(self, app: apps.App, revision: str, ref: str = "") -> Commit | None:
        """Return where a commit of an app's repository is reported when no delivery said so."""
        if packaged.is_packaged(app.url, app.chart):
            return None  # no forge waits for a chart's version
        host, _, name = repositories.canonical(app.url).partition("/")
        for hook, declared in self.settings.hooks.items():
            if declared.host.lower() not in ("", host.partition(":")[0]):
                continue  # the same name at another forge
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


def access_to(settings: Settings, accounts: Accounts, clone: str) -> Access | None:
    """Return the credential for what is fetched from ``clone``, ``None`` when none is for it. Reads no secret yet."""
    name = credentials.fitting(settings.repository_credentials, clone)
    if not name:
        return None
    declared = settings.repository_credentials[name]
    setting = f"repository_credentials.{name}"

    def secret() -> Login | Key:
        if declared.ssh_key and declared.known_hosts:
            return Key(secretrefs.read(declared.ssh_key), secretrefs.read(f"file:{declared.known_hosts}"))
        if declared.password:
            return Login(declared.username, secretrefs.read(declared.password))
        repository = repositories.canonical(clone).partition("/")[2]
        return Login(declared.username, accounts.named(declared.forge, repository, CLONING).secret())

    return Access(setting, len(credentials.prefix(declared.url).segments), secret)


class Counter(intake.Counter, Protocol):
    """Where messages are sent: `workers.broker.Counter`, or a list in a test."""

    def send(self, app: str) -> None:
        """Ask for one more look at an app."""

    def publish(self, commit: str) -> None:
        """Ask for a look at a commit's statuses."""

    def comment(self, delivery: str) -> None:
        """Ask for what a delivery's comment approves to be decided."""

    def plan(self, pull: str) -> None:
        """Ask for a look at a pull request."""

    def inquiry(self, name: str) -> None:
        """Ask for an answer to what was asked over the API."""

    def alert(self, outbox: str) -> None:
        """Ask for an outbox of alerts to be emptied."""


def create(settings: Settings, records: Records, counter: Counter) -> Context:
    """Make the context of this process."""
    return Context(
        settings=settings,
        records=records,
        catalog=catalogs.open_(settings, records.children),
        clusters=Clusters(settings),
        http=httpx2.Client(timeout=10),
        accounts=Accounts(settings),
        counter=counter,
        checks=loading.load(settings.health.folders, settings.health.configmaps),
    )


__all__ = ["Context", "Counter", "clone_url", "connect", "create"]
