"""Whether the apps that an app depends on let it go on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workers.apps import App
from workers.model import AppRecord, Outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """``ready`` to go on; or ``text`` says for what it waits, and ``ended`` that waiting alone will not help."""

    ready: bool
    text: str = ""
    ended: Outcome | None = None


READY = Standing(True)


def standing(app: App, apps: Mapping[str, App], record: Callable[[str], AppRecord]) -> Standing:
    """Return how the dependencies of ``app`` stand: the worst of them counts, and it is named."""
    waits = READY
    for name in app.depends:
        found = _one(name, apps.get(name), record)
        if found.ended:
            return found
        if not found.ready:
            waits = found
    return waits


def _one(name: str, app: App | None, record: Callable[[str], AppRecord]) -> Standing:
    if app is None:
        return Standing(False, f"depends on {name}, which is not declared", Outcome.FAILED)
    if app.fault:
        return Standing(False, f"depends on {name}, which is broken: {app.fault}", Outcome.FAILED)
    known = record(name)
    if known.wanted > known.done:
        return Standing(False, f"waiting for {name}")
    if known.outcome == Outcome.FAILED:
        return Standing(False, f"depends on {name}, which failed: {known.text}", Outcome.FAILED)
    if known.outcome == Outcome.HELD or (not known.outcome and not app.automated):
        return Standing(False, f"depends on {name}, which waits: {known.text or 'it was never synced'}", Outcome.HELD)
    return READY if known.outcome else Standing(False, f"waiting for {name}")
