"""What a declaration says about drift, in annotations that Applications and Kustomizations share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workers.declarations.common import seconds
from workers.declaring import faults
from workers.documents import Document
from workers.options import DRIFT
from workers.policies import DriftMode

QUIET: Final = "hookline.dev/drift-quiet"


def mode(document: Document, annotations: Mapping[str, str], heals: bool) -> DriftMode:
    """Return what is done about drift; ``heals`` is what the vocabulary's own fields say, where nobody says more.

    Raises :class:`workers.errors.BadDeclaration` for a word that is no mode.
    """
    said = annotations.get(DRIFT, "")
    if not said:
        return DriftMode.REPAIR if heals else DriftMode.REPORT
    try:
        return DriftMode(said)
    except ValueError:
        place = ("metadata", "annotations", DRIFT)
        raise faults.bad(document, place, f"{said}: expected {', '.join(DriftMode)}") from None


def quiet(document: Document, annotations: Mapping[str, str]) -> float:
    """Return for how many seconds drift has to last before it is repaired, 0 for not at all.

    Raises :class:`workers.errors.BadDeclaration` for what is no duration.
    """
    said = annotations.get(QUIET, "")
    try:
        return seconds(said) if said else 0.0
    except ValueError as error:
        raise faults.bad(document, ("metadata", "annotations", QUIET), f"{said}: {error}") from None
