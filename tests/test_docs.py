"""The documents say what is true: generated pages, links, make targets, commands and examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from workers import catalog, configuration
from workers.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", ["configuration", "compatibility"])
def test_a_generated_page_is_what_the_code_says_now(page: str) -> None:
    """`hookline docs PAGE > docs/PAGE.md` was run after the last change."""
    made = CliRunner().invoke(app, ["docs", page])
    assert made.exit_code == 0
    assert (ROOT / "docs" / f"{page}.md").read_text() == made.stdout


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading in it."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, part = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if part:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), flags=re.MULTILINE)
            assert part in {anchor(heading) for heading in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_named_exists(page: Path) -> None:
    """`make` targets and `hookline` commands, in text and in listings."""
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = re.findall(r"(?:`|\$ |^)make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(named) <= targets
    assert set(re.findall(r"(?:`|\$ |^)hookline ([a-z]+)", text, flags=re.MULTILINE)) <= COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_configuration_shown_is_read(page: Path, tmp_path: Path) -> None:
    """Every YAML listing that is a configuration."""
    for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), flags=re.DOTALL):
        value = yaml.safe_load(text) if "\n---" not in text else None
        if isinstance(value, dict) and {"hooks", "clusters", "forges", "edge", "issuers", "sync"} & set(value):
            path = tmp_path / "hookline.yaml"
            path.write_text(text)
            _, problems = configuration.examine(path)
            assert [str(problem) for problem in problems] == []


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda folder: folder.name)
def test_every_example_s_apps_are_served(folder: Path) -> None:
    """Each example declares at least one app, and none has a fault."""
    declared = [path for path in folder.rglob("*.yaml") if "kind: Application" in path.read_text()]
    assert declared
    for path in declared:
        index = catalog.load([path.parent])
        assert index.apps
        assert [found.fault for found in index.apps.values() if found.fault] == []
