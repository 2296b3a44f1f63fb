"""``make demo``: plays the story on real parts and prints it as a timeline. A miss makes the exit status non-zero."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Forge
from deploy.local.gitea import Gitea
from deploy.local.host import Host
from deploy.local.processes import signals_unwind
from deploy.local.stack import PUBLIC_URL, REPOSITORY, Stack, application
from deploy.local.story import Miss, Step, Story
from workers.errors import HooklineError

console = Console()
MARKS = ("202", "changed", "applied", "healthy", "status")


def main(
    keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, to play with.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save what was printed as an SVG picture.")] = None,
    forge: Annotated[Literal["stand-in", "gitea"], typer.Option(help="Where the repository is.")] = "stand-in",
) -> None:
    """Play the story of Hookline on a real control plane, in a folder that is removed afterwards."""
    if picture:
        console.record = True
    began = time.monotonic()
    with contextlib.ExitStack() as stack, signals_unwind():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hookline-demo-")))
        try:
            with console.status("starting etcd, kube-apiserver, controllers, scheduler and simulated nodes …"):
                cluster = stack.enter_context(ControlPlane(folder / "cluster"))
            console.print(f"[green]✓[/] control plane {cluster.url} after {time.monotonic() - began:.1f} s")
            host = opened(forge, folder / "forge", stack)
            console.print(f"[green]✓[/] {forge} {host.url} after {time.monotonic() - began:.1f} s")
            hookline = Stack(folder, cluster.kubeconfig, host)
            (hookline.catalog / "myapp.yaml").write_text(application(host))
            with console.status("starting Redis, web, worker, beat and watch …"):
                stack.enter_context(hookline)
            console.print(f"[green]✓[/] Hookline {hookline.url} after {time.monotonic() - began:.1f} s")
            story = Story(hookline, cluster.kubectl, cluster.kubeconfig, folder)
            stack.enter_context(story.sight)
            played = play(story)
            console.print(timeline(played))
            if forge == "gitea":
                console.print(shown(host, story))
            console.print(f"[green]✓[/] the story went as told, {time.monotonic() - began:.0f} s in all")
            if picture:
                console.save_svg(str(picture), title="make demo")
            if keep:
                stay(hookline, cluster.kubeconfig, folder, story)
        except (Miss, TimeoutError, HooklineError) as error:
            console.print(f"[red]✗[/] {error}", highlight=False)
            show_logs(folder)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            console.print("stopping")


def opened(kind: str, folder: Path, stack: contextlib.ExitStack) -> Host:
    """Start a forge of a kind with the repository, which has no commit yet; it ends with ``stack``."""
    if kind == "gitea":
        gitea = stack.enter_context(Gitea(folder))
        gitea.create(REPOSITORY)
        return gitea
    forge = stack.enter_context(Forge(folder))
    forge.create(REPOSITORY, public_url=PUBLIC_URL)
    return forge


def shown(host: Host, story: Story) -> Table:
    """Return what the forge shows of every commit that Hookline was told of, read back from it, oldest first."""
    table = Table(title=f"read back from {host.url}/{REPOSITORY}", title_style="bold", title_justify="left")
    for column in ("commit", "", "status", "says"):
        table.add_column(column)
    for line in story.checkout.run("log", "--first-parent", "--reverse", "--format=%H %s").splitlines():
        sha, _, subject = line.partition(" ")
        for status in host.statuses(sha=sha, context="hookline")[-1:]:
            table.add_row(sha[:7], subject, status.state, status.description)
    return table


def play(story: Story) -> list[Step]:
    """Play every step, saying how it went as it goes."""
    played = []
    for title, act in story.steps():
        with console.status(f"{title} …"):
            step = story.play(title, act)
        total = max(step.marks.values(), default=0.0)
        console.print(
            f"[green]✓[/] {title} [dim]{total:.2f} s{f'; {step.note}' if step.note else ''}[/]", highlight=False
        )
        played.append(step)
    return played


def timeline(played: list[Step]) -> Table:
    """Return the story as a table: seconds from each step's beginning to each mark."""
    table = Table(title="seconds from the beginning of each step", title_style="bold", title_justify="left")
    table.add_column("step")
    for mark in MARKS:
        table.add_column(f"→ {mark}", justify="right")
    for step in played:
        table.add_row(step.title, *(f"{step.marks[mark]:.2f}" if mark in step.marks else "" for mark in MARKS))
    return table


def stay(hookline: Stack, kubeconfig: Path, folder: Path, story: Story) -> None:
    """Print where everything is and ready-made commands, then wait for Ctrl-C."""
    command = shlex.join(hookline.command)
    lines = [
        ("statuses", hookline.forge.url),
        ("Hookline", hookline.url),
        ("repository", str(story.checkout.folder)),
        ("logs", str(folder / "logs")),
    ]
    for name, value in lines:
        console.print(f"  [bold]{name:<11}[/]{value}", soft_wrap=True)
    console.print("\ncommands to try (Ctrl-C here ends everything):\n")
    secret_names = [name for name in hookline.environment if name.startswith(("DEMO_", "HOOKLINE_CONFIG"))]
    settings = " ".join(f"{name}={shlex.quote(hookline.environment[name])}" for name in secret_names)
    edit = f"cd {shlex.quote(str(story.checkout.folder))} && sed -i 's/replicas: .*/replicas: 4/' myapp/deployment.yaml"
    edit += " && git commit -am 'four' && git push"
    for line in (
        f"export KUBECONFIG={shlex.quote(str(kubeconfig))} {settings}",
        "kubectl get deployments --watch",
        "kubectl scale deployment myapp --replicas=1",
        edit,
        f"{command} status myapp",
        f"{command} token --sub me --app myapp",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    while True:
        hookline.check()
        threading.Event().wait(1)


def show_logs(folder: Path) -> None:
    """Print the last lines of every log, so that a miss can be understood."""
    for log in sorted([*folder.glob("logs/*.log"), *folder.glob("forge/logs/*.log")]):
        console.print(f"[bold]{log.name}[/]")
        console.print("\n".join(log.read_text("utf-8", "replace").splitlines()[-25:]), highlight=False, markup=False)


if __name__ == "__main__":
    typer.run(main)
