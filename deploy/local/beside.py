"""Builds what the cache lacks while something else runs, which may wait for it.

Tests that need nothing built go on meanwhile. Whoever runs beside the builder finds in ``$HOOKLINE_BUILDING`` the name
of a file that is locked for as long as something is being built: the kernel drops the lock with the builder, however
it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy.local import binaries
from deploy.local.binaries import Recipe
from deploy.local.build import build
from deploy.local.progress import Progress
from workers.errors import HooklineError

BUILDING: Final = "HOOKLINE_BUILDING"
EVERY: Final = 60.0
"""Seconds between two lines of the builder, which stand between the lines of the other."""
POLL: Final = 0.5
"""Seconds between two looks at a folder that nobody announces."""


def run(command: Sequence[str], recipes: Iterable[Recipe], environ: Mapping[str, str] = os.environ) -> int:
    """Run a command while ``recipes`` are built, in their order; return its exit status.

    A build that fails says so at once, and whoever needs it goes on without. What is still being built when the command
    has ended is given up.
    """
    with tempfile.NamedTemporaryFile(prefix="hookline-building-") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        builder = threading.Thread(target=_build, args=(held.fileno(), list(recipes), environ), daemon=True)
        builder.start()  # it lives as long as this process, and Go with it: see `processes.tied`
        with subprocess.Popen(command, env={**environ, BUILDING: held.name}) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:
                return process.wait()  # it has heard the same, and tidies up
            except BaseException:
                process.terminate()
                raise


def _build(lock: int, recipes: Iterable[Recipe], environ: Mapping[str, str]) -> None:
    progress = Progress(Console(stderr=True, force_terminal=False), EVERY)
    try:
        for recipe in recipes:
            build(recipe, binaries.cache_folder(environ), progress, environ)
    except HooklineError as error:
        progress.say(str(error))
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def wait_for(recipes: Iterable[Recipe], environ: Mapping[str, str] = os.environ) -> None:
    """Return when all recipes are built, or when nobody is building; at once when this runs beside no builder."""
    folders = [binaries.folder_of(recipe, binaries.cache_folder(environ)) for recipe in recipes]
    if not (file := environ.get(BUILDING)):
        return
    with contextlib.suppress(FileNotFoundError), Path(file).open("rb") as held:
        while not all(folder.is_dir() for folder in folders) and _is_locked(held.fileno()):
            time.sleep(POLL)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False
