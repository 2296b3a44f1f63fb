"""``hookline check|status|audit``: look, change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from workers import configuration
from workers.apps import App, Index
from workers.commands import opening, problems, showing
from workers.commands.console import Config, Json, err, marked, out, print_json, printable, sentences
from workers.errors import UnknownName
from workers.model import AppRecord, SyncRecord
from workers.records import Records


def check(config: Config = None, as_json: Json = False) -> None:
    """Check the configuration, its secrets and every app document, without touching anything.

    Every problem is one line: file, line, field, what was expected. The exit status is 1 when there is any.

    Example: hookline check --config hookline.yaml
    """
    settings, wrong = configuration.examine(config)
    found = [str(problem) for problem in wrong]
    warnings: list[str] = []
    served = 0
    if settings:
        index = problems.catalog(settings)
        served = sum(not app.fault for app in index.apps.values())
        found += problems.all_of(settings, index)
        warnings = problems.warnings(settings, index)
    for warning in warnings:
        err.print(marked("!", "yellow", warning), soft_wrap=True)
    if as_json:
        print_json({"ok": not found, "apps": served, "problems": found, "warnings": warnings})
    else:
        for problem in found:
            err.print(marked("✗", "red", problem), soft_wrap=True)
        if not found:
            out.print(f"[green]✓[/] configuration and {served} app{'' if served == 1 else 's'} are fine")
    raise typer.Exit(1 if found else 0)


def status(
    app: Annotated[str, typer.Argument(help="One app; all when left out.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show every app, or one with its last syncs.

    Examples: hookline status; hookline status myapp --json
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        index = problems.catalog(settings, records)
        if app and app not in index.apps and app not in records.progress.apps():
            raise UnknownName(f"no app is called {app}: `hookline status` lists them all")
        found = {name: records.progress.app(name) for name in ([app] if app else sorted(index.apps))}
        said = {name: _said(index, records, name, record) for name, record in found.items()}
        history = records.progress.syncs(app) if app else []
        if as_json:
            apps = {
                name: asdict(record) | {"state": said[name].state, "drift": records.drift.noted(name)}
                for name, record in found.items()
            }
            print_json({"apps": apps, "syncs": [asdict(sync) for sync in history]})
            return
        for fault in index.faults:
            err.print(marked("!", "yellow", fault), soft_wrap=True)
        if app:
            _one(app, index.apps.get(app), said[app], history)
        else:
            for text in showing.rows({name: (said[name], found[name].revision) for name in found}, records.clock()):
                showing.line(text)


def _said(index: Index, records: Records, name: str, record: AppRecord) -> showing.Shown:
    progress, drift = records.progress, records.drift.noted(name)
    asked = max((request.at for request in progress.open_requests(name)), default=0.0)
    attempts = progress.attempts(name, record.wanted)
    return showing.shown(index.apps.get(name), record, progress.flight(name), attempts, asked, drift)


def _one(name: str, app: App | None, said: showing.Shown, history: Sequence[SyncRecord]) -> None:
    """Print one app: what it is, what is said of it in full, and its last syncs."""
    since = f"  since {showing.stamp(said.since)}" if said.since else ""
    state = (said.state, showing.STYLES.get(said.state, showing.WAITING))
    showing.line(Text.assemble((printable(name), "bold"), "  ", state, since))
    source = f"{app.url}, revision {app.revision}, path {app.path}" if app else "no longer declared in the catalog"
    says = "" if history and said.says == history[0].text else said.says
    showing.block([text for text in (says, source, f"declared in {app.origin}" if app else "") if text])
    for sync in history:
        showing.line(showing.finished(sync))
        showing.block([sync.text])


def audit(
    config: Config = None,
    most: Annotated[int, typer.Option(help="How many entries.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show who asked for what, newest first.

    Example: hookline audit --most 10
    """
    with sentences():
        entries = opening.records(configuration.load(config)).audit.entries(most)
        if as_json:
            print_json(entries)
            return
        for entry in entries:
            fields = [entry.get(name, "") for name in ("action", "app", "who", "address")]
            showing.line(Text(printable("  ".join([showing.stamp(float(entry["at"])), *filter(None, fields)]))))
            showing.block([entry["reason"]] if entry.get("reason") else [])
