"""``hookline``: the commands, gathered."""

from __future__ import annotations

import typer

from workers.commands import asking, delivering, looking, processes, reference

app = typer.Typer(
    name="hookline",
    help="Event-driven GitOps: a merged change reaches the cluster and its commit turns green.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
for command in (looking.check, looking.status, looking.audit, asking.sync, asking.approve, asking.token):
    app.command()(command)
app.command(rich_help_panel="Deliveries")(delivering.deliveries)
app.command(rich_help_panel="Deliveries")(delivering.replay)
app.command(rich_help_panel="Deliveries")(delivering.hooks)
app.command(rich_help_panel="Reference")(reference.docs)
for process in (processes.web, processes.worker, processes.beat, processes.watch, processes.redis):
    app.command(rich_help_panel="Processes")(process)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
