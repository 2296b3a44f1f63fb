"""What a declaration says of a commit whose health fails, in an annotation that both vocabularies share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workers.declaring import faults
from workers.documents import Document
from workers.rollbacks import OnFailure

ROLLBACK: Final = "hookline.dev/rollback"


def on_failure(document: Document, annotations: Mapping[str, str]) -> OnFailure:
    """Return whether the app goes back by itself.

    Raises :class:`workers.errors.BadDeclaration` for a word that says nothing of it.
    """
    said = annotations.get(ROLLBACK, "")
    try:
        return OnFailure(said) if said else OnFailure.NEVER
    except ValueError:
        place = ("metadata", "annotations", ROLLBACK)
        raise faults.bad(document, place, f"{said}: expected {', '.join(OnFailure)}") from None
