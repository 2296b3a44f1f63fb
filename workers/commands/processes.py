"""``hookline web|worker|beat|watch|redis``: the processes of the Procfile.

Each becomes the program it names, or runs until it is stopped.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from workers import broker, configuration, embedded, queues, telemetry, watching
from workers import context as contexts
from workers.commands import opening
from workers.commands.console import Config, out, sentences
from workers.configuration import CONFIG_VARIABLE
from workers.settings import Settings


def _prepare(config: Path | None) -> Settings:
    """Load the configuration and name it for child processes."""
    settings = configuration.load(config)
    opening.redis_url(settings)
    if config:
        os.environ[CONFIG_VARIABLE] = str(config.resolve())
    return settings


def web(config: Config = None) -> None:
    """Take deliveries in and serve the API.

    Example: hookline web --config hookline.yaml
    """
    with sentences():
        _prepare(config)
        # glibc gives every thread a heap of its own and seldom returns one: two are enough for threads that wait.
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")
        _replace("receiver")


def worker(
    config: Config = None,
    name: Annotated[str, typer.Option(help="A name for this worker in logs.")] = "",
) -> None:
    """Do the work. Start as many as you like, on as many machines as you like: they share it.

    Example: hookline worker --config hookline.yaml
    """
    with sentences():
        _prepare(config)
        host = ("--hostname", f"{name}@%h") if name else ()
        taken = ",".join(queues.QUEUES)
        _replace(
            "celery", "--quiet", "-A", "workers.tasks", "worker", "-Q", taken, "-l", "warning",
            "--without-gossip", "--without-mingle",
            "--without-heartbeat", *host,
        )  # fmt: skip


def beat(config: Config = None) -> None:
    """Run the timers. Two are safe: one waits for the other's lock.

    Example: hookline beat --config hookline.yaml
    """
    with sentences():
        _prepare(config)
        _replace("celery", "--quiet", "-A", "workers.tasks", "beat", "-S", "redbeat.RedBeatScheduler", "-l", "warning")


def watch(config: Config = None) -> None:
    """Watch the clusters: see drift at once, wake syncs that wait for health. Several share the clusters.

    Example: hookline watch --config hookline.yaml
    """
    with sentences():
        settings = _prepare(config)
        telemetry.start(settings)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        records = opening.records(settings)
        watching.run(contexts.create(settings, records, broker.Counter(settings, records)), stop)


def redis(
    config: Config = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop it instead.")] = False,
) -> None:
    """Start the embedded Redis of the data folder (the other processes do so by themselves), or stop it.

    Example: hookline redis --stop
    """
    with sentences():
        settings = _prepare(config)
        if settings.redis.url:
            out.print("redis.url is set: Hookline uses that Redis and starts none.")
        elif stop:
            out.print("stopped" if embedded.stop(settings.data) else "it was not running")
        else:
            typer.echo(f"listening on {embedded.ensure(settings.data)}")


def _replace(module: str, *arguments: str) -> None:
    """Become ``python -m module``: signals and the exit status are then the program's own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 -- no shell is wanted
