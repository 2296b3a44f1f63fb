"""Child processes that never outlive us: started, watched and stopped together, each with its own log file.

Four ways out are covered: the end of the ``with`` block (also by an exception or Ctrl-C), SIGTERM and SIGHUP
(:func:`signals_unwind`), the end of the interpreter, and the sudden death of this process (``launch.py``).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deploy.local.spawner import spawn
from workers.errors import OperatorError

LAUNCH = Path(__file__).with_name("launch.py")
POLL = 0.05
"""Seconds between two looks at something that announces nothing when it changes."""
LAST_LINES = 15


class ProcessFailed(OperatorError):
    """A child could not be started, ended before it was asked to, or was not ready in time."""


@dataclass(frozen=True, slots=True)
class Child:
    """One started program; ``grace`` is how many seconds it has between SIGTERM and SIGKILL."""

    name: str
    log: Path
    grace: float
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process id, which is also the id of the process group it leads."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None and self._ending() is None

    @property
    def ending(self) -> str:
        """How it ended, in words; ``""`` while it runs."""
        if self.process.returncode is not None:
            return "was stopped"
        if (ending := self._ending()) is None:
            return ""
        if ending.si_code == os.CLD_EXITED:
            return f"ended by itself with exit status {ending.si_status}"
        return f"was ended by {signal.Signals(ending.si_status).name}"

    def last_lines(self, count: int = LAST_LINES) -> str:
        """Return the last ``count`` lines of its log, or a note that there are none."""
        with contextlib.suppress(FileNotFoundError):
            lines = self.log.read_text("utf-8", "replace").splitlines()[-count:]
            if lines:
                return "\n".join(f"    {line}" for line in lines)
        return "    (it wrote nothing)"

    def kill(self) -> None:
        """End it and its descendants at once with SIGKILL, as a crash would, and wait until it is gone."""
        if self.process.returncode is None:
            with contextlib.suppress(PermissionError):  # what macOS answers for a group of nothing but zombies
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Ask with SIGTERM, wait ``grace`` seconds, then SIGKILL what is left of its process group."""
        if self.running:
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + self.grace
            while self.running and time.monotonic() < deadline:
                time.sleep(POLL / 5)
        self.kill()

    def _ending(self) -> os.waitid_result | None:
        # WNOWAIT leaves the zombie, so its id stays taken and kill() can never hit a stranger's process group.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)


class Processes:
    """A set of children that end with the ``with`` block, last started first.

    ``logs`` is the folder of the log files, made when missing: the output of child ``name`` is in ``name.log``.
    """

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Name to process id of every child that was started and not stopped."""
        return {child.name: child.pid for child in self._children}

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 10.0,
        orphaned: signal.Signals = signal.SIGKILL,
    ) -> Child:
        """Start ``argv`` as ``name`` and return it without waiting.

        ``env`` is the whole environment (default: ours), ``grace`` see :class:`Child`; ``orphaned`` is what the child
        gets when this process dies without stopping it (Linux only). The child leads its own process group, so that a
        Ctrl-C in the terminal reaches only us. Raises :class:`ProcessFailed` when there is no such program.
        """
        program = shutil.which(str(argv[0]), path=(os.environ if env is None else env).get("PATH"))
        if program is None:
            raise ProcessFailed(f"{name}: there is no program {argv[0]} to run")
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        command = tied(orphaned, [str(Path(program).absolute()), *map(str, argv[1:])])
        with log.open("ab") as output:
            child = Child(name, log, grace, spawn(command, output, env, cwd))
        if not self._children:
            atexit.register(self.stop)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise :class:`ProcessFailed` with its last lines if a child ended that nobody stopped."""
        for child in self._children:
            if not child.running:
                raise ProcessFailed(f"{child.name} {child.ending}; the end of {child.log.name}:\n{child.last_lines()}")

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Return as soon as ``ready()``; raise :class:`ProcessFailed` when a child dies or the time is over.

        ``what`` completes the sentence "waited 60 seconds for …".
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                logs = "\n".join(f"  {child.log}:\n{child.last_lines(5)}" for child in self._children)
                raise ProcessFailed(f"waited {seconds:.0f} seconds for {what}; the last lines of each log:\n{logs}")
            time.sleep(POLL)

    def forget(self, child: Child) -> None:
        """Stop one child; :meth:`check` no longer misses it."""
        child.stop()
        self._children.remove(child)

    def stop(self) -> None:
        """Stop all children, last started first. Doing it twice is harmless."""
        while self._children:
            self._children[-1].stop()
            self._children.pop()
        atexit.unregister(self.stop)


def tied(orphaned: signal.Signals, argv: Sequence[str]) -> list[str]:
    """Return ``argv`` so wrapped that the kernel sends ``orphaned`` to the program when this process dies.

    It must be started by a thread that lives as long as the process: see ``spawner.py``.
    """
    return [sys.executable, "-I", "-S", str(LAUNCH), str(int(orphaned)), str(os.getpid()), *argv]


@contextlib.contextmanager
def signals_unwind() -> Iterator[None]:
    """Make SIGTERM and SIGHUP leave this block as :class:`SystemExit` (128 + number), so that ``with`` blocks inside
    clean up as they do on Ctrl-C. Main thread only; the handlers that were there come back afterwards.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
