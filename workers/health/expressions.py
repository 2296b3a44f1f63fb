"""Flux's CEL expressions: what they say of an object, and whether they are any.

Source: "Health check expressions" in Flux's documentation of the Kustomization. An object whose observedGeneration is
not its generation waits; then ``inProgress``, ``failed`` and ``current`` are asked in this order, and the first that
is true decides; if none is, it waits. One that cannot be evaluated (a field that is not there yet) waits as well.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from workers.health.conditions import unobserved
from workers.health.reading import conditions, failed, healthy, mapping, status, text, waiting
from workers.health.sandbox import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.model import Manifest, Verdict
    from workers.policies import Expressions

LONGEST: Final = 4096
"""Characters of one expression."""


def judge(expressions: Expressions, manifest: Manifest) -> Verdict:
    """Judge an object by an app's expressions."""
    stale = unobserved(manifest)
    if stale:
        return stale
    metadata = {key: value for key, value in mapping(manifest.get("metadata")).items() if key != "managedFields"}
    shown = {**manifest, "metadata": metadata}
    order: tuple[tuple[str, str, Callable[[str], Verdict], str], ...] = (
        ("inProgress", expressions.in_progress, waiting, "is in progress"),
        ("failed", expressions.failed, failed, "has failed"),
        ("current", expressions.current, healthy, "is current"),
    )
    for field, expression, verdict, word in order:
        if not expression:
            continue
        answer = SANDBOX.ask("cel", field, expression, shown)
        if answer.ended != "said":
            return waiting(f"is not judged: its `{field}` expression failed: {text(answer.text)}")
        if answer.text == "true":
            return verdict(_told(word, manifest))
    return waiting(_told("is not current", manifest))


def _told(word: str, manifest: Manifest) -> str:
    """Add what Ready says, if it says anything: an expression gives no words of its own."""
    ready = conditions(status(manifest).get("conditions")).get("Ready")
    return f"{word} ({ready.why})" if ready and not ready.true and ready.why else word


@functools.lru_cache(maxsize=1024)
def fault(expression: str) -> str:
    """Return what is wrong with the form of an expression, "" for nothing."""
    if len(expression) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    answer = SANDBOX.ask("cel", "expression", expression, None)
    if answer.ended == "compiled":
        return ""
    _, _, place = answer.text.partition("ERROR: <input>:")
    words = (place or answer.text).partition(" | ")[0].partition(" ERROR: ")[0].partition(", expecting")[0]
    line, _, rest = words.partition(":")
    column, _, said = rest.partition(":")
    if not (place and line.isdigit() and column.isdigit()):
        return text(words)
    # A fault of the whole has no line of its own: the parser then counts from below zero.
    return text(f"line {line}, column {column}: {said.strip()}" if int(line) < LONGEST else said.strip())
