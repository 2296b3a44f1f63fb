"""Differential: what we make of 46 folders is what ``kubectl kustomize`` makes of them by hand, object by object.

Ours is built by the smaller binary, theirs by kubectl; what an app says is said by hand with ``kustomize edit``. Charts
have a differential of their own (`tests.workers.test_helm`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import binaries
from tests.workers import charts
from tests.workers.charts import tree_of
from tests.workers.rendering.folders import CASES, Case
from workers.apps import App
from workers.declarations.sources import Source
from workers.declaring import building
from workers.git.trees import Tree
from workers.given import Given, Kustomize
from workers.renderers import source

KUBECTL = str(Path(sys.executable).with_name("kubectl"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """One commit with the folders of all cases."""
    files = {f"{at}/{name}": text for at, case in enumerate(CASES.values()) for name, text in case.files.items()}
    yield tree_of(tmp_path_factory.mktemp("folders"), files)
    charts.OPENED.pop().close()


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a person gets, by the name of the case: several at a time."""
    places = [tmp_path_factory.mktemp("hand") for _ in CASES]
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(CASES, pool.map(made, CASES.values(), places), strict=True))


def made(case: Case, place: Path) -> str:
    """Write, edit and build a folder by hand; return the output."""
    for name, text in case.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    if case.written:
        (place / "app/kustomization.yaml").write_text(case.written)
    for edit in case.edits:
        command = [str(binaries.locate()["kustomize"]), "edit", *edit]
        subprocess.run(command, cwd=place / "app", check=True, capture_output=True)
    done = subprocess.run([KUBECTL, "kustomize", str(place / "app")], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f"failed: {done.stderr!r}"


@pytest.mark.parametrize("name", CASES)
def test_a_folder_becomes_what_it_becomes_by_hand(name: str, repository: Tree, by_hand: dict[str, str]) -> None:
    """In the same order, too."""
    at, case = [*CASES].index(name), CASES[name]
    said = Source.model_validate(
        {"repoURL": "u", "path": f"{at}/app", **({"kustomize": case.said} if case.said else {})}
    )
    app = App("myapp", "u", f"{at}/app", "main", "f", build=building.build(said))
    tools = Given(kustomize=Kustomize(str(binaries.locate()["kustomize"])))
    ours = [one.value for one in source.read(repository, app, {}, tools)]
    theirs = list(yaml.load_all(by_hand[name], yaml.BaseLoader))
    assert theirs, by_hand[name]
    assert not by_hand[name].startswith("failed"), by_hand[name]
    assert texts(ours) == texts(theirs)


def texts(value: Any) -> Any:
    """Return a value with its scalars as YAML would write them: both sides are read by different readers."""
    if isinstance(value, dict):
        return {key: texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [texts(one) for one in value]
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def test_there_are_forty_folders() -> None:
    """And no two of them say the same."""
    assert len({repr(case) for case in CASES.values()}) == len(CASES) >= 40
