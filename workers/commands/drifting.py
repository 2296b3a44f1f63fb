"""``hookline drift``: what differs from Git now, what is done about it, and what was put back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from workers import configuration
from workers.apps import App, Index
from workers.commands import opening, problems, showing
from workers.commands.console import Config, Json, out, print_json, printable, sentences
from workers.records import Records

STYLES = {"report": "yellow", "wait": "cyan", "stop": "bold red"}
WORDS = {"report": "reported", "wait": "waits", "stop": "left alone"}


def drift(
    app: Annotated[str, typer.Argument(help="One app, with its last repairs; all that drifted when left out.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show which objects are not as they were applied, who changed them, and what is done about it.

    Examples: hookline drift; hookline drift myapp --json
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        index = problems.catalog(settings, records)
        problems.check_name(app, index, records)
        found = {name: _found(index, records, name, bool(app)) for name in ([app] if app else sorted(index.apps))}
        if as_json:
            print_json({"apps": found})
            return
        if not app and not any(one["drift"] for one in found.values()):
            out.print("[green]✓[/] nothing has drifted, as far as anybody looked")
        for name, one in found.items():
            if app or one["drift"]:
                _print(name, one, records.clock())


def _found(index: Index, records: Records, name: str, history: bool) -> dict[str, Any]:
    app: App | None = index.apps.get(name)
    notes = [{"object": str(ref), **asdict(note)} for ref, note in sorted(records.repairs.notes(name).items())]
    repaired = [asdict(one) for one in records.repairs.history(name)] if history else []
    return {"mode": app.drift.value if app else "", "drift": notes, "repaired": repaired}


def _print(name: str, found: dict[str, Any], now: float) -> None:
    mode = f"  drift: {found['mode']}" if found["mode"] else "  no longer declared"
    showing.line(Text.assemble((printable(name), "bold"), mode))
    for one in found["drift"]:
        word = (f"{WORDS.get(one['does'], one['does']):<11}", STYLES.get(one["does"], ""))
        age = f"{showing.age(now - one['since']):<5}"
        showing.line(Text.assemble("  ", word, age, printable(f"{one['object']}: {one['text']}")))
    for one in found["repaired"]:
        took = f"repaired {showing.stamp(one['at'])} in {one['seconds']:.1f} s  "
        showing.line(Text.assemble("  ", (took, "green"), printable(f"{one['object']}: {one['text']}")))
