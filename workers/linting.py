"""Manifests judged without a cluster: what their documents say, against schemas. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from workers import documents, schemas
from workers.documents import Document
from workers.documents.doubled import doubled
from workers.errors import BadDocument
from workers.schemas import Schemas, leaves

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_FREE: Final = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
"""Kinds whose names are any segment of a path (RBAC)."""
_HOLE: Final = re.compile(r"\$\{|\{\{")
"""What somebody fills before it is applied."""
_DECLARING: Final = frozenset(
    {"argoproj.io", "helm.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"}
)
"""The groups of `workers.declared.GROUPS`."""
KUSTOMIZE: Final = "kustomize.config.k8s.io/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong; ``line`` is 0 where none is known, ``field`` "" where the whole object is meant."""

    file: str
    line: int
    text: str
    field: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.text}"


@dataclass(slots=True)
class Linted:
    """What came of it: ``unchecked`` counts objects by kinds of which no schema is known."""

    problems: list[Problem] = field(default_factory=list)
    objects: int = 0
    unchecked: dict[str, int] = field(default_factory=dict)


def of_error(error: BadDocument) -> Problem:
    """Return what an error says of a file."""
    where = f"{error.file}:{error.line}: " if error.file and error.line else f"{error.file}: "
    return Problem(error.file, error.line, str(error).removeprefix(where))


def objects(read: Iterable[Document], known: Schemas, linted: Linted) -> list[Document]:
    """Return the manifests among documents, lists expanded; note in ``linted`` what is wrong with their form.

    A document with neither apiVersion nor kind is none: values of a chart, a file of something else. Nor is one without
    metadata, unless its kind is ``known``.
    """
    found: list[Document] = []
    for document in read:
        for line, key in doubled(document):
            linted.problems.append(Problem(document.file, line, f"{key} is said twice: the first one would not count"))
        value = document.value
        if not isinstance(value, dict) or not ({"apiVersion", "kind"} & value.keys()):
            continue
        if str(value.get("apiVersion")).startswith(KUSTOMIZE):
            continue
        if "metadata" not in value and not str(value.get("kind", "")).endswith("List") and not _is_known(known, value):
            continue  # the configuration of some tool
        try:
            found += documents.objects([document])
        except BadDocument as error:
            linted.problems.append(of_error(error))
    return found


def judge(found: Iterable[Document], known: Schemas, linted: Linted, *, partial: bool = False) -> None:
    """Note what is wrong with manifests; ``partial`` is for patches, from which fields may miss."""
    for document in found:
        linted.objects += 1
        value = document.value
        api_version, kind = value["apiVersion"], value["kind"]
        if _is_declaration(api_version, kind):
            linted.problems += _declaration(document)
            continue
        if isinstance(value.get("sops"), dict):
            continue  # encrypted: not what will be applied
        node = known.of(api_version, kind)
        if node is None:
            if said := _unserved(known, api_version, kind):
                linted.problems.append(_problem(document, ("kind",), said))
            else:
                name = f"{api_version} {kind}"
                linted.unchecked[name] = linted.unchecked.get(name, 0) + 1
            continue
        for fault in schemas.faults(known, node, value, partial=partial):
            linted.problems.append(_problem(document, fault.path, fault.text, fault.field))
        for path, said in () if partial or node.get("structural") else _metadata(value):
            linted.problems.append(_problem(document, path, said, ".".join(map(str, path))))


def repeated(found: Iterable[Document]) -> Iterator[Problem]:
    """Yield a problem for each object that is among ``found`` for the second time."""
    seen: dict[tuple[str, str, str, str], Document] = {}
    for document in found:
        value, metadata = document.value, document.value["metadata"]
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            continue
        group = value["apiVersion"].rpartition("/")[0]
        key = (group, value["kind"], str(metadata.get("namespace") or ""), metadata["name"])
        first = seen.setdefault(key, document)
        if first is not document:
            text = f"{_name(document)} is in {first.file}:{first.line} already"
            yield Problem(document.file, document.line, text)


def _is_known(known: Schemas, value: dict[str, Any]) -> bool:
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return True
    return known.knows_group(api_version) or _is_declaration(api_version, kind)


def _is_declaration(api_version: str, kind: str) -> bool:
    group = api_version.rpartition("/")[0]
    if group not in _DECLARING:
        return False
    # Reading declarations takes most of a second to import, and most files hold none.
    from workers.declared import GROUPS

    return (group, kind) in GROUPS


def _declaration(document: Document) -> Iterator[Problem]:
    from workers.declared import declared

    try:
        fault = declared(document).fault
    except BadDocument as error:
        yield of_error(error)
        return
    if fault:
        matched = re.match(rf"{re.escape(document.file)}:(\d+): ", fault)
        line = int(matched[1]) if matched else document.line
        yield Problem(document.file, line, fault[matched.end() :] if matched else fault)


def _unserved(known: Schemas, api_version: str, kind: str) -> str:
    """Return why a built-in kind is not known, "" for one of a group that is not built in."""
    group = api_version.rpartition("/")[0]
    if known.knows_group(api_version):
        near = leaves.unknown(kind, [one for version, one in known.kinds if version == api_version])
        return f"{api_version} has no kind {kind}{near.removeprefix('no such field')}"
    served = sorted({version for version, one in known.kinds if one == kind and version.rpartition("/")[0] == group})
    elsewhere = sorted(version for version, one in known.kinds if one == kind)
    if served or (("." not in group or group.endswith(".k8s.io")) and elsewhere):
        return f"{kind} is not served as {api_version}: use {' or '.join(served or elsewhere)}"
    return ""


def _metadata(value: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a schema does not say of the metadata of built-in kinds ("Object Names and IDs", "Labels and Selectors")."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return
    name, labels = metadata.get("name"), metadata.get("labels")
    free = value["kind"] in _FREE or not isinstance(name, str) or _HOLE.search(name)
    if not free and (len(str(name)) > 253 or not _SUBDOMAIN.fullmatch(str(name))):
        yield ("metadata", "name"), "expected lower-case letters, digits, - and . in it"
    for key, label in labels.items() if isinstance(labels, dict) else ():
        if isinstance(label, str) and not _HOLE.search(label) and not _LABEL.fullmatch(label):
            yield (
                ("metadata", "labels", key),
                "expected at most 63 letters, digits, -, _ and . that begin and end with a letter or digit",
            )


def _problem(document: Document, path: documents.Path, text: str, shown: str = "") -> Problem:
    where = f"{shown}: " if shown else ""
    return Problem(document.file, document.line_of(path), f"{_name(document)}: {where}{text}", shown)


def _name(document: Document) -> str:
    metadata = document.value.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    return f"{document.value['kind']} {'/'.join(str(named[key]) for key in ('namespace', 'name') if named.get(key))}"
