"""One verdict for an app out of the verdicts of its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.model import Ref, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable


def worst(verdicts: Iterable[tuple[Ref, Verdict]]) -> Verdict:
    """The verdict of the whole app; its message names the object and the reason.

    One failed object makes the app failed and done, even while others are still on their way: waiting longer
    cannot make it well. Else one unfinished object makes it unfinished. The object named is the first of its
    kind in the order given, so that the message does not flicker; the others are counted.
    """
    failed: list[tuple[Ref, Verdict]] = []
    unfinished: list[tuple[Ref, Verdict]] = []
    total = 0
    for ref, verdict in verdicts:
        total += 1
        if not verdict.done:
            unfinished.append((ref, verdict))
        elif not verdict.ok:
            failed.append((ref, verdict))
    if failed:
        return Verdict(done=True, ok=False, message=_named(failed, "failed"))
    if unfinished:
        return Verdict(done=False, ok=False, message=_named(unfinished, "not ready"))
    if not total:
        return Verdict(done=True, ok=True, message="there is nothing to wait for")
    return Verdict(done=True, ok=True, message=healthy(total))


def healthy(total: int) -> str:
    """Say that so many objects are well."""
    return f"{total} {'object is' if total == 1 else 'objects are'} healthy"


def _named(bad: list[tuple[Ref, Verdict]], word: str) -> str:
    ref, verdict = bad[0]
    others = len(bad) - 1
    more = f" (and {others} more {word})" if others else ""
    return f"{ref}: {verdict.message}{more}"
