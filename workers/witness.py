"""What a sync that a person asked for came to, on the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workers.model import Change, Request, SyncRecord, Why
from workers.records import Records

BY_HAND: Final = frozenset({Why.EMERGENCY, Why.MANUAL, Why.APPROVAL, Why.ROLLBACK})
PREFIX: Final = "audit/"
"""No delivery begins so: its id begins with a hook's name, which cannot hold a slash."""


def asked(line: int) -> str:
    """Return what caused a request that line ``line`` of the trail tells of, for its ``delivery``. Pure."""
    return f"{PREFIX}{line}"


def line_of(delivery: str) -> int:
    """Return the line of the trail a request goes back to, 0 for none. Pure."""
    text = delivery.removeprefix(PREFIX)
    return int(text) if delivery.startswith(PREFIX) and text.isascii() and text.isdigit() else 0


def tell(records: Records, requests: Sequence[Request], sync: SyncRecord) -> None:
    """Append how each request made by hand ended: outcome, revision and what changed, with the line that asked.

    Before the sync is recorded: a worker that dies in between tells it twice, and never not at all. Raises
    :class:`workers.errors.RecordsUnavailable`.
    """
    for request in requests:
        if request.why in BY_HAND:
            records.audit.add(
                "synced",
                app=request.app,
                number=request.number,
                who=request.who,
                asked=line_of(request.delivery) or "",
                revision=sync.revision,
                outcome=sync.outcome.value,
                text=sync.text,
                changes=[said(change) for change in sync.changes],
            )


def said(change: Change) -> str:
    """Return one change in words, with the fields where they are known. Pure."""
    return f"{change.ref} {change.action.value}" + (f": {', '.join(change.fields)}" if change.fields else "")
