"""``hookline alerts``: who is told, how that goes, and a test of one target."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from workers import configuration, secretrefs
from workers.alert import Severity
from workers.alerts import sending
from workers.alerts.message import Message
from workers.alerts.routes import CLUSTER
from workers.commands import opening, showing
from workers.commands.console import Config, Json, err, marked, out, print_json, printable, sentences
from workers.errors import UnknownName
from workers.records.alerts import Standing
from workers.settings import Settings

app = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")


@app.callback(invoke_without_command=True)
def alerts(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Show every target of alerts: when it last took a message, what went wrong since, and how many alerts wait.

    Examples: hookline alerts; hookline alerts test chat
    """
    if context.invoked_subcommand:
        context.obj = config
        return
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        found = {name: records.alerts.standing(name) for name in outboxes(settings)}
        if as_json:
            print_json({"targets": [{"target": name} | asdict(standing) for name, standing in found.items()]})
            return
        if not settings.alerts.targets:
            err.print(marked("!", "yellow", "no target is configured: see `alerts.targets`"), soft_wrap=True)
        out.print(table(found))


def try_out(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="The target, by its name in the configuration.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Send a test message to one target, now and past its limits.

    Example: hookline alerts test chat
    """
    with sentences():
        settings = configuration.load(config or context.obj)
        declared = settings.alerts.targets.get(target)
        if declared is None:
            raise UnknownName(f"no target is called {target}: expected one of {sorted(settings.alerts.targets)}")
        said = Message("test of this target", f"Hookline sends alerts to {target}.", Severity.INFO)
        error = sending.deliver(secretrefs.read(declared.url), said, settings.alerts.timeout)
        if as_json:
            print_json({"target": target, "ok": not error, "error": error})
        elif error:
            err.print(marked("✗", "red", f"{target}: {error}"), soft_wrap=True)
        else:
            out.print(marked("✓", "green", f"{target} took the message"), soft_wrap=True)
        raise typer.Exit(1 if error else 0)


app.command("test")(try_out)


def outboxes(settings: Settings) -> list[str]:
    """Return the configured targets, then the clusters if alerts become Events there. Pure."""
    return [
        *settings.alerts.targets,
        *(f"{CLUSTER}{name}" for name in settings.clusters if settings.alerts.events),
    ]


def table(found: dict[str, Standing]) -> Table:
    """Return the targets as a table. Pure."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("target", "last sent", "last failed", "waiting", "says"):
        made.add_column(title, justify="right" if title == "waiting" else "left", overflow="fold")
    for name, standing in found.items():
        shown = f"Events of {name.removeprefix(CLUSTER)}" if name.startswith(CLUSTER) else name
        says = f"failed {standing.failures} times in a row: {standing.error}" if standing.failures else ""
        made.add_row(
            Text(shown, style="bold"),
            showing.stamp(standing.sent) if standing.sent else "never",
            showing.stamp(standing.failed) if standing.failed else "never",
            str(standing.waiting),
            Text(printable(says), style="red"),
        )
    return made
