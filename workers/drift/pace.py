"""How often a cluster is swept for drift. Pure."""

from __future__ import annotations

from typing import Final

from workers import clusters
from workers.apps import Index
from workers.drift.looking import is_looked_for
from workers.errors import HooklineError
from workers.settings import Settings

LEAST: Final = 30.0
"""Seconds between two sweeps of a cluster that an app's own interval can bring about at the least."""


def every(settings: Settings, index: Index, cluster: str) -> float:
    """Return the seconds between two sweeps of a cluster: the configured ones, or the shortest interval of its apps.

    An interval below :data:`LEAST` counts as that; the configuration may ask for more.
    """
    usual = settings.sync.sweep_every
    intervals = [
        max(app.interval, LEAST)
        for app in index.apps.values()
        if 0 < app.interval < usual and is_looked_for(app) and _is_on(settings, index, app.name, cluster)
    ]
    return min([usual, *intervals])


def _is_on(settings: Settings, index: Index, name: str, cluster: str) -> bool:
    try:
        return clusters.name_for(settings, index.apps[name]) == cluster
    except HooklineError:
        return False
