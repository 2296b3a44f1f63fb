"""``hookline check|status|audit``: look, change nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from workers import clusters, configuration, secretrefs
from workers.apps import Index
from workers.catalog import Catalog
from workers.commands.console import Config, Json, err, out, print_json, sentences
from workers.errors import HooklineError
from workers.records import connect
from workers.settings import Settings

COLOURS = {"succeeded": "green", "not affected": "green", "failed": "red", "held": "yellow"}


def check(config: Config = None, as_json: Json = False) -> None:
    """Check the configuration, its secrets and every app document, without touching anything.

    Every problem is one line: file, line, field, what was expected. The exit status is 1 when there is any.

    Example: hookline check --config hookline.yaml
    """
    settings, problems = configuration.examine(config)
    found = [str(problem) for problem in problems]
    served = 0
    if settings:
        index = Catalog(settings.catalog.folders).index()
        served = sum(not app.fault for app in index.apps.values())
        found += [*missing_secrets(settings), *index.faults, *app_problems(settings, index)]
        for app in index.apps.values():
            for warning in app.warnings:
                err.print(f"[yellow]![/] {app.origin}: {warning}", highlight=False, soft_wrap=True)
    if as_json:
        print_json({"ok": not found, "apps": served, "problems": found})
    else:
        for problem in found:
            err.print(f"[red]✗[/] {problem}", highlight=False, soft_wrap=True)
        if not found:
            out.print(f"[green]✓[/] configuration and {served} app{'' if served == 1 else 's'} are fine")
    raise typer.Exit(1 if found else 0)


def missing_secrets(settings: Settings) -> list[str]:
    """Return a sentence for every secret reference that leads nowhere, with the field that holds it."""
    refs = {
        f"hooks.{name}.secrets[{i}]": ref for name, hook in settings.hooks.items() for i, ref in enumerate(hook.secrets)
    }
    refs |= {
        f"hooks.{name}.signing_keys[{i}]": ref
        for name, hook in settings.hooks.items()
        for i, ref in enumerate(hook.signing_keys)
    }
    refs |= {f"forges.{name}.token": forge.token for name, forge in settings.forges.items()}
    refs |= {f"issuers[{i}].key": issuer.key for i, issuer in enumerate(settings.issuers)}
    if settings.redis.url:
        refs["redis.url"] = settings.redis.url
    problems = []
    for field, ref in refs.items():
        try:
            secretrefs.read(ref)
        except HooklineError as error:
            problems.append(f"{field}: {error}")
    return problems


def app_problems(settings: Settings, index: Index) -> list[str]:
    """Return a sentence for every app that cannot be served."""
    problems = []
    for app in index.apps.values():
        if app.fault:
            problems.append(app.fault)
            continue
        try:
            clusters.name_for(settings, app)
        except HooklineError as error:
            problems.append(str(error))
    return problems


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
        index, records = Catalog(settings.catalog.folders).index(), connect(settings)
        names = [app] if app else sorted(index.apps)
        found = {name: records.progress.app(name) for name in names}
        history = records.progress.syncs(app) if app else []
        if as_json:
            apps = {name: asdict(record) | {"drift": records.drift.noted(name)} for name, record in found.items()}
            print_json({"apps": apps, "syncs": [asdict(sync) for sync in history]})
            return
        table = Table("app", "state", "revision", "since", "says", box=None)
        for name, record in found.items():
            state = "waiting" if record.wanted > record.done else record.outcome or "never synced"
            drifted = "; ".join(f"{ref} {text}" for ref, text in records.drift.noted(name).items())
            colour = COLOURS.get(state, "cyan")
            table.add_row(
                name,
                f"[{colour}]{state}[/]",
                record.revision[:7],
                _since(record.at),
                f"drift: {drifted}" if drifted else record.text,
            )
        out.print(table)
        for sync in history:
            out.print(
                f"[{COLOURS.get(sync.outcome, 'cyan')}]{sync.outcome}[/] {_since(sync.began)} "
                f"{sync.why} by {sync.who}: {sync.text}"
            )


def audit(
    config: Config = None,
    most: Annotated[int, typer.Option(help="How many entries.")] = 50,
    as_json: Json = False,
) -> None:
    """Show who asked for what, newest first.

    Example: hookline audit --most 10
    """
    with sentences():
        entries = connect(configuration.load(config)).audit.entries(most)
        if as_json:
            print_json(entries)
            return
        table = Table("when", "action", "app", "who", "reason", "from", box=None)
        for entry in entries:
            table.add_row(
                _since(float(entry["at"])),
                *(entry.get(name, "") for name in ("action", "app", "who", "reason", "address")),
            )
        out.print(table)


def _since(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""
