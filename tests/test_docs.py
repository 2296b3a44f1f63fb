"""The documents say what is true: generated pages, links, make targets, commands and examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from tests import shown
from workers import catalog, configuration, options, phases
from workers.cli import app
from workers.commands.reference import compatibility, sampling

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]


def test_the_configuration_page_is_what_the_code_says_now() -> None:
    """`hookline docs configuration > docs/configuration.md` was run after the last change."""
    made = CliRunner().invoke(app, ["docs", "configuration"])
    assert made.exit_code == 0
    assert (ROOT / "docs" / "configuration.md").read_text() == made.stdout


def test_the_compatibility_page_is_what_code_and_tests_say_now() -> None:
    """`python -m tests.shown > docs/compatibility.md` was run after the last change; it begins as the command's."""
    made = CliRunner().invoke(app, ["docs", "compatibility"])
    assert made.exit_code == 0
    assert shown.page().startswith(made.stdout)
    assert (ROOT / "docs" / "compatibility.md").read_text() == shown.page()


def test_everything_served_is_shown_by_a_test_on_a_real_api_server() -> None:
    """Every field that is called served, but those that say what a document is, and every option that is no default."""
    wanted = set()
    for vocabulary, good in compatibility.GOOD.values():
        for path in sampling.leaves(vocabulary.model):
            if path[:2] == ("spec", "sources") or path[0] in ("apiVersion", "kind"):
                continue
            if compatibility.standing_of(vocabulary, good, path)[0] is compatibility.Standing.SERVED:
                wanted.add(f"{good['kind']} {compatibility.written(path)}")
    values = {f"{name}={value}" for name, values in options.VALUES.items() for value in values}
    says_nothing = {f"{name}=false" for name in options.VALUES} - {"Validate=false", "Prune=false", "Delete=false"}
    says_nothing |= {"Validate=true", "Prune=true", "Delete=true"}
    wanted |= {f"option {word}" for word in (values | set(options.ALWAYS)) - says_nothing}
    wanted |= {f"phase {phase}" for phase in phases.Phase if phase is not phases.Phase.DELETE}
    wanted |= {f"policy {policy}" for policy in phases.Policy}
    wanted |= {f"annotation {name}" for name in (phases.WAVE, phases.HOOK, phases.POLICY)}
    wanted |= {f"annotation {options.FLUX}{name}" for name in ("prune", "force", "ssa", "reconcile", "substitute")}
    assert wanted - set(shown.shown()) == set()


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
        if isinstance(value, dict) and {"hooks", "clusters", "forges", "edge", "issuers", "sync", "alerts"} & set(
            value
        ):
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
