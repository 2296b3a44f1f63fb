"""The child process that evaluates Jsonnet: reads one request, writes one answer, both JSON.

Started as a script by its path, alone: it imports nothing of Hookline. Its arguments are the file of the
``_gojsonnet`` module and the request: ``root``, ``files`` (paths below it, in order), ``libs``, ``variables`` and
``arguments``, each as [name, value, whether the value is code]. The answer goes to standard output: the text of each
file's value, or what is wrong as ``{"wrong": "…"}``, with ``missing``, as [folder, path], where a file in that folder
imports what is not there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Evaluate every file of the request; the first that fails ends it."""
    spec = importlib.util.spec_from_file_location("_gojsonnet", sys.argv[1])
    assert spec is not None  # noqa: S101 -- a file that is there
    assert spec.loader is not None  # noqa: S101
    evaluator: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluator)
    request = json.loads(Path(sys.argv[2]).read_text())
    root, found = Path(request["root"]), []
    missing: list[tuple[str, str]] = []
    for name in request["files"]:
        wrong: dict[str, Any] = {}
        try:
            found.append(
                evaluator.evaluate_snippet(
                    name,
                    (root / name).read_text(),
                    import_callback=_importing(root, request["libs"], missing),
                    **_said(request["variables"], "ext"),
                    **_said(request["arguments"], "tla"),
                )
            )
        except (RuntimeError, UnicodeDecodeError) as error:
            wrong = {"wrong": str(error)}
        if missing:
            wrong = {"wrong": f"there is no file {missing[0][1]} in the repository", "missing": missing[0]}
        if wrong:
            json.dump(wrong, sys.stdout)
            return
    json.dump({"texts": found}, sys.stdout)


def _said(triples: list[tuple[str, str, bool]], kind: str) -> dict[str, dict[str, str]]:
    return {
        f"{kind}_vars": {name: value for name, value, code in triples if not code},
        f"{kind}_codes": {name: value for name, value, code in triples if code},
    }


def _importing(root: Path, libs: list[str], missing: list[tuple[str, str]]) -> Callable[[str, str], tuple[str, bytes]]:
    def load(folder: str, path: str) -> tuple[str, bytes]:
        """Find an import beside the file that names it, then in the libraries, the last one first.

        It never raises: of what a callback raises, the evaluator repeats whatever lies behind it in memory, too.
        """
        for above in (folder, *reversed(libs)):
            name = os.path.normpath(os.path.join(above, path))  # noqa: PTH118 -- nothing is looked up on the way
            if not name.startswith(("/", "..")) and (root / name).is_file():
                return name, (root / name).read_bytes()
        missing.append((folder, path))
        return f"missing:{len(missing)}", b"error 'there is no such file'"

    return load


if __name__ == "__main__":
    main()
