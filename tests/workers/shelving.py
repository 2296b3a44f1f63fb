"""A process that is killed while it keeps a chart; a program of its own, told by standard input."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workers.packages import archive, keeping, opening
from workers.packages.shelf import Shelf
from workers.rendering import Charts


def die(*_: Any, **__: Any) -> Any:
    """Be killed here."""
    os.kill(os.getpid(), signal.SIGKILL)


def half(*_: Any, **__: Any) -> Iterator[tuple[str, bytes]]:
    """Give one file, so large that no buffer holds it, and be killed."""
    yield "Chart.yaml", b"#" * (1 << 20)
    die()


def then_die(real: Any) -> Any:
    """Do something whole, and be killed."""

    def both(*arguments: Any, **named: Any) -> Any:
        real(*arguments, **named)
        die()

    return both


PLACES = {
    "half": (archive, "files", half),
    "imported": (keeping, "imported", then_die(keeping.imported)),
    "noted": (Shelf, "_note", die),
}
"""Where it dies: amid the import, after that, and when the version is known and not yet what was asked for."""

if __name__ == "__main__":
    said = json.load(sys.stdin)
    setattr(*PLACES[said["place"]])
    rules = Charts(internal=("localhost",))
    mine = opening.shelf(Path(said["folder"]), rules, lambda _: None, said["url"], "shop")
    mine.resolve("1.0.0")
    mine.fetch()
