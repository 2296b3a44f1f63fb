"""Which outboxes an alert goes to. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from workers import clusters
from workers.alert import Kind
from workers.apps import App
from workers.errors import BadDeclaration
from workers.groups import Alerts, Target
from workers.settings import Settings

CLUSTER: Final = "cluster:"
"""Begins the name of the outbox whose alerts become Kubernetes Events; no target's name holds a colon."""


def routes(settings: Settings, app: App, kind: Kind) -> dict[str, float]:
    """Return the outboxes for an alert about an app, each with the seconds it waits for others to join it."""
    found = {
        name: target.group_seconds
        for name, target in settings.alerts.targets.items()
        if is_for(name, target, app) and (not target.kinds or kind in target.kinds)
    }
    if settings.alerts.events and (cluster := cluster_of(settings, app)):
        found[f"{CLUSTER}{cluster}"] = 0.0
    return found


def is_for(name: str, target: Target, app: App) -> bool:
    """Whether a target hears of an app: the app names it or is picked by it, and the target takes its project."""
    picked = name in app.alerts or any(fnmatchcase(app.name, glob) for glob in target.apps)
    return picked and any(fnmatchcase(app.project, glob) for glob in target.projects)


def cluster_of(settings: Settings, app: App) -> str:
    """Return the configured name of an app's cluster, "" for one that has none."""
    try:
        return clusters.name_for(settings, app)
    except BadDeclaration:
        return ""


def unknown(declared: Alerts, app: App) -> list[str]:
    """Return the targets an app names that nobody configured."""
    return [name for name in app.alerts if name not in declared.targets]
