"""Where an app's annotations say that it is deployed to, and what many apps together say of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.stack import APPLICATION
from workers import declared, documents
from workers.apps import App, decoded, encoded
from workers.commands import problems
from workers.documents import Document
from workers.environments import Environment, Place, Progress, Word, wanted
from workers.settings import Settings

KUSTOMIZATION = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: myapp
spec:
  interval: 10m
  prune: true
  path: myapp
  sourceRef: {kind: GitRepository, name: repo}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: myapp
spec:
  interval: 10m
  chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: repo}}}
"""


def annotated(text: str, **annotations: str) -> Document:
    """A declaration with these annotations of ours."""
    lines = "".join(f'    hookline.dev/{name.replace("_", "-")}: "{said}"\n' for name, said in annotations.items())
    text = text.replace("  name: myapp\n", f"  name: myapp\n  annotations:\n{lines}", 1)
    [document] = documents.read(text.encode(), "a.yaml")
    return document


def read(text: str, **annotations: str) -> App:
    """The app that is declared so."""
    found = declared.declared(annotated(text, **annotations))
    assert isinstance(found, App)
    return found


@pytest.mark.parametrize("text", [APPLICATION, KUSTOMIZATION, RELEASE], ids=["Application", "Kustomization", "release"])
def test_each_vocabulary_names_an_environment(text: str) -> None:
    """And its page; what is remembered of an app holds both."""
    app = read(text, environment="review/7 eu", environment_url="https://a.example/x")
    assert app.environment == Environment("review/7 eu", "https://a.example/x")
    assert decoded(encoded(app)) == app
    assert read(text, drift="off").environment is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"environment": "/qa"}, "hookline.dev/environment: expected 1 to 255"),
        ({"environment": "qa/"}, "hookline.dev/environment: expected 1 to 255"),
        ({"environment": "a//b"}, "hookline.dev/environment: expected 1 to 255"),
        ({"environment": "a|b"}, "hookline.dev/environment: expected 1 to 255"),
        ({"environment": "x" * 256}, "hookline.dev/environment: expected 1 to 255"),
        (
            {"environment_url": "https://a.example"},
            "environment-url: there is no hookline.dev/environment",
        ),
        ({"environment": "qa", "environment_url": "a.example"}, "hookline.dev/environment-url: expected an http"),
        ({"environment": "qa", "environment_url": "https://me:pw@a.example"}, "environment-url: expected an http"),
        ({"environment": "qa", "environment_url": "https://a.example:x"}, "environment-url: expected an http"),
        ({"environment": "qa", "environment_url": f"https://a.example/{'x' * 255}"}, "environment-url: expected"),
    ],
    ids=range(10),
)
def test_what_is_no_environment_is_said_with_its_line(said: dict[str, str], words: str) -> None:
    """The app is not synced before it is corrected: nobody knows where it goes."""
    fault = read(APPLICATION, **said).fault
    assert fault.startswith("a.yaml:6: " if len(said) == 1 else "a.yaml:7: "), fault
    assert words in fault
    assert "pw@" not in fault


@pytest.mark.parametrize(
    ("name", "production", "transient"),
    [("production", True, False), ("Prod/eu", True, False), ("review/7", False, True), ("staging", False, False)],
)
def test_the_name_says_what_it_is(name: str, production: bool, transient: bool) -> None:
    """By its first part."""
    environment = Environment(name)
    assert (environment.is_production, environment.is_transient) == (production, transient)


def word(progress: Progress, revision: str = "a", began: float = 1.0, text: str = "synced") -> Word:
    """What an app says."""
    return Word(revision, "refs/heads/main", progress, text, 7, began)


RUNNING, SUCCESS, FAILURE = Progress.RUNNING, Progress.SUCCESS, Progress.FAILURE
CASES: dict[str, tuple[dict[str, Word], bool, tuple[str, Progress, str, str]]] = {
    "one": ({"web": word(SUCCESS)}, False, ("a", SUCCESS, "web: synced", "web")),
    "one that waits for others": ({"web": word(SUCCESS)}, True, ("a", RUNNING, "being deployed", "web")),
    "alike": (
        {"web": word(SUCCESS), "api": word(SUCCESS)},
        False,
        ("a", SUCCESS, "2 apps: synced", "api"),
    ),
    "not alike": (
        {"web": word(SUCCESS, text="synced: 1 created"), "api": word(SUCCESS)},
        False,
        ("a", SUCCESS, "2 apps: in sync", "api"),
    ),
    "one failed": (
        {"web": word(FAILURE, text="apply failed"), "api": word(SUCCESS)},
        False,
        ("a", FAILURE, "web: apply failed", "web"),
    ),
    "two failed": (
        {"web": word(FAILURE), "api": word(FAILURE, text="no"), "docs": word(SUCCESS)},
        False,
        ("a", FAILURE, "2 of 3 apps failed; api: no", "api"),
    ),
    "an older commit": (
        {"web": word(FAILURE, "old", 1.0), "api": word(SUCCESS, "new", 2.0)},
        False,
        ("new", SUCCESS, "api: synced", "api"),
    ),
    "broken off": (
        {"web": word(Progress.INACTIVE, text="held"), "api": word(SUCCESS)},
        False,
        ("a", SUCCESS, "2 apps: in sync", "api"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_apps_of_an_environment_say_one_thing(case: str) -> None:
    """Of the commit whose sync began last, the worst first."""
    words, pending, (revision, progress, text, app) = CASES[case]
    said = wanted(words, pending)
    assert said is not None
    assert (said.revision, said.progress, said.text, said.app) == (revision, progress, text, app)
    assert wanted({}, pending) is None


def test_check_names_an_environment_that_no_forge_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place of its app; it is a warning and no problem."""
    monkeypatch.setenv("SECRET", "s" * 20)
    text = APPLICATION.replace("  name: myapp\n", "  name: myapp\n  annotations: {hookline.dev/environment: qa}\n")
    (tmp_path / "app.yaml").write_text(text)
    settings = Settings.model_validate(
        {
            "catalog": {"folders": [tmp_path]},
            "hooks": {"main": {"forge": "gitea", "secrets": ["env:SECRET"]}},
            "forges": {"it": {"kind": "gitea", "api": "https://gitea.example/api/v1", "token": "env:SECRET"}},
        }
    )
    index = problems.catalog(settings)
    said = [one for one in problems.warnings(settings, index) if "environment" in one]
    assert said == [f"{tmp_path.name}/app.yaml:1: hookline.dev/environment has no effect: gitea has no deployments"]
    assert problems.all_of(settings, index) == []


def test_a_place_is_known_by_its_name() -> None:
    """Whatever slashes and spaces are in it."""
    place = Place("main", "grp/sub/project", "review/7 eu")
    assert Place.of(place.name) == place
