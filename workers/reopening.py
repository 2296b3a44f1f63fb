"""Apps that wait for a sync window, asked for again as soon as their windows are others than those they wait for.

The moment when a window opens is kept with each app that waits. A window that is changed or taken out of its project
changes nothing there, and the app's own declaration stays as it was: only here is it seen. Asks for looks; the gate
decides.
"""

from __future__ import annotations

from workers import apps, endings, standing, windows
from workers.apps import App, Index
from workers.context import Context


def reopen(context: Context) -> None:
    """Ask for every app whose windows changed since the gate was closed to it. Asks Redis only."""
    records, index = context.records, context.catalog.index()
    waiting = records.holds.waiting()
    changed = {name: digest for name, digest in waiting.items() if _changed(context, index, name, digest)}
    if changed:
        endings.ask_all(context, changed, "sync windows changed")
        records.holds.reopened(changed)  # after the requests are recorded: a crash asks twice, not never


def digest(context: Context, index: Index, app: App) -> str:
    """Return a name of the windows that are for an app now."""
    return windows.digest(standing.windows_of(app, index, standing.cluster_of(context.settings, app)))


def _changed(context: Context, index: Index, name: str, waited: str) -> bool:
    app = index.apps.get(name)
    if app is None and (last := context.records.declarations.last(name)):
        app = apps.decoded(last)  # it left the catalog, and its removal waits
    # Of a project that is broken or gone nobody knows the windows: its apps are not synced, and go on waiting.
    return app is not None and not app.fault and digest(context, index, app) != waited
