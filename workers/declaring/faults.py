"""What is wrong with a document, as one sentence with file, line and field; and what of it has no effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from workers import repositories
from workers.configuration import dotted
from workers.declarations import common, git_repository
from workers.declarations.common import Vocabulary
from workers.documents import Document
from workers.errors import BadDeclaration
from workers.secretrefs import Named

Model = TypeVar("Model", bound=BaseModel)


SUBSCRIBE: Final = "notifications.argoproj.io/subscribe."

_WORDS: Final = {
    "extra_forbidden": "this field is not known: check the spelling",
    "missing": "this field is required",
    "string_type": "expected text: put quotes around it",
    "bool_type": "expected true or false, without quotes",
    "int_type": "expected a whole number, without quotes",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
    "list_type": "expected a list",
}
"""What is wrong with a value, in our words; other kinds of errors have good ones of their own."""


def bad(document: Document, place: tuple[str | int, ...], text: str) -> BadDeclaration:
    """Return the error that names the field at ``place``."""
    return BadDeclaration(text, document.file, document.line_of(place), dotted(place))


def read(document: Document, vocabulary: Vocabulary, model: type[Model]) -> Model:
    """Return a document as its model. Raises :class:`BadDeclaration` for the first thing refused or wrong."""
    for path, sentence in vocabulary.refused.items():
        for place in common.found(document.value, path):
            raise bad(document, place, sentence)
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        words = _WORDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
        raise bad(document, detail["loc"], words) from None


def warnings(document: Document, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return one sentence for each field that is said and has no effect."""
    return tuple(
        f"{dotted(place)} has no effect in Hookline yet: {sentence}"
        for path, sentence in vocabulary.named.items()
        if path not in git_repository.QUIET
        for place in common.found(document.value, path)
    )


def subscriptions(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence when an app subscribes to Argo CD's notifications: their services are configured elsewhere."""
    asked = sorted(name for name in annotations if name.startswith(SUBSCRIBE))
    if not asked or common.ALERTS in annotations:
        return ()
    return (f"metadata.annotations: {asked[0]} has no effect in Hookline: name targets in {common.ALERTS} instead",)


def repository(document: Document, place: tuple[str | int, ...], url: str) -> None:
    """Raise :class:`BadDeclaration` unless ``url`` is that of a Git repository."""
    try:
        repositories.canonical(url)
    except ValueError as error:
        raise bad(document, place, str(error)) from None


def text(value: Any, *path: str) -> str:
    """Return the text at a path, ``""`` when there is none."""
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def named(
    document: Document, namespace: str, said: git_repository.Local | None, url: str, provider: str = ""
) -> Named | None:
    """Return the Secret that opens ``url``, of the document's own namespace; ``None`` for one that names none. Pure."""
    if said is None:
        return None
    by = f"{document.file}:{document.line_of(('spec', 'secretRef'))}: spec.secretRef"
    return Named(namespace or "default", said.name, url, by, provider)
