"""Validates manifests on this machine: finds the files, reads them as Kubernetes does, and judges them.

Nothing is run but ``kubectl kustomize`` on a copy, as for a sync, where a kustomization itself was named.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from workers import documents, kustomization, linting
from workers.documents import Document
from workers.errors import AuthorError, BadConfiguration, BadDocument
from workers.linting import Linted, Problem
from workers.schemas import Schemas

SUFFIXES: Final = (".yaml", ".yml", ".json")
CHART: Final = "Chart.yaml"
_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")
MOST_BYTES: Final = 8 * 1024 * 1024
"""A larger file is no manifest: an object has at most 1.5 MiB ("Operating etcd clusters for Kubernetes")."""


def validated(paths: Sequence[Path], known: Schemas) -> tuple[Linted, int]:
    """Return what is wrong with the manifests at ``paths``, and how many files were read.

    A folder stands for all its manifests but those of charts, whose templates are no YAML yet, and of hidden folders.
    Files in one folder are one app; where it has a kustomization, what that names as patches is partial.
    """
    linted, read = Linted(), {}
    for file in sorted({file for path in paths for file in _files(path)}):
        found = _read(file, linted)
        if found is not None:
            read[file] = found
    partial = {
        patch for file, found in read.items() if file.name in kustomization.NAMES for patch in _patches(file, found)
    }
    whole = {file: linting.objects(found, known, linted) for file, found in read.items()}
    known = known.with_definitions(one.value for found in whole.values() for one in found)
    folders: dict[Path, list[Document]] = {}
    for file, found in whole.items():
        linting.judge(found, known, linted, partial=_resolved(file) in partial)
        folders.setdefault(file.parent, []).extend(found)
    for folder, found in folders.items():
        if not any((folder / name).exists() for name in kustomization.NAMES):
            linted.problems += linting.repeated(found)
    for path in paths:
        if top := _kustomized(path):
            _built(top, known, linted)
    linted.problems = list(dict.fromkeys(sorted(linted.problems, key=lambda one: (one.file, one.line))))
    return linted, len(read)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for root, folders, names in os.walk(path):
        if CHART in names:
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        found = (Path(root, name) for name in names if name.endswith(SUFFIXES) and not name.startswith("."))
        yield from (file for file in found if not file.is_symlink() and file.is_file())


def _read(file: Path, linted: Linted) -> list[Document] | None:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            linted.problems.append(Problem(str(file), 0, "is neither a file nor a folder"))
            return None
        if status.st_size > MOST_BYTES:
            linted.problems.append(Problem(str(file), 0, f"has more than {MOST_BYTES >> 20} MiB: not a manifest"))
            return None
        return documents.read(file.read_bytes(), str(file))
    except BadDocument as error:
        linted.problems.append(linting.of_error(error))
    except OSError as error:
        linted.problems.append(Problem(str(file), 0, f"cannot be read: {error.strerror}"))
    return None


def _patches(file: Path, found: Sequence[Document]) -> Iterator[str]:
    """Yield the files that a kustomization names as patches, by their full paths."""
    value: Any = found[0].value if found else None
    for entry in (one for key in _PATCHES for one in (value.get(key) or ()) if isinstance(value, dict)):
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str) and "\n" not in path:
            yield posixpath.normpath(posixpath.join(_resolved(file.parent), path))


def _resolved(path: Path) -> str:
    return os.path.realpath(path)


def _kustomized(path: Path) -> Path | None:
    """Return the folder whose kustomization is meant by ``path``, ``None`` for none."""
    if path.is_dir():
        return path if any((path / name).is_file() for name in kustomization.NAMES) else None
    return path.parent if path.name in kustomization.NAMES else None


def _built(folder: Path, known: Schemas, linted: Linted) -> None:
    """Note what is wrong with what a kustomization makes."""
    # These take long to import, and a list of files needs none of them.
    from workers.git import local
    from workers.given import Kustomize
    from workers.renderers import kustomize

    shown = f"{folder} (built)"
    try:
        with tempfile.TemporaryDirectory(prefix="hookline-validate-") as scratch:
            tree = local.tree(folder, Path(scratch), "")
            top = local.root(folder)
            path = folder.resolve().relative_to(top).as_posix()
            job = kustomize.Job(tree, path, {}, tuple(kustomization.folders(tree, path)))
            built = documents.read(kustomize.build(job, Kustomize()), shown)
        made = linting.objects(built, known, found := Linted())
        linting.judge(made, known.with_definitions(one.value for one in made), found)
    except (AuthorError, BadConfiguration) as error:
        linted.problems.append(Problem(str(folder), 0, str(error)))
        return
    linted.objects += found.objects
    # The lines are those of what was built, which nobody has before them.
    linted.problems += [Problem(shown, 0, one.text, one.field) for one in found.problems]
