"""The commands of ``python -m deploy.local``: build, beside, which, env, up."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import beside as builder
from deploy.local import binaries, toolchain
from deploy.local.build import ensure, ensure_alone
from deploy.local.control_plane import ControlPlane
from deploy.local.processes import signals_unwind
from workers.errors import HooklineError

app = typer.Typer(
    help="A throw-away Kubernetes control plane on this machine.", no_args_is_help=True, add_completion=False
)
console = Console(highlight=False, soft_wrap=True)


@app.command()
def build(
    gitea: Annotated[bool, typer.Option("--gitea", help="Build Gitea, and no control plane.")] = False,
    vault: Annotated[bool, typer.Option("--vault", help="Build Vault, and no control plane.")] = False,
) -> None:
    """Build whatever the cache does not have, once."""
    began = time.monotonic()
    alone = [recipe for recipe, asked in ((binaries.GITEA, gitea), (binaries.VAULT, vault)) if asked]
    for recipe in alone:
        folder, took = ensure_alone(recipe), time.monotonic() - began
        console.print(f"{recipe.name.title()} is ready in {folder} ({took:.0f} s)", markup=False)
    if alone:
        return
    found = ensure()
    took = time.monotonic() - began
    console.print(f"{len(found.paths)} binaries are ready in {binaries.cache_folder()} ({took:.0f} s)", markup=False)


@app.command(context_settings={"ignore_unknown_options": True})
def beside(command: Annotated[list[str], typer.Argument(help="What to run, after --.")]) -> None:
    """Run a command while all that the cache lacks is built; it may wait for that. Ends with the command's status."""
    raise typer.Exit(builder.run(command, [*binaries.wanted(), binaries.GITEA, binaries.VAULT]))


@app.command()
def which() -> None:
    """Print where each binary is; fails when one is not built yet."""
    found = binaries.locate()
    for name, path in sorted(found.paths.items()):
        typer.echo(f"{name}\t{path}")


@app.command()
def env() -> None:
    """Print the settings in force, for a bug report or the key of a CI cache."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("cache", str(binaries.cache_folder()))
    table.add_row("KUBEBUILDER_ASSETS", os.environ.get("KUBEBUILDER_ASSETS") or "not set")
    for recipe in (*binaries.wanted(), binaries.GITEA, binaries.VAULT):
        folder = binaries.folder_of(recipe, binaries.cache_folder())
        table.add_row(recipe.name, f"{folder.name} ({'built' if folder.is_dir() else 'not built'})")
        minimum = toolchain.required((recipe.source / "go.mod").read_text("utf-8"))
    try:
        table.add_row("go", str(toolchain.find(minimum)))
    except toolchain.NoToolchain as error:
        table.add_row("go", str(error))
    console.print(table)


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Keep everything here, not in a temporary folder.")] = None,
) -> None:
    """Start a control plane and keep it until Ctrl-C."""
    found = ensure()
    began = time.monotonic()
    try:
        with ControlPlane(data, binaries=found) as plane:
            typer.echo(f"ready after {time.monotonic() - began:.1f} s: {plane.url}")
            typer.echo(instructions(plane))
            while True:
                plane.processes.check()
                time.sleep(1)
    except KeyboardInterrupt:
        typer.echo("stopped")


def instructions(plane: ControlPlane) -> str:
    """Return commands to paste into another terminal."""
    return "\n".join(
        [
            f"  export KUBECONFIG={plane.kubeconfig}",
            f"  export PATH={Path(sys.executable).parent}:$PATH",
            "  kubectl get nodes",
            "  kubectl create deployment hello --image=nginx --replicas=3",
            "  kubectl get pods --watch",
            f"logs: {plane.processes.logs}",
            f"every request: {plane.audit_log}",
            "Ctrl-C ends it all",
        ]
    )


def main() -> None:
    """Run a command; a foreseen error is its message and status 1."""
    try:
        with signals_unwind():
            app()
    except HooklineError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
