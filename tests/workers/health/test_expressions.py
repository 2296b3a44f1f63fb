"""Flux's CEL expressions: in which order they decide, and what one that cannot be evaluated does."""

from __future__ import annotations

from typing import Any

import pytest

from workers.health import Checks, judge
from workers.health.expressions import fault
from workers.model import Verdict
from workers.policies import Expressions

NESTED = "".join(f"[0,1,2,3,4,5,6,7,8,9].all({name}, " for name in "abcde") + "true" + ")" * 5
READY = "status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')"


def widget(status: dict[str, Any] | None, **metadata: Any) -> dict[str, Any]:
    """A custom resource."""
    value = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "w", **metadata}}
    return {**value, "status": status} if status is not None else value


def told(status: dict[str, Any] | None, current: str, in_progress: str = "", failed: str = "", **meta: Any) -> Verdict:
    """Judge a widget by expressions."""
    said = Expressions("example.com", "Widget", current, in_progress, failed)
    return judge(widget(status, **meta), Checks(expressions=(said,)))


@pytest.mark.parametrize(
    ("current", "in_progress", "failed", "verdict"),
    [
        ("true", "true", "true", Verdict(False, False, "is in progress")),
        ("true", "false", "true", Verdict(True, False, "has failed")),
        ("true", "false", "false", Verdict(True, True, "is current")),
        ("true", "", "", Verdict(True, True, "is current")),
        ("false", "false", "false", Verdict(False, False, "is not current")),
    ],
)
def test_the_first_that_is_true_decides(current: str, in_progress: str, failed: str, verdict: Verdict) -> None:
    """In the order in progress, failed, current; when none is, the object waits."""
    assert told({}, current, in_progress, failed) == verdict


@pytest.mark.parametrize(
    "current",
    [
        READY,
        "status.?conditions.orValue([]).exists(e, e.type == 'Ready' && e.status == 'True')",
        "has(status.phase) && status.phase.matches('^R[a-z]+$')",
        "status.phase in ['Running', 'Done'] && size(status.conditions) == 1",
        "status.phase.lowerAscii().startsWith('run') && status.phase.split('n').size() == 4",
        "metadata.?labels[?'tier'].orValue('none') == 'none'",
        "status.replicas == 3 && double(status.replicas) >= 2.5 && int(status.text) + 1 == 8",
        "timestamp(status.at) < timestamp('2026-01-01T00:00:00Z') && duration('90s') > duration('1m')",
        "status.conditions.map(c, c.type).exists_one(t, t == 'Ready') ? true : false",
        "kind == 'Widget' && apiVersion.endsWith('v2') && !('paused' in metadata)",
        "base64.decode('aGk=') == b'hi'",
    ],
)
def test_what_flux_s_expressions_use_can_be_used(current: str) -> None:
    """Macros, optional fields, strings, times, comparison of numbers of different types."""
    status = {
        "phase": "Running",
        "replicas": 3,
        "text": "7",
        "at": "2025-01-01T00:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    assert fault(current) == ""
    assert told(status, current) == Verdict(True, True, "is current")


def test_an_older_spec_waits_before_anything_is_asked() -> None:
    """The object's observedGeneration is not its generation."""
    message = "its controller has not seen the latest change yet"
    assert told({"observedGeneration": 1}, "true", failed="true", generation=2) == Verdict(False, False, message)


def test_what_ready_says_is_added() -> None:
    """An expression has no words of its own."""
    status = {"conditions": [{"type": "Ready", "status": "False", "reason": "NoDisk", "message": "none left"}]}
    assert told(status, READY).message == "is not current (NoDisk: none left)"


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (READY, 'UNKNOWN: No value with name "status" found in Activation'),
        ("metadata.nothing == 1", 'NOT_FOUND: Key not found in map : "nothing"'),
        ("size(metadata)", "it is INT, not true or false"),
        ("metadata.name + 1 == 2", "UNKNOWN: No matching overloads found"),
        ("metadata.name.unknown()", "UNKNOWN: No matching overloads found"),
        (NESTED, "INTERNAL: Iteration budget exceeded"),
        ("metadata.name" + ".replace('w', 'wwwwwwwwwwwwwwwwwwww')" * 20 + " == ''", "it "),
    ],
    ids=["no status", "no field", "no boolean", "types", "function", "iterations", "memory"],
)
def test_one_that_cannot_be_evaluated_waits_and_says_why(current: str, words: str) -> None:
    """As in Flux: the field may come. It is neither well nor failed, and it ends."""
    assert fault(current) == ""
    verdict = told(None, current)
    assert (verdict.done, verdict.ok) == (False, False)
    assert verdict.message.startswith(f"is not judged: its `current` expression failed: {words}")
    assert told({}, "true").ok


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("status.phase ==", "line 1, column 16: Syntax error: mismatched input '<EOF>'"),
        ("true &&\n  (", "line 2, column 4: Syntax error: mismatched input '<EOF>'"),
        ("has(status)", "line 1, column 5: has() argument must be a field selection"),
        ("(" * 2000 + "1" + ")" * 2000, "Expression recursion limit exceeded"),
        ("1" * 5000, "it is longer than 4096 characters"),
    ],
    ids=["end", "line", "has", "depth", "length"],
)
def test_what_is_no_expression_is_said_with_its_place(expression: str, words: str) -> None:
    """Before any object is judged by it."""
    assert words in fault(expression)


def test_only_the_kind_named_is_judged_by_it_and_the_later_of_two_counts() -> None:
    """The version does not count, as in Flux."""
    said = (Expressions("example.com", "Widget", "false"), Expressions("example.com", "Widget", "true"))
    checks = Checks(expressions=said)
    assert judge(widget({}), checks).message == "is current"
    assert judge({**widget({}), "kind": "Gadget"}, checks).message == "exists"
    assert judge({**widget({}), "apiVersion": "example.org/v1"}, checks).message == "exists"
