"""``make bench``: measures on the real API server and prints one table, or JSON."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from benchmarks import (
    clones,
    counts,
    emergency,
    fleet,
    intake,
    large,
    latency,
    monorepo,
    plans,
    renders,
    statuses,
    sweeping,
    watching,
)
from benchmarks.figures import Figure, table
from benchmarks.site import opened
from deploy.local.control_plane import ControlPlane
from deploy.local.processes import signals_unwind

err = Console(stderr=True)


class Part(StrEnum):
    """What can be measured alone."""

    INTAKE = "intake"
    SYNCS = "syncs"
    STATUSES = "statuses"
    EMERGENCY = "emergency"
    WATCH = "watch"
    PLANS = "plans"
    RENDERS = "renders"
    MONOREPO = "monorepo"
    LARGE = "large"
    CLONES = "clones"


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Pushes timed.")] = 30,
    repairs: Annotated[int, typer.Option(min=1, help="Repairs timed, of each kind.")] = 50,
    apps: Annotated[int, typer.Option(min=1, help="Apps that one push changes.")] = 1000,
    objects: Annotated[int, typer.Option(min=4, help="Objects that the watch has to watch.")] = 20_000,
    events: Annotated[int, typer.Option(min=1, help="Events that it is sent.")] = 10_000,
    files: Annotated[int, typer.Option(min=1, help="Files of the monorepo.")] = 50_000,
    only: Annotated[Part | None, typer.Option(help="Measure this part alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Measure one Hookline (web, one worker, beat, watch; default settings) on one machine.

    Example: python -m benchmarks --rounds 10 --json
    """
    with signals_unwind(), tempfile.TemporaryDirectory(prefix="hookline-bench-") as made:
        folder = Path(made)
        figures: list[Figure] = []
        if only in (None, Part.INTAKE):
            said(f"sending deliveries to an edge with {intake.APPS} apps")
            figures += intake.figures(folder / "intake")
        if only in (None, Part.SYNCS):
            figures += synced(folder, rounds, apps)
        if only in (None, Part.STATUSES):
            figures += reported(folder, rounds, apps)
        if only in (None, Part.EMERGENCY):
            figures += hurried(folder, apps, rounds)
        if only in (None, Part.WATCH):
            figures += watched(folder, repairs, objects, events)
        if only in (None, Part.PLANS):
            figures += foretold(folder, rounds)
        if only in (None, Part.RENDERS):
            said(f"rendering folders {rounds} times each")
            figures += renders.figures(folder / "renders", rounds)
        figures += large_ones(folder, only, rounds, apps, files)
        if only in (None, Part.CLONES):
            said(f"cloning a repository of {clones.APPS * clones.FILES} files")
            figures += clones.figures(folder / "clones")
    if as_json:
        sys.stdout.buffer.write(orjson.dumps([asdict(figure) for figure in figures]) + b"\n")
    else:
        Console().print(table(figures))


def watched(folder: Path, repairs: int, objects: int, events: int) -> list[Figure]:
    """Return how soon drift is repaired, and what it costs to watch and to sweep many objects."""
    with ControlPlane(folder / "drifting") as cluster, opened(cluster, folder / "drift", watch=True) as site:
        said(f"timing {repairs} repairs of each kind")
        figures = watching.repairs(site, repairs)
        said(f"changing {watching.AT_ONCE} objects at once")
        figures += watching.at_once(site)
    with (
        ControlPlane(folder / "loaded", full=False) as cluster,
        opened(cluster, folder / "load", watch=True) as site,
    ):
        for number in (objects // 5, objects):
            said(f"applying {number} objects, and sweeping them")
            paths = watching.applied(site, number)
            figures += sweeping.figures(site, number // 4, number)
        said(f"watching {events} events")
        return figures + watching.load(site, paths, objects, events)


def reported(folder: Path, rounds: int, apps: int) -> list[Figure]:
    """Return how soon commits get their statuses, and how many writes that takes."""
    with ControlPlane(folder / "reporting") as cluster, opened(cluster, folder / "reports", watch=True) as site:
        said(f"timing the statuses of {rounds} pushes, at a forge that takes its time")
        return statuses.figures(site, rounds) + statuses.writes(site, apps)


def synced(folder: Path, rounds: int, apps: int) -> list[Figure]:
    """Return what a push and a push to many apps cost on the way through a whole Hookline."""
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
    with ControlPlane(folder / "many") as cluster, opened(cluster, folder / "fleet", watch=True) as site:
        said(f"syncing {apps} apps from one push, three times")
        figures += fleet.figures(site, apps)
    return figures


def hurried(folder: Path, apps: int, rounds: int) -> list[Figure]:
    """Return how long an emergency sync takes while many merges wait."""
    with ControlPlane(folder / "hurried", full=False) as cluster, opened(cluster, folder / "hurry", watch=True) as site:
        said(f"asking for {rounds} emergencies while {apps} apps wait")
        return emergency.figures(site, apps, rounds)


def large_ones(folder: Path, only: Part | None, rounds: int, apps: int, files: int) -> list[Figure]:
    """Return what a repository of many apps costs, and an app of many objects."""
    figures: list[Figure] = []
    if only in (None, Part.MONOREPO):
        with ControlPlane(folder / "one", full=False) as cluster, opened(cluster, folder / "mono", watch=False) as site:
            said(f"pushing to a repository of {apps} apps and {files} files")
            figures += monorepo.figures(site, apps, files, min(rounds, 10))
    if only in (None, Part.LARGE):
        with ControlPlane(folder / "heavy") as cluster, opened(cluster, folder / "large", watch=False) as site:
            said(f"syncing an app of {renders.MANY} objects")
            figures += large.figures(site, renders.MANY)
    return figures


def foretold(folder: Path, rounds: int) -> list[Figure]:
    """Return what plans of pull requests cost."""
    with ControlPlane(folder / "foretold") as cluster, opened(cluster, folder / "plans", watch=False) as site:
        said(f"planning {3 * rounds} pull requests")
        return plans.figures(site, rounds)


def said(text: str) -> None:
    """Say on standard error what goes on."""
    err.print(f"[dim]{text} …[/]")


if __name__ == "__main__":
    typer.run(main)
