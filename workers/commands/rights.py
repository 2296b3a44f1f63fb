"""What plans of pull requests need and do not have: an identity that cannot write, and rights at the forge."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from workers import clusters, repositories
from workers.apis import Hook
from workers.apps import App, Index
from workers.errors import HooklineError
from workers.forges import planning
from workers.forges.accounts import SECONDS, Accounts
from workers.forges.apps import PULLS
from workers.settings import Settings


def strong(settings: Settings, index: Index) -> Iterator[str]:
    """Yield a sentence for each cluster whose plans are made by whoever may write. Connects to nothing."""
    names = [f"hooks.{name}" for name, hook in settings.hooks.items() if hook.plans and settings.serving(hook)]
    if not names:
        return
    for cluster in sorted({_cluster(settings, app) for app in index.apps.values()} - {""}):
        if settings.clusters[cluster].plans is None:
            said = f"{' and '.join(names)} plan pull requests with the cluster's own credentials, which may write"
            yield f"clusters.{cluster}.plans: {said}: give plans an identity that cannot (docs/plans.md)"


def lacking(settings: Settings, index: Index) -> Iterator[str]:
    """Yield a sentence for each hook whose account may not plan pull requests; asks about one repository of each."""
    accounts = Accounts(settings)
    with httpx2.Client(timeout=SECONDS) as client:
        for name in settings.hooks:
            hook = settings.planning(name)
            repository = _repository(index, hook) if hook and hook.plans else ""
            if not repository:
                continue
            try:
                planning.check(accounts.of(name, repository, PULLS), client, name, repository)
            except HooklineError as error:
                yield f"hooks.{name}.plans: {error}"


def _repository(index: Index, hook: Hook) -> str:
    """Return a repository of an app that a hook is for, "" where there is none."""
    for url in sorted(index.by_repository):
        host, _, name = url.partition("/")
        if hook.host.lower() in ("", host.partition(":")[0]) and repositories.matches(name, hook.repositories):
            return name
    return ""


def _cluster(settings: Settings, app: App) -> str:
    try:
        return clusters.name_for(settings, app)
    except HooklineError:
        return ""
