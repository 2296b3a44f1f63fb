"""Runs the git commands that pack a mirror anew: with low priority, bounded, in a process group that can be stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from workers.git import transport

_CONFIG: Final = (
    "pack.threads=1",
    "pack.windowMemory=128m",
    "pack.deltaCacheSize=64m",
    "core.bigFileThreshold=8m",
    "repack.writeBitmaps=false",
)
LAZY: Final = 19
"""The niceness of git: all others go before it."""


class Stopped(Exception):
    """Git refused, or had no time left; the message is its own."""


class Packing:
    """The work on one mirror. Children inherit ``lock``, so that it is held until the last of them is gone."""

    def __init__(self, mirror: Path, lock: int, seconds: float) -> None:
        self.mirror, self._lock = mirror, lock
        self._until = time.monotonic() + seconds

    def tips(self, *folders: str) -> set[str]:
        """Return the objects that the refs of some folders lead to."""
        return set(self._git("for-each-ref", "--format=%(objectname)", *folders).split())

    def keep(self, folder: str, objects: set[str]) -> None:
        """Let the refs of a folder of ours lead to these objects, as far as they are here, and to nothing else."""
        here = self.tips(folder)
        gone = [f"delete {folder}/{one}\n" for one in here - objects]
        fresh = [f"create {folder}/{one} {one}\n" for one in self._known(objects - here)]
        if gone or fresh:
            self._git("update-ref", "--stdin", given="".join((*gone, *fresh)))

    def _known(self, objects: set[str]) -> list[str]:
        if not objects:
            return []
        said = self._git("cat-file", "--batch-check", given="".join(f"{one}\n" for one in sorted(objects)))
        return [line.split()[0] for line in said.splitlines() if not line.endswith(" missing")]

    def join_refs(self) -> None:
        """Make one file of all refs."""
        self._git("pack-refs", "--all")

    def join(self, *, partial: bool) -> None:
        """Make few packs of many: each as large as all smaller ones together, or one of all that was left out of."""
        # Git before 2.53 does not join the packs of a partial clone step by step.
        self._git("repack", "-d", "-n", "-q", *(("-a",) if partial else ("--geometric=2",)))

    def collect(self, grace: float) -> None:
        """Make one pack of all that refs lead to, another of what came in the last ``grace`` seconds; the rest goes."""
        self._git("repack", "-d", "-n", "-q", "--cruft", f"--cruft-expiration={int(grace)}.seconds.ago")

    def whole(self, tips: set[str], known: set[str]) -> None:
        """Raise :class:`Stopped` when something is missing of what ``tips`` lead to and ``known`` does not."""
        given = "".join((*(f"{one}\n" for one in tips), *(f"^{one}\n" for one in self._known(known))))
        self._git("rev-list", "--objects", "--quiet", "--stdin", given=given)

    def _git(self, *arguments: str, given: str = "") -> str:
        settings = [word for one in _CONFIG for word in ("-c", one)]
        with subprocess.Popen(
            ["git", *settings, *arguments],
            cwd=self.mirror,  # followed when it is taken away: nothing of this gets into the next one
            env={**os.environ, **transport.environment(), "GIT_DIR": ".", "LC_ALL": "C"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            pass_fds=(self._lock,),
            process_group=0,
        ) as child:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PGRP, child.pid, LAZY)
            try:
                out, said = child.communicate(given, timeout=max(0.0, self._until - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise Stopped(f"git {arguments[0]} took too long") from None
            finally:
                # Not by poll(): once that was told of an end, children left behind would be out of reach.
                if child.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)
        if child.returncode:
            raise Stopped(f"git {arguments[0]}: {' '.join(said.split())[-300:]}")
        return out
