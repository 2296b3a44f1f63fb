"""A hold that the annotations of an app declare. What is wrong with one breaks the app: then nothing is synced, either.

A hold that nobody understands must not pass for none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from workers import holds
from workers.declaring.faults import bad
from workers.documents import Document

KNOWN = (holds.UNTIL, holds.OWNER, holds.REASON)


def declared(document: Document, annotations: Mapping[str, str]) -> holds.Declared | None:
    """Return the hold, ``None`` for none. Raises :class:`workers.errors.BadDeclaration` naming the annotation."""
    said = {name: text.strip() for name, text in annotations.items() if name.startswith(holds.PREFIX)}
    if not said:
        return None
    for name in said:
        if name not in KNOWN:
            raise bad(document, ("metadata", "annotations", name), f"expected {', '.join(KNOWN)}")
    for name in KNOWN:
        if not said.get(name):
            place = ("metadata", "annotations", name if name in said else next(iter(said)))
            raise bad(document, place, f"a hold needs an end, an owner and a reason: {name} is missing")
    place = ("metadata", "annotations", holds.UNTIL)
    try:
        until = dt.datetime.fromisoformat(said[holds.UNTIL])
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        raise bad(document, place, "expected a moment with its zone, such as 2026-01-31T12:00:00Z")
    reason = said[holds.REASON][: holds.LONGEST_REASON]
    return holds.Declared(until.timestamp(), said[holds.OWNER][: holds.LONGEST_REASON], reason)
