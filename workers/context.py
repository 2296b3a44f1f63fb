"""What a worker process holds: settings, records, catalog and clusters, made once and handed down."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Protocol

import httpx2

from workers import apps, catalogs, credentials, health, intake, packaged, repositories, verifying
from workers.accesses import Accesses, access_to
from workers.catalog import Catalog
from workers.clusters import Clusters
from workers.forges.accounts import Accounts
from workers.git.access import Access
from workers.git.mirror import Mirror
from workers.git.objects import Rules
from workers.git.submodules import Submodules
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
    accesses: Accesses
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
        clone = clone_url(self.settings, app.url)
        scope = self.accesses.scope(app, clone)
        place = repr((app.url, wanted, app.revision, app.server, app.cluster)) if wanted else app.url
        place = f"{scope} {place}"
        found = self.mirrors.get(place)
        if found is None:
            find, guard = self.accesses.finder(app, clone, scope), verifying.guard(self.settings, self.clusters, app)
            rules = replace(rules_of(self.settings), put_into=self._submodules().put_into)
            folder = self.settings.data / "mirrors"
            found = Mirror(folder, app.url, clone, find=find, guard=guard, scope=scope, rules=rules)
            self.mirrors[place] = found
        return found

    def _submodules(self) -> Submodules:
        """Return what puts submodules into trees: each comes from a mirror of its own."""
        allowed = functools.partial(credentials.is_below, self.settings.mirrors.submodules)
        return Submodules(allowed, functools.partial(_submodule, self.settings, self.accounts))

    def _shelf(self, app: apps.App) -> Mirror:
        """Return what is here of a chart or artifact."""
        scope = self.accesses.scope(app, packaged.web(app.url, app.chart))
        key = f"{scope} {packaged.shown(app.url, app.chart)}"
        found = self.mirrors.get(key)
        if found is None:

            def access(asked: str) -> Access | None:
                return self.accesses.finder(app, asked, scope)(False)

            found = opening.shelf(self.settings.data, self.settings.charts, access, app.url, app.chart, scope)
            self.mirrors[key] = found
        if isinstance(found, Shelf):
            found.follow(app.revision)
        return found

    def served(self, app: apps.App, revision: str, ref: str = "") -> Commit | None:
        """Return where a commit of an app's repository is reported when no delivery said so."""
        return served(self.settings, app, revision, ref)


def _submodule(settings: Settings, accounts: Accounts, url: str) -> Mirror:
    """Open the mirror of a submodule's repository."""
    clone = clone_url(settings, url)

    def find(anew: bool) -> Access | None:
        return access_to(settings, accounts, clone, anew=anew)

    return Mirror(settings.data / "mirrors", url, clone, find=find, rules=rules_of(settings))


def served(settings: Settings, app: apps.App, revision: str, ref: str = "") -> Commit | None:
    """Return where a commit of an app's repository is reported, ``None`` where no hook is for it. Pure."""
    if packaged.is_packaged(app.url, app.chart):
        return None  # no forge waits for a chart's version
    host, _, name = repositories.canonical(app.url).partition("/")
    for hook, declared in settings.hooks.items():
        if declared.host.lower() not in ("", host.partition(":")[0]):
            continue  # the same name at another forge
        if declared.forge in intake.REPORTED and repositories.matches(name, declared.repositories):
            return Commit(hook, name, revision, ref or f"refs/heads/{app.revision}")
    return None


def rules_of(settings: Settings) -> Rules:
    """Return how repositories are mirrored. Pure."""
    return Rules(settings.mirrors.partial, settings.mirrors.largest_file)


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

    def comment(self, delivery: str) -> None:
        """Ask for what a delivery's comment approves to be decided."""

    def plan(self, pull: str) -> None:
        """Ask for a look at a pull request."""

    def inquiry(self, name: str) -> None:
        """Ask for an answer to what was asked over the API."""

    def deploy(self, environment: str) -> None:
        """Ask for the forge to be told of an environment."""

    def land(self, commit: str) -> None:
        """Ask for the pull request that a commit came from to be told of its deployment."""

    def alert(self, outbox: str) -> None:
        """Ask for an outbox of alerts to be emptied."""


def create(settings: Settings, records: Records, counter: Counter) -> Context:
    """Make the context of this process."""
    clusters, accounts, http = Clusters(settings), Accounts(settings), httpx2.Client(timeout=10)
    return Context(
        settings=settings,
        records=records,
        catalog=catalogs.open_(settings, records.children),
        clusters=clusters,
        http=http,
        accounts=accounts,
        accesses=Accesses(settings, accounts, clusters, http),
        counter=counter,
        checks=loading.load(settings.health.folders, settings.health.configmaps),
    )


__all__ = ["Context", "Counter", "clone_url", "connect", "create", "served"]
