"""The house rules a machine can check: small rooms, no machine's paths, packages that say what they never do."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
MODULES = [name for name in TRACKED if name.endswith(".py") and name.split("/")[0] != "tests"]
LONG = {"workers/model.py": 314, "deploy/local/story.py": 213, "workers/intake.py": 221}
"""Modules that outgrew the 200 lines, with a ceiling: they may only shrink."""
TEXTS = [name for name in TRACKED if Path(name).suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ""}]


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_small_rooms(name: str) -> None:
    """200 lines at most, but for those on the list."""
    assert len((ROOT / name).read_text().splitlines()) <= LONG.get(name, 200)


def test_no_file_names_a_machine_s_path_or_a_registry_s_host() -> None:
    """What is true here only helps nobody elsewhere."""
    machine = re.compile(r"(?<![\w.])/(work|root|home/[a-z]+)/|(registry\.npmjs|pypi|proxy\.golang)\.(org|com)")
    lock = {"uv.lock", "tests/test_house.py"}
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in TEXTS
        if name not in lock and (ROOT / name).is_file()
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1)
        if machine.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "name", [name for name in MODULES if name.endswith("__init__.py") and name.split("/")[0] in ("receiver", "workers")]
)
def test_a_package_says_what_it_never_does(name: str) -> None:
    """A boundary nobody wrote down is soon none."""
    said = ast.get_docstring(ast.parse((ROOT / name).read_text())) or ""
    assert re.search(r"\b([Nn]ever|[Nn]othing|[Nn]o|not|only)\b", said), said
