"""Whether an app that left the catalog may take its objects with it now, or waits for a person.

One app that goes is a wish; many that go at once are more often a folder deleted by mistake.
"""

from __future__ import annotations

from workers import apps
from workers.run import Run
from workers.stages import prune


def waits(run: Run) -> str:
    """Return why nothing of the app is deleted yet, "" when it may be.

    Once a person is asked, only a person's word will do, however few are left by then.
    """
    declarations, app = run.context.records.declarations, run.app
    since = declarations.held(app.name)
    if not since:
        leaving = [name for name in declarations.leaving() if _deletes(declarations.last(name))]
        sync, served = run.context.settings.sync, len(run.index.apps)
        if not prune.is_mass(len(leaving), served + len(leaving), sync.remove_most, sync.remove_percent):
            return ""
        since = declarations.hold([*leaving, app.name], run.context.records.clock())
    if max(app.approved, run.context.records.drift.approved(app.name)) >= since:
        return ""
    return (
        "no longer declared in the catalog, and neither are many others at once: nothing is deleted until that is "
        f"approved (hookline approve {app.name}), or the app is declared again"
    )


def _deletes(declaration: str) -> bool:
    return bool(declaration) and bool(apps.decoded(declaration).finalizer)
