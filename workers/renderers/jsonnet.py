"""Jsonnet files of a plain folder, evaluated in one child process: bounded, on a copy of what they import.

The evaluator is go-jsonnet, the one that Argo CD has. Where an import is looked for is Argo CD's rule as well: beside
the file, in the app's folder, in ``libs`` (from the repository's root), of these the last one first. An import's path
is always a literal (the language's specification), so what a file reads is found without running it.
"""

from __future__ import annotations

import importlib.util
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import git
import orjson

from workers.errors import RenderFailed
from workers.git import trees
from workers.git.trees import Tree
from workers.given import NO_KEYS, Keys
from workers.renderers import child, jsonnet_child, scratch, sops

SUFFIX: Final = ".jsonnet"
MOST_IMPORTS: Final = 2_000
_IMPORT: Final = re.compile(
    r"""\bimport(?:str|bin)?\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|@"(?P<plain>[^"]*)"|@'(?P<bare>[^']*)')"""
)


@dataclass(frozen=True, slots=True)
class Job:
    """The files to evaluate, all that they import, by path; the folders of libraries; what is handed to them."""

    files: tuple[str, ...]
    reads: Mapping[str, git.Blob]
    libs: tuple[str, ...]
    said: Mapping[str, Any]

    @property
    def inputs(self) -> list[str]:
        """What the result depends on, as texts."""
        read = [f"{path}={blob.hexsha}" for path, blob in sorted(self.reads.items())]
        return [*read, repr(self.files), repr(self.libs), orjson.dumps(self.said, option=orjson.OPT_SORT_KEYS).decode()]


def job(tree: Tree, folder: str, files: Iterable[str], said: Mapping[str, Any]) -> Job:
    """Find what ``files`` (paths in the repository) of the app's folder import; ``said`` is Argo CD's ``jsonnet``.

    Raises :class:`RenderFailed` for a library that is not there, or for too many imports.
    """
    libs = tuple(posixpath.normpath(str(one).lstrip("/")) for one in said.get("libs", ()))
    for lib in libs:
        if lib.startswith("..") or not tree.object_id(lib):
            raise RenderFailed(f"spec.source.directory.jsonnet.libs: there is no folder {lib} in the repository")
    places = (posixpath.normpath(folder), *libs)
    files = tuple(files)
    found: dict[str, git.Blob] = {}
    queue = list(files)
    while queue:
        path = queue.pop()
        if path in found or (blob := tree.file(path)) is None:
            continue
        found[path] = blob
        if len(found) > MOST_IMPORTS:
            raise RenderFailed(f"{path}: more than {MOST_IMPORTS} files are imported: import fewer")
        for name in _imports(blob):
            queue += _candidates(posixpath.dirname(path), places, name)
    return Job(files, found, places, said)


def _imports(blob: git.Blob) -> Iterator[str]:
    text = trees.content(blob).decode(errors="replace")
    return (_literal(match) for match in _IMPORT.finditer(text))


def _literal(match: re.Match[str]) -> str:
    text = next(part for part in match.groups() if part is not None)
    return re.sub(r"\\(.)", r"\1", text)


def _candidates(here: str, places: Sequence[str], name: str) -> list[str]:
    found = (posixpath.normpath(posixpath.join(place, name)) for place in (here, *reversed(places)))
    return [path for path in found if not path.startswith(("/", ".."))]


def evaluated(made: Job, keys: Keys = NO_KEYS) -> list[bytes]:
    """Return the JSON of each file's value, imports that are encrypted opened with ``keys``.

    Raises :class:`RenderFailed` with the evaluator's words, unless those may hold what was decrypted.
    """
    stored = {path: trees.content(blob) for path, blob in made.reads.items()}
    clear = {path: sops.opened(text, path, keys) if keys.places else text for path, text in stored.items()}
    with scratch.folder(in_memory=clear != stored) as root:
        for path, content in clear.items():
            place = root / "tree" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        request: dict[str, Any] = {"root": str(root / "tree"), "files": made.files, "libs": made.libs}
        request |= {name: _triples(made.said.get(field, ())) for name, field in _GIVEN.items()}
        (root / "request").write_bytes(orjson.dumps(request))
        python, module = Path(sys.executable).resolve(), _module()
        arguments = [str(python), "-I", "-S", jsonnet_child.__file__, str(module), str(root / "request")]
        reads = [module, Path(jsonnet_child.__file__), Path(sys.base_prefix)]
        done = child.run("jsonnet", made.files[0], arguments, root, readable=reads)
        why = "it calls itself without end" if "stack overflow" in done.said else "it broke the evaluator"
        answer = orjson.loads(done.output) if done.output else {"wrong": why}
    if wrong := answer.get("wrong"):
        words = scratch.KEPT_BACK if clear != stored else " ".join(str(wrong).split())[:500]
        fault = _importer(made, *answer["missing"]) if "missing" in answer else _at_fault(made, str(wrong))
        raise RenderFailed(f"jsonnet refused {fault}: {words}")
    return [text.encode() for text in answer["texts"]]


_GIVEN: Final = {"variables": "extVars", "arguments": "tlas"}


def _triples(said: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, bool]]:
    return [(one["name"], one.get("value", ""), bool(one.get("code"))) for one in said]


def _at_fault(made: Job, wrong: str) -> str:
    """Return the file that a complaint is about."""
    return next((path for path in made.reads if f"{path}:" in wrong), made.files[0])


def _importer(made: Job, folder: str, name: str) -> str:
    """Return the file of a folder that imports ``name``."""
    beside = ((path, blob) for path, blob in made.reads.items() if posixpath.dirname(path) == folder.rstrip("/"))
    return next((path for path, blob in beside if name in _imports(blob)), made.files[0])


def _module() -> Path:
    spec = importlib.util.find_spec("_gojsonnet")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("_gojsonnet")
    return Path(spec.origin)
