"""``hookline``: the commands, gathered."""

from __future__ import annotations

import typer

from workers.commands import (
    alerting,
    asking,
    auditing,
    delivering,
    drifting,
    explaining,
    foretelling,
    holding,
    looking,
    processes,
    reference,
    rolling,
    validating,
)

app = typer.Typer(
    name="hookline",
    help="Event-driven GitOps: a merged change reaches the cluster and its commit turns green.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
for command in (
    looking.check,
    looking.status,
    drifting.drift,
    auditing.audit,
    asking.sync,
    rolling.rollback,
    asking.approve,
    asking.token,
):
    app.command()(command)
app.command("plan")(foretelling.planned)
app.command()(validating.validate)
app.command("why")(explaining.why_changed)
app.command(rich_help_panel="Holds")(holding.hold)
app.command(rich_help_panel="Holds")(holding.release)
app.command("holds", rich_help_panel="Holds")(holding.listed)
app.command(rich_help_panel="Deliveries")(delivering.deliveries)
app.command(rich_help_panel="Deliveries")(delivering.replay)
app.command(rich_help_panel="Deliveries")(delivering.hooks)
app.command(rich_help_panel="Reference")(reference.docs)
app.add_typer(alerting.app, name="alerts")
for process in (processes.web, processes.worker, processes.beat, processes.watch, processes.redis):
    app.command(rich_help_panel="Processes")(process)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
