"""``make bench``: measures on the real API server and prints one table, or JSON."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import counts, fleet, intake, latency
from benchmarks.figures import Figure
from benchmarks.site import opened
from deploy.local.control_plane import ControlPlane
from deploy.local.processes import signals_unwind

err = Console(stderr=True)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Pushes timed.")] = 30,
    repairs: Annotated[int, typer.Option(min=1, help="Repairs timed.")] = 20,
    apps: Annotated[int, typer.Option(min=1, help="Apps that one push changes.")] = 1000,
    only_intake: Annotated[bool, typer.Option("--intake", help="Measure the edge alone, without a cluster.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Measure one Hookline (web, one worker, beat, watch; default settings) on one machine.

    Example: python -m benchmarks --rounds 10 --json
    """
    with signals_unwind(), tempfile.TemporaryDirectory(prefix="hookline-bench-") as made:
        folder = Path(made)
        said(f"sending deliveries to an edge with {intake.APPS} apps")
        figures = intake.figures(folder / "intake")
        if not only_intake:
            figures += synced(folder, rounds, repairs, apps)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps([asdict(figure) for figure in figures]) + b"\n")
    else:
        Console().print(table(figures))


def synced(folder: Path, rounds: int, repairs: int, apps: int) -> list[Figure]:
    """Return what a push, a repair and a push to many apps cost on the way through a whole Hookline."""
    figures: list[Figure] = []
    with ControlPlane(folder / "cluster") as cluster:
        # The watch asks the API server on its own account: requests of a sync are counted without it.
        with opened(cluster, folder / "counted", watch=False) as site:
            said("counting requests")
            figures += counts.requests(site) + counts.shared(site)
        cluster.kubectl("delete", "deployment,service,configmap", "--all", "-n", "default")
        with opened(cluster, folder / "timed", watch=True) as site:
            said(f"timing {rounds} pushes")
            figures += latency.pushes(site, rounds)
            said(f"timing {repairs} repairs")
            figures += latency.repairs(site, repairs)
    with ControlPlane(folder / "many") as cluster, opened(cluster, folder / "fleet", watch=True) as site:
        said(f"syncing {apps} apps from one push, three times")
        figures += fleet.figures(site, apps)
    return figures


def said(text: str) -> None:
    """Say on standard error what goes on."""
    err.print(f"[dim]{text} …[/]")


def table(figures: list[Figure]) -> Table:
    """Return the figures as a table, a group at a time."""
    made = Table(title="Hookline, measured", title_style="bold", title_justify="left")
    made.add_column("what")
    made.add_column("", no_wrap=True)
    for name in ("median or count", "p95, p99"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("of what")
    group = ""
    for figure in figures:
        if figure.group != group:
            made.add_section()
        shown = [number(value, figure.unit) for value in (figure.value, figure.tail)]
        made.add_row("" if figure.group == group else figure.group, figure.name, *shown, figure.note)
        group = figure.group
    return made


def number(value: float | None, unit: str) -> str:
    """Return a value with its unit; ``""`` for none."""
    if value is None:
        return ""
    return f"{value:.0f} {unit}" if unit != "ms" or value >= 100 else f"{value:.1f} {unit}"


if __name__ == "__main__":
    typer.run(main)
