"""jq path expressions: what they name, what is wrong with them, and that none of them hangs, bloats or reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from workers import jq
from workers.jq import asking
from workers.jq.process import Child

POD: dict[str, Any] = {
    "metadata": {"name": "x", "managedFields": [{"manager": "secret"}], "annotations": {"a/b": "c"}},
    "containers": [{"name": "web", "env": [1, 2, 3, 4]}, {"name": "proxy", "env": []}],
}


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        (".containers[] | select(.name == \"proxy\")", [("containers", 1)]),
        (".containers[].name", [("containers", 0, "name"), ("containers", 1, "name")]),
        (".containers[-1].name", [("containers", 1, "name")]),
        (".containers[0].env[1:3]", [("containers", 0, "env", 1), ("containers", 0, "env", 2)]),
        (".containers[0].env[1:][1:3][0]", [("containers", 0, "env", 2)]),
        (".containers[:1][].env[-1]", [("containers", 0, "env", 3)]),
        ('.metadata.annotations["a/b"] # a comment', [("metadata", "annotations", "a/b")]),
        ("def f: .metadata; f.name", [("metadata", "name")]),
        (".spec.replicas", [("spec", "replicas")]),
        (".metadata.managedFields[]", []),
        (".none[]", []),
        (".metadata.name.further", []),
        ("empty", []),
        ("input", []),
    ],
)  # fmt: skip
def test_what_an_expression_names(expression: str, paths: list[jq.Path]) -> None:
    """As jq's `path()`, with plain positions; where it does not fit the object, nothing; never who manages fields."""
    assert list(jq.paths(expression, POD)) == paths
    assert jq.check(expression) == ""


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "is empty"),
        (".a[", "syntax error"),
        (".a)|(.b", "syntax error"),
        (".a # \\", "syntax error"),
        (".a; .b", "syntax error"),
        ("foo", "foo/0 is not defined"),
        ("$x", "$x is not defined"),
        ("1", "makes a value"),
        (".a | tostring", "makes a value"),
        ("del(.a)", "makes a value"),
        ("halt", "ends jq itself"),
        (".", "names the whole object"),
        ("..", "names the whole object"),
        ("limit(20000; repeat(.a)) | .b", "names more than 10000 fields"),
    ],
)
def test_what_is_wrong_is_said(expression: str, problem: str) -> None:
    """At once, without an object."""
    assert problem in jq.check(expression)


ENDLESS = [
    "def f: f; f",
    "def f: [f]; f",
    "last(range(infinite))",
    "[limit(1e9; repeat(1))]",
    '"a" * 1e9',
    "[range(1e9)]",
    "until(false; .)",
]


@pytest.mark.parametrize("expression", ENDLESS)
def test_no_expression_hangs_or_bloats(expression: str) -> None:
    """It is ended and says so, this process does not grow by what it took, and the next expression is answered."""
    this = psutil.Process()
    before = this.memory_info().rss
    problem = jq.check(expression)
    assert "took more than" in problem
    assert this.memory_info().rss - before < 32 << 20
    assert list(jq.paths(".a", {"number": os.urandom(4).hex()})) == [("a",)]


def test_an_expression_that_was_ended_is_not_tried_on_every_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app of thousands of objects would take as many seconds."""
    asked = []
    ask = Child.paths

    def count(self: Child, expression: str, text: bytes) -> dict[str, Any]:
        asked.append(expression)
        return ask(self, expression, text)

    monkeypatch.setattr(Child, "paths", count)
    for number in range(5):
        with pytest.raises(jq.Overrun, match="took more than"):
            jq.paths("def endless: endless; endless", {"number": number})
    assert len(asked) == 1


@pytest.mark.parametrize(
    "expression",
    [
        'import "secret" as $s {{search: "{folder}"}}; .a',
        'include "secret" {{search: "{folder}"}}; .a',
        "getpath([$ENV.SECRET])",
        "getpath([env.SECRET])",
        "getpath([input_filename])",
        "getpath([inputs])",
    ],
)
def test_nothing_outside_the_object_is_read(expression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, no environment, no further input: neither in what is found nor in what is said."""
    (tmp_path / "secret.json").write_text('"hunter2"')
    (tmp_path / "secret.jq").write_text('def s: "hunter2";')
    monkeypatch.setenv("SECRET", "hunter2")
    asking._child.end(0.0)
    text = expression.format(folder=tmp_path) if "{{" in expression else expression
    said = jq.check(text)
    assert "hunter2" not in said
    if not said:
        assert "hunter2" not in str(jq.paths(text, POD))


def test_what_an_expression_makes_of_a_value_is_never_said() -> None:
    """A value may be a secret, and jq's own message holds it."""
    with pytest.raises(jq.Unfit) as error:
        jq.paths("if .data then .data.password + .data.password else .data end", {"data": {"password": "hunter2"}})
    assert "hunter2" not in str(error.value)


def test_the_child_may_do_nothing_but_count() -> None:
    """It has no environment, may open no file and start no process, and ends with the one that asks."""
    child = Child()
    assert child.paths(".a", b"{}") == {"paths": [["a"]]}
    assert child._child is not None
    process = psutil.Process(child._child.pid)
    assert process.environ() == {}
    limits = {name: process.rlimit(getattr(psutil, f"RLIMIT_{name}")) for name in ("NOFILE", "NPROC", "FSIZE", "AS")}
    assert limits == {"NOFILE": (0, 0), "NPROC": (0, 0), "FSIZE": (0, 0), "AS": (jq.MEMORY, jq.MEMORY)}
    assert child._child.stdin is not None
    child._child.stdin.close()
    assert child._child.wait(60) == 0
    assert child._child.stdout is not None
    child._child.stdout.close()


def test_a_child_that_was_killed_is_replaced() -> None:
    """By whoever: no expression is to blame."""
    jq.paths(".a", {"before": 1})
    assert asking._child._child is not None
    psutil.Process(asking._child._child.pid).kill()
    asking._child._child.wait(60)
    assert list(jq.paths(".a", {"before": 2})) == [("a",)]


def test_the_same_object_is_not_asked_about_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep sees mostly the same objects every time."""
    jq.paths(".a.b", {"a": {"b": 1}})
    monkeypatch.setattr(Child, "paths", lambda *_: pytest.fail("asked"))
    assert list(jq.paths(".a.b", {"a": {"b": 1}})) == [("a", "b")]
