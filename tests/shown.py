"""Which test shows which field, option, annotation or phase: a decorator, and the table for `docs/compatibility.md`.

``python -m tests.shown`` prints the whole page: what the code serves, and the tests that show it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from workers.commands.reference import compatibility

ROOT = Path(__file__).parent
Test = TypeVar("Test", bound=Callable[..., object])

HEAD = """
## Shown by tests

Every line is shown on a real API server by the test beside it, which fails when it has no effect. `[…]` stands for
the case of a table.

| what | test |
|---|---|
"""


def shows(*what: str) -> Callable[[Test], Test]:
    """Say what a test shows, as the page names it: ``Application spec.project``, ``option Replace=true``."""
    del what
    return lambda test: test


def shown() -> dict[str, str]:
    """Return what is shown, with the first test that shows it, read from the source. Pure but for reading."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("test_*.py")):
        name = str(path.relative_to(ROOT.parent))
        for what, test in _in(ast.parse(path.read_text())):
            found.setdefault(what, f"{name}::{test}")
    return dict(sorted(found.items()))


def _in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            # A table of cases, CASES_<TEST> = {"what": …}: each key is what its case shows.
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id.startswith("SHOWN_BY_"):
                test = target.id.removeprefix("SHOWN_BY_").lower()
                for key in node.value.keys:
                    if isinstance(key, ast.Constant):
                        yield from ((what, f"{test}[…]") for what in str(key.value).split(", "))
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "shows":
                    yield from ((str(one.value), node.name) for one in decorator.args if isinstance(one, ast.Constant))


def page() -> str:
    """Return the page with the table."""
    rows = [f"| `{what}` | `{test}` |\n" for what, test in shown().items()]
    return compatibility.page() + HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
