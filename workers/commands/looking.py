"""``hookline check|status``: look, change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from workers import configuration, situation
from workers.apps import App, Index
from workers.commands import durable, opening, problems, rights, showing
from workers.commands.console import Config, Json, err, marked, out, print_json, printable, sentences
from workers.model import AppRecord, SyncRecord
from workers.records import Records


def check(
    config: Config = None,
    ask: Annotated[bool, typer.Option("--ask", help="Also ask the forges for rights, Redis what it may lose.")] = False,
    as_json: Json = False,
) -> None:
    """Check the configuration, its secrets and every app document, without touching anything.

    Every problem is one line: file, line, field, what was expected. The exit status is 1 when there is any.

    Examples: hookline check --config hookline.yaml; hookline check --ask
    """
    settings, wrong = configuration.examine(config)
    found = [str(problem) for problem in wrong]
    warnings: list[str] = []
    served = 0
    if settings:
        index = problems.catalog(settings)
        served = sum(not app.fault for app in index.apps.values())
        found += problems.all_of(settings, index)
        warnings = [*problems.warnings(settings, index), *rights.strong(settings, index)]
        if ask:
            unusable, losing = durable.asked(settings)
            found += [*unusable, *rights.lacking(settings, index)]
            warnings += losing
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
        problems.check_name(app, index, records)
        names = [app] if app else sorted({*index.apps, *records.declarations.all_held()})
        found = {name: records.progress.app(name) for name in names}
        stands = situation.of(index, settings, records, found)
        said = {name: _said(index, records, name, record, stands[name].text) for name, record in found.items()}
        history = records.progress.syncs(app) if app else []
        if as_json:
            apps = {
                name: asdict(record)
                | {"state": said[name].state, "drift": records.repairs.noted(name)}
                | situation.plain(stands[name])
                for name, record in found.items()
            }
            print_json({"apps": apps, "syncs": [asdict(sync) for sync in history]})
            return
        for fault in index.faults:
            err.print(marked("!", "yellow", fault), soft_wrap=True)
        if app:
            _one(app, index.apps.get(app), said[app], history, stands[app].notes)
        else:
            for text in showing.rows({name: (said[name], found[name].revision) for name in found}, records.clock()):
                showing.line(text)


def _said(index: Index, records: Records, name: str, record: AppRecord, kept: str) -> showing.Shown:
    progress, drift = records.progress, records.repairs.noted(name)
    asked = max((request.at for request in progress.open_requests(name)), default=0.0)
    attempts = progress.attempts(name, record.wanted)
    return showing.shown(index.apps.get(name), record, progress.flight(name), attempts, asked, drift, kept)


def _one(name: str, app: App | None, said: showing.Shown, history: Sequence[SyncRecord], notes: Sequence[str]) -> None:
    """Print one app: what it is, what is said of it in full, and its last syncs."""
    since = f"  since {showing.stamp(said.since)}" if said.since else ""
    state = (said.state, showing.STYLES.get(said.state, showing.WAITING))
    showing.line(Text.assemble((printable(name), "bold"), "  ", state, since))
    views = [f"{one.url}, revision {one.revision}, path {one.path or 'none'}" for one in (app.views if app else ())]
    says = "" if history and said.says == history[0].text else said.says
    showing.block(
        [
            text
            for text in (
                says,
                *notes,
                *(views or ["no longer declared in the catalog"]),
                f"declared in {app.origin}" if app else "",
            )
            if text
        ]
    )
    for sync in history:
        showing.line(showing.finished(sync))
        showing.block([sync.text])
