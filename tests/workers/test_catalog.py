"""Declarations are read as written, and one broken document harms itself only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.receiver.conftest import APPLICATION
from workers import catalog
from workers.apps import App
from workers.policies import DriftMode

UNKNOWN = "apiVersion: notification.toolkit.fluxcd.io/v1\nkind: Receiver\nmetadata: {name: x}\nspec: {}\n"


def test_the_document_of_the_walkthrough_is_read_exactly_as_written(tmp_path: Path) -> None:
    """Every field of it has its effect."""
    path = tmp_path / "myapp.yaml"
    path.write_text(APPLICATION)
    index = catalog.load([tmp_path])
    assert index.faults == ()
    assert index.apps["myapp"] == App(
        name="myapp",
        url="https://github.com/your-org/your-repo.git",
        path="myapp",
        revision="main",
        file=f"{tmp_path.name}/myapp.yaml",
        line=1,
        server="https://kubernetes.default.svc",
        namespace="default",
        automated=True,
        prune=True,
        drift=DriftMode.REPAIR,
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("prune: true", "prune: sometimes", 16, "spec.syncPolicy.automated.prune", "expected true or false"),
        ("prune: true", "purne: true", 16, "spec.syncPolicy.automated.purne", "not known"),
        ("name: myapp\n", "name: My_App\n", 4, "metadata.name", "pattern"),
        ("path: myapp", "path: [myapp]", 11, "spec.source.path", "expected text"),
        ("path: myapp", "chart: a b", 11, "spec.source.chart", "expected the name of one chart"),
        ("    server: https://kubernetes.default.svc\n", "", 6, "spec.destination", "exactly one of"),
        ("repoURL: https://github.com/your-org/your-repo.git", "repoURL: ext::sh -c id", 12, "spec.source.repoURL", ""),
        ("targetRevision: main", "targetRevision: 1.20", 13, "spec.source.targetRevision", "put quotes around it"),
        ("project: default", "ignoreDifferences: [{kid: X}]", 9, "spec.ignoreDifferences[0].kind", "required"),
    ],
)
def test_a_wrong_field_names_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, says: str
) -> None:
    """The app carries the sentence, so that its commits get it as their failed status; the other app is unharmed."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(APPLICATION.replace(old, new, 1))
    (tmp_path / "good.yaml").write_text(APPLICATION.replace("name: myapp\n", "name: good\n", 1))
    index = catalog.load([tmp_path])
    faults = [*index.faults, *(app.fault for app in index.apps.values() if app.fault)]
    assert len(faults) == 1
    assert faults[0].startswith(f"{tmp_path.name}/bad.yaml:{line}: {field}: ")
    assert says in faults[0]
    assert index.apps["good"].fault == ""


def test_an_unknown_kind_says_what_was_expected(tmp_path: Path) -> None:
    """It names an app, so the app carries it."""
    (tmp_path / "flux.yaml").write_text(UNKNOWN)
    assert "expected argoproj.io/v1alpha1 Application" in catalog.load([tmp_path]).apps["x"].fault


def test_a_file_that_is_not_yaml_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is a fault of the catalog, with file and line."""
    (tmp_path / "broken.yaml").write_text("a: [\n")
    (tmp_path / "good.yaml").write_text(APPLICATION)
    index = catalog.load([tmp_path])
    assert list(index.apps) == ["myapp"]
    assert "broken.yaml" in index.faults[0]


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    """Not silently an empty catalog."""
    assert "does not exist" in catalog.load([tmp_path / "none"]).faults[0]


def test_the_catalog_sees_changes_without_a_restart(tmp_path: Path) -> None:
    """A file that is added, changed or removed counts at the next look."""
    held = catalog.Catalog([tmp_path])
    assert held.index().apps == {}
    path = tmp_path / "myapp.yaml"
    path.write_text(APPLICATION)
    assert held.index().apps["myapp"].path == "myapp"
    path.write_text(APPLICATION.replace("path: myapp", "path: elsewhere"))
    assert held.index().apps["myapp"].path == "elsewhere"
    path.unlink()
    assert held.index().apps == {}


def test_valid_fields_without_effect_are_named(tmp_path: Path) -> None:
    """Never silently ignored."""
    (tmp_path / "myapp.yaml").write_text(
        APPLICATION + "    syncOptions: [Invented=true]\n  info: [{name: a, value: b}]\n"
    )
    assert catalog.load([tmp_path]).apps["myapp"].warnings == (
        "spec.info has no effect in Hookline yet: shown nowhere yet",
        "spec.syncPolicy.syncOptions: Invented=true has no effect in Hookline yet",
    )
