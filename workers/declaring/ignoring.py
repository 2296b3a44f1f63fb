"""Fields that somebody else writes, as the documents of Argo CD and Flux name them; what is wrong with that."""

from __future__ import annotations

from collections.abc import Sequence

from workers import ignored, jq
from workers.declarations import argo, flux
from workers.declaring import faults
from workers.documents import Document
from workers.policies import Ignored, Selector

Place = tuple[str | int, ...]


def differences(document: Document, said: Sequence[argo.Ignored], app: str) -> tuple[Ignored, ...]:
    """Return the rules of `ignoreDifferences`. Raises :class:`workers.errors.BadDeclaration`."""
    found = []
    for index, one in enumerate(said):
        place: Place = ("spec", "ignoreDifferences", index)
        _pointers(document, (*place, "jsonPointers"), one.json_pointers)
        for at, expression in enumerate(one.jq_path_expressions):
            if problem := jq.check(expression):
                where = (*place, "jqPathExpressions", at)
                raise faults.bad(document, where, f"{expression!r} is no jq path expression: it {problem}")
        found.append(
            Ignored(
                one.group,
                one.kind,
                one.name,
                one.namespace,
                tuple(one.json_pointers),
                tuple(one.jq_path_expressions),
                tuple(one.managed_fields_managers),
                by=app,
            )
        )
    return tuple(found)


def rules(
    document: Document, said: Sequence[flux.IgnoreRule], app: str, at: Place = ("spec", "ignore")
) -> tuple[Ignored, ...]:
    """Return the rules of Flux's `ignore`, which is ``at`` a place. Raises :class:`workers.errors.BadDeclaration`."""
    found = []
    for index, one in enumerate(said):
        place: Place = (*at, index)
        _pointers(document, (*place, "paths"), one.paths)
        selector = None
        if target := one.target:
            selector = Selector(
                target.group,
                target.version,
                target.kind,
                target.name,
                target.namespace,
                target.label_selector,
                target.annotation_selector,
            )
            field, problem = ignored.problem(selector)
            if field:
                raise faults.bad(document, (*place, "target", field), problem)
        found.append(Ignored("*", "*", pointers=tuple(one.paths), selector=selector, by=app))
    return tuple(found)


def _pointers(document: Document, place: Place, pointers: Sequence[str]) -> None:
    for at, pointer in enumerate(pointers):
        if not pointer.startswith("/"):
            raise faults.bad(document, (*place, at), f"expected a JSON pointer such as /spec/replicas, not {pointer!r}")
