"""The apps that wait for another one: they are looked at when that one's request has ended."""

from __future__ import annotations

from workers.apps import App
from workers.context import Context
from workers.flight import Mode
from workers.model import Outcome, Request, Why


def wake(context: Context, app: App, outcome: Outcome) -> None:
    """Send the apps that wait for this one; ask anew for those that gave up because of it."""
    progress, index = context.records.progress, context.catalog.index()
    if app.parent and progress.flight(app.parent):
        context.counter.send(app.parent)
    for other in index.dependents(app.name):
        flight = progress.flight(other.name)
        if flight and flight.mode is Mode.DEPEND:
            context.counter.send(other.name)
        elif outcome is Outcome.SUCCEEDED and progress.app(other.name).outcome in (Outcome.FAILED, Outcome.HELD):
            request = Request(other.name, 0, Why.SWEEP, f"app {app.name}", context.records.clock())
            context.counter.accept(None, [request])
