"""Processes: started, watched, stopped."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import Child, Processes, ProcessFailed

FOREVER = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"
PARENT = (
    "import subprocess, sys, signal\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print(child.pid, flush=True)\n"
    "signal.pause()"
)


def wait_for_output(processes: Processes, child: Child) -> str:
    """Return what the child wrote first."""
    processes.wait_until(lambda: child.log.read_text().endswith("\n"), "the first line")
    return child.log.read_text()


def test_a_child_that_dies_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    """The error names the child, its exit status and what it said."""
    with Processes(tmp_path) as processes:
        processes.start("quitter", [sys.executable, "-c", "print('I give up'); raise SystemExit(3)"])
        with pytest.raises(ProcessFailed, match=r"(?s)quitter ended by itself with exit status 3.*I give up"):
            processes.wait_until(lambda: False, "nothing")


def test_a_child_that_is_killed_is_reported_with_the_signal(tmp_path: Path) -> None:
    """A crash is not an exit status."""
    with Processes(tmp_path) as processes:
        child = processes.start("victim", [sys.executable, "-c", FOREVER])
        wait_for_output(processes, child)
        psutil.Process(child.pid).kill()
        with pytest.raises(ProcessFailed, match="victim was ended by SIGKILL"):
            processes.wait_until(lambda: False, "nothing")


def test_waiting_in_vain_shows_the_logs(tmp_path: Path) -> None:
    """A timeout says what was waited for and what the children said."""
    with Processes(tmp_path) as processes:
        wait_for_output(processes, processes.start("idle", [sys.executable, "-c", FOREVER]))
        with pytest.raises(ProcessFailed, match=r"(?s)waited 0 seconds for a miracle.*idle\.log.*up"):
            processes.wait_until(lambda: False, "a miracle", seconds=0.1)


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """No log has to be read for a typing error."""
    with Processes(tmp_path) as processes, pytest.raises(ProcessFailed, match="web: there is no program no-such-thing"):
        processes.start("web", ["no-such-thing"])


def test_a_stubborn_child_is_killed_after_its_grace(tmp_path: Path) -> None:
    """SIGTERM first; SIGKILL for those who do not listen."""
    with Processes(tmp_path) as processes:
        child = processes.start("stubborn", [sys.executable, "-c", STUBBORN], grace=0.2)
        wait_for_output(processes, child)
    assert child.process.returncode == -signal.SIGKILL


def test_a_polite_child_is_stopped_by_sigterm(tmp_path: Path) -> None:
    """Nobody is killed who would have gone."""
    with Processes(tmp_path) as processes:
        child = processes.start("polite", [sys.executable, "-c", FOREVER])
        wait_for_output(processes, child)
    assert child.process.returncode == -signal.SIGTERM


def test_descendants_go_too(tmp_path: Path) -> None:
    """A worker's own children do not stay when the worker is stopped."""
    with Processes(tmp_path) as processes:
        child = processes.start("parent", [sys.executable, "-c", PARENT])
        grandchild = psutil.Process(int(wait_for_output(processes, child)))
    assert psutil.wait_procs([grandchild], timeout=30)[1] == []


def test_the_last_started_stops_first(tmp_path: Path) -> None:
    """The server outlives its clients."""
    order = tmp_path / "order"
    script = (
        "import signal, sys\n"
        "def leave(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2])\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\nprint('up', flush=True)\nsignal.pause()"
    )
    with Processes(tmp_path) as processes:
        for name in "abc":
            child = processes.start(name, [sys.executable, "-c", script, str(order), name])
            wait_for_output(processes, child)
    assert order.read_text() == "cba"


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """The kernel's parent-death signal counts threads; ours must not notice."""
    children = []
    with Processes(tmp_path) as processes:
        thread = threading.Thread(
            target=lambda: children.append(processes.start("child", [sys.executable, "-c", FOREVER]))
        )
        thread.start()
        thread.join()
        wait_for_output(processes, children[0])
        assert children[0].running
        processes.check()


def test_a_stopped_child_is_not_missed(tmp_path: Path) -> None:
    """What was stopped on purpose is no failure."""
    with Processes(tmp_path) as processes:
        processes.forget(processes.start("child", [sys.executable, "-c", FOREVER]))
        processes.check()
        assert processes.pids == {}
