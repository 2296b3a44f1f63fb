"""Nothing outlives the process that started it, whatever ends that process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane
from workers.errors import OperatorError

pytestmark = pytest.mark.cluster

BARE = """
import json, sys
from pathlib import Path
from deploy.local.control_plane import ControlPlane
from deploy.local.processes import signals_unwind
with signals_unwind(), ControlPlane(Path(sys.argv[1]), full=False) as plane:
    print(json.dumps(plane.pids), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Start a Python program of ours in its own process group; it must have ended when the block does."""
    process = subprocess.Popen(
        # A shell starts what it runs in the background with SIGINT ignored, and children inherit that.
        ["env", "--default-signal=INT", sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """Wait for the next line a program prints."""
    assert process.stdout is not None
    return process.stdout.readline()


def gone(pids: list[int]) -> bool:
    """Wait until none of the processes is left."""
    alive = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            alive.append(psutil.Process(pid))
    return not psutil.wait_procs(alive, timeout=60)[1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_no_signal_to_the_parent_leaves_a_child_behind(tmp_path: Path, number: signal.Signals) -> None:
    """etcd and kube-apiserver go when their parent is killed, terminated, hung up or interrupted."""
    with started("-c", BARE, str(tmp_path)) as process:
        pids = json.loads(first_line(process))
        assert set(pids) == {"etcd", "kube-apiserver"}
        assert all(psutil.pid_exists(pid) for pid in pids.values())
        process.send_signal(number)
        process.wait(60)
        assert gone(list(pids.values()))


def test_ctrl_c_ends_the_command_up_quietly() -> None:
    """``make cluster`` stops everything it started, removes its folder and ends with status 0."""
    with started("-m", "deploy.local", "up") as process:
        assert process.stdout is not None
        lines = [first_line(process)]
        while "Ctrl-C" not in lines[-1]:
            assert lines[-1], "it ended before it was ready"
            lines.append(first_line(process))
        folder = Path(next(line for line in lines if "KUBECONFIG" in line).split("=")[1].strip()).parent
        children = psutil.Process(process.pid).children(recursive=True)
        served = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
        assert served <= {Path(child.exe()).name for child in children}
        assert folder.is_dir()
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        assert process.wait(60) == 0
        assert gone([child.pid for child in children])
        assert not folder.exists()


def test_a_data_folder_survives_and_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    """What was in the cluster is there at the next start; meanwhile a second start is refused."""
    located = binaries.locate()
    with ControlPlane(tmp_path, full=False, binaries=located) as plane:
        plane.kubectl("create", "configmap", "kept", "--from-literal=a=b")
        with pytest.raises(OperatorError, match="used by a control plane that runs"):
            ControlPlane(tmp_path, full=False, binaries=located).start()
    with ControlPlane(tmp_path, full=False, binaries=located) as plane:
        assert plane.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}") == "b"


def test_a_part_that_dies_at_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    """A start that cannot work fails with the log's end and leaves nothing running."""
    (tmp_path / "etcd" / "member").mkdir(parents=True)
    (tmp_path / "etcd" / "member" / "snap").write_text("not a folder")
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(OperatorError, match=r"(?s)etcd ended by itself with exit status.*snap"):
        ControlPlane(tmp_path, full=False, binaries=binaries.locate()).start()
    assert set(psutil.Process().children(recursive=True)) <= before
