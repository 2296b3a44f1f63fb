"""Reads Lua checks from where Argo CD keeps them: folders of files, and its ConfigMap ``argocd-cm``.

Source: "Resource Health" and "Custom health checks" in Argo CD's documentation. A folder holds
``<group>/<Kind>/health.lua`` (``<Kind>/health.lua`` for the core group), with ``_`` for ``*``. The ConfigMap holds
``resource.customizations.health.<group>_<Kind>``, or all in ``resource.customizations`` with ``health.lua`` by kind.
What else it holds is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from workers import documents
from workers.errors import BadConfiguration, BadDocument
from workers.health import lua
from workers.health.checks import Checks, Script
from workers.health.reading import mapping

EACH: Final = "resource.customizations.health."
ALL: Final = "resource.customizations"
LARGEST: Final = 1024 * 1024
"""Bytes of a file: no ConfigMap is larger."""


def load(folders: Iterable[Path], maps: Iterable[Path]) -> Checks:
    """Return the checks. Raises :class:`BadConfiguration`, one sentence a line, when a file is missing or wrong."""
    scripts, problems = read(folders, maps)
    if problems:
        raise problems[0] if len(problems) == 1 else BadConfiguration("\n".join(str(one) for one in problems))
    return Checks(scripts)


def read(folders: Iterable[Path], maps: Iterable[Path]) -> tuple[tuple[Script, ...], list[BadConfiguration]]:
    """Return the checks that compile, and what is wrong with the others; of two for one kind the first counts."""
    found: dict[str, Script] = {}
    problems: list[BadConfiguration] = []
    for reader, paths in ((_folder, folders), (_map, maps)):
        for path in paths:
            try:
                for script in reader(path):
                    wrong = lua.fault(script)
                    if wrong:
                        problems.append(BadConfiguration(f"{wrong[1]} (Lua)", script.origin, wrong[0]))
                    else:
                        found.setdefault(script.kind, script)
            except BadConfiguration as error:
                problems.append(error)
    return tuple(found.values()), problems


def _folder(path: Path) -> Iterator[Script]:
    if not path.is_dir():
        raise BadConfiguration("no such folder: expected one of <group>/<Kind>/health.lua", str(path))
    for file in sorted(path.rglob("health.lua")):
        parts = ["*".join(part.split("_")) for part in file.relative_to(path).parts[:-1]]
        if 1 <= len(parts) <= 2:
            yield Script("/".join(parts), _text(file), str(file))


def _map(path: Path) -> Iterator[Script]:
    try:
        read = documents.read(_text(path).encode(), str(path))
    except BadDocument as error:
        raise BadConfiguration(str(error)) from None
    for document in read:
        for key, value in mapping(mapping(document.value).get("data")).items():
            line = document.line_of(("data", key))
            if key.startswith(EACH) and isinstance(value, str):
                group, _, kind = key.removeprefix(EACH).rpartition("_")
                yield Script(f"{group}/{kind}" if group else kind, value, str(path), line)
            elif key == ALL and isinstance(value, str):
                yield from _all(value, str(path), line)


def _all(value: str, origin: str, line: int) -> Iterator[Script]:
    """The older form: YAML of all kinds inside one value."""
    try:
        read = documents.read(value.encode(), origin)
    except BadDocument:
        raise BadConfiguration(f"{ALL} is no YAML", origin, line) from None
    for document in read:
        for kind, said in mapping(document.value).items():
            text: Any = mapping(said).get("health.lua")
            if isinstance(text, str):
                yield Script(str(kind), text, origin, line + document.line_of((kind, "health.lua")))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(LARGEST + 1)
    except OSError as error:
        raise BadConfiguration(f"cannot be read ({error.strerror})", str(path)) from None
    if len(found) > LARGEST:
        raise BadConfiguration(f"is larger than {LARGEST} bytes", str(path))
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise BadConfiguration("is not UTF-8", str(path)) from None
