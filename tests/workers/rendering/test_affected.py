"""Which apps of one repository a change touches: those that read what it changes, and nobody else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import git
import pytest

from deploy.local.forge.repository import environment
from tests.workers.charts import CHART
from tests.workers.manifests import config
from workers.apps import App
from workers.git.trees import Tree
from workers.given import Given
from workers.policies import Build, Helm, Source
from workers.renderers import checkout, helm, source
from workers.stages import render

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: patch.yaml}]\n"
PATCH = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {more: '1'}\n"
LABELS = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: []\n"
FILES: Mapping[str, str] = {
    # Overlays of one base; another kustomization below it; an overlay with a component; one with a transformer.
    "base/kustomization.yaml": "resources: [shared.yaml]\nconfigMapGenerator: [{name: g, files: [k=conf/a.txt]}]\n",
    "base/shared.yaml": config("shared"),
    "base/conf/a.txt": "words",
    "base/README.md": "words",
    "base/below/kustomization.yaml": "resources: [b.yaml]\n",
    "base/below/b.yaml": config("b"),
    "over/eu/kustomization.yaml": "resources: [../../base, own.yaml]\ncomponents: [../../part]\n",
    "over/eu/own.yaml": config("own"),
    "over/us/kustomization.yaml": "resources: [../../base]\nsecretGenerator: [{name: s, envs: [us.env]}]\n",
    "over/us/us.env": "A=1\n",
    "over/asia/kustomization.yaml": "resources: [../../base]\ntransformers: [labels.yaml]\n",
    "over/asia/labels.yaml": LABELS,
    "part/kustomization.yaml": COMPONENT,
    "part/patch.yaml": PATCH,
    "part/note.txt": "words",
    # Charts, with value files of their own repository and of another source.
    "chart/Chart.yaml": CHART,
    "chart/values.yaml": "a: 1\n",
    "chart/templates/a.yaml": config("a"),
    "envs/a.yaml": "a: 1\n",
    "envs/b/c.yaml": "a: 1\n",
    "envs/note.txt": "words",
    "motd.txt": "words",
    # Plain folders.
    "plain/a.yaml": config("a"),
    "plain/b.json": config("b"),
    "plain/below/c.yaml": config("c"),
    "plain/skip/d.yaml": config("d"),
    "plain/note.txt": "words",
    "flux/a.yaml": config("a"),
    "flux/below/b.yaml": config("b"),
    "flux/based/kustomization.yaml": "resources: [../../base]\n",
    "js/main.jsonnet": "import '../lib/l.libsonnet'",
    "lib/l.libsonnet": "import 'm.libsonnet'",
    "lib/m.libsonnet": "{}",
    "lib/n.libsonnet": "{}",
    "top.yaml": config("top"),
    ".sourceignore": "ignored.yaml\n",
    "src/main.go": "package main\n",
}


def _app(path: str, build: Build = Build(), **more: object) -> App:  # noqa: B008 -- a frozen value
    return replace(App("web", "u", path, "main", "f", namespace="place", build=build), **more)  # type: ignore[arg-type]


def _values(*files: str, **more: object) -> Build:
    return Build(helm=replace(Helm(), value_files=files, **more))  # type: ignore[arg-type]


LENT = Source("u", "main", "", Build(), "lent")
APPS: Mapping[str, App] = {
    "base": _app("base"),
    "below": _app("base/below"),
    "eu": _app("over/eu"),
    "us": _app("over/us"),
    "asia": _app("over/asia"),
    "edited": _app("over/us", Build(edits='{"components":["../../part"]}')),
    "chart": _app("chart", _values()),
    "one file": _app("chart", _values("../envs/a.yaml", file_parameters=(("motd", "/motd.txt"),))),
    "globs": _app("chart", _values("/envs/**/*.yaml", ignore_missing=True)),
    "lent": _app("chart", _values("$lent/envs/*.yaml"), more=(LENT,)),
    "plain": _app("plain"),
    "deep": _app("plain", Build(recurse=True, exclude="skip/*")),
    "yaml": _app("plain", Build(recurse=True, include="*.yaml", exclude="{skip/*,below/x*}")),
    "flux": _app("flux", Build(gather=True)),
    "js": _app("js"),
    "top": _app("."),
}
OVERLAYS = {"base", "eu", "us", "asia", "edited", "flux"}
CHARTS = {"chart", "one file", "globs", "lent"}
PLAIN = {"deep", "yaml"}


@dataclass(frozen=True)
class Change:
    """Files by what becomes of them: a text, ``None`` for gone, ``@target`` for a link; whom that touches."""

    files: Mapping[str, str | None]
    touches: set[str]


CHANGES: Mapping[str, Change] = {
    "a base": Change({"base/shared.yaml": config("shared", "b")}, OVERLAYS),
    "a base's kustomization": Change({"base/kustomization.yaml": "resources: [shared.yaml]\n"}, OVERLAYS),
    "what a base's generator reads": Change({"base/conf/a.txt": "other"}, OVERLAYS),
    "what a base does not read": Change({"base/README.md": "other", "base/conf/b.txt": "new"}, set()),
    "a base's file becomes a link": Change({"base/shared.yaml": "@conf/a.txt"}, OVERLAYS),
    "a second kustomization": Change({"base/Kustomization": "resources: []\n"}, OVERLAYS),
    "another kustomization below a base": Change({"base/below/b.yaml": config("b", "b")}, {"below"}),
    "an overlay": Change({"over/eu/own.yaml": config("own", "b")}, {"eu"}),
    "variables of a generator": Change({"over/us/us.env": "A=2\n"}, {"us", "edited"}),
    "beside a transformer": Change({"over/asia/x.yaml": "words"}, {"asia"}),
    "a component": Change({"part/patch.yaml": PATCH.replace("1", "2")}, {"eu", "edited"}),
    "beside a component": Change({"part/note.txt": "other"}, set()),
    "a template": Change({"chart/templates/a.yaml": config("a", "b")}, CHARTS),
    "a new template": Change({"chart/templates/b.yaml": config("b")}, CHARTS),
    "a dependency": Change({"chart/charts/sub/Chart.yaml": CHART.replace("web", "sub")}, CHARTS),
    "a value file": Change({"envs/a.yaml": "a: 2\n"}, {"one file", "globs", "lent"}),
    "a value file below": Change({"envs/b/c.yaml": "a: 2\n"}, {"globs"}),
    "a value file that appears": Change({"envs/new.yaml": "a: 2\n"}, {"globs", "lent"}),
    "a value file that goes": Change({"envs/b/c.yaml": None}, {"globs"}),
    "beside value files": Change({"envs/note.txt": "other"}, set()),
    "a file parameter": Change({"motd.txt": "other"}, {"one file"}),
    "a manifest": Change({"plain/a.yaml": config("a", "b")}, {"plain", *PLAIN}),
    "a manifest in JSON": Change({"plain/b.json": config("b", "b")}, {"plain", "deep"}),
    "a manifest below": Change({"plain/below/c.yaml": config("c", "b")}, PLAIN),
    "a manifest that appears": Change({"plain/below/x.yaml": config("x")}, {"deep"}),
    "a manifest that goes": Change({"plain/below/c.yaml": None}, PLAIN),
    "a manifest that becomes a link": Change({"plain/below/c.yaml": "@../a.yaml"}, PLAIN),
    "a manifest that is moved": Change({"plain/below/c.yaml": None, "plain/e.yaml": config("c")}, {"plain", *PLAIN}),
    "an excluded manifest": Change({"plain/skip/d.yaml": config("d", "b"), "plain/skip/e.yaml": config("e")}, set()),
    "what is no manifest": Change({"plain/note.txt": "other", "plain/new.md": "words", "src/main.go": "p"}, set()),
    "a kustomization that appears": Change({"plain/kustomization.yaml": "resources: [a.yaml]"}, {"plain", *PLAIN}),
    "a manifest that Flux gathers": Change({"flux/below/new.yaml": config("new")}, {"flux"}),
    "Jsonnet": Change({"js/main.jsonnet": "{}"}, {"js"}),
    "what an import imports": Change({"lib/m.libsonnet": "{a: 1}"}, {"js"}),
    "beside an import": Change({"lib/n.libsonnet": "{a: 1}"}, set()),
    "where an import may be as well": Change({"js/m.libsonnet": "{}"}, {"js"}),
    "the root": Change({"top.yaml": config("top", "b")}, {"top"}),
    "ignored files, said otherwise": Change({".sourceignore": "# words\nignored.yaml\n"}, set()),
    "ignored files": Change({".sourceignore": "c.yaml\n"}, PLAIN),
    "an ignored file": Change({"plain/ignored.yaml": config("x"), "flux/ignored.yaml": config("x")}, set()),
}


class Repository:
    """A repository whose commits are all made from :data:`FILES`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("init", "-q")
        self.first = self.commit(FILES)
        self.repo = git.Repo(folder)
        self.begin = Tree(self.repo, "u", self.first)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            ["git", *command], cwd=self.folder, env=environment(), check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Write files over those that are there; return the commit."""
        for name, text in files.items():
            place = self.folder / name
            place.unlink(missing_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            if text is not None and text.startswith("@"):
                place.symlink_to(text[1:])
            elif text is not None:
                place.write_text(text)
        self._run("add", "-A")
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        self._run(*who, "commit", "-q", "--allow-empty", "-m", "x")
        return self._run("rev-parse", "HEAD")

    def changed(self, files: Mapping[str, str | None]) -> Tree:
        """Return the tree of the first commit with these files in place of its own."""
        self._run("reset", "-q", "--hard", self.first)
        return Tree(self.repo, "u", self.commit(files))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """One for all changes: each begins at the first commit."""
    made = Repository(tmp_path_factory.mktemp("affected"))
    yield made
    made.repo.close()


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is rendered here but by Kustomize: which helm there is does not matter."""
    monkeypatch.setattr(helm, "version_of", lambda _: "v4")


def keys(tree: Tree) -> dict[str, str]:
    """Return what each app's rendering depends on."""
    return {name: render.inputs(tree, app, Given(trees=(tree,) * len(app.more))) for name, app in APPS.items()}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_touches_who_reads_it(name: str, repository: Repository) -> None:
    """And nobody else: whoever is not touched renders nothing."""
    change = CHANGES[name]
    before, after = keys(repository.begin), keys(repository.changed(change.files))
    assert {app for app in APPS if before[app] != after[app]} == change.touches


def test_every_app_is_touched_by_something() -> None:
    """Else its line would show nothing."""
    assert set().union(*(change.touches for change in CHANGES.values())) == set(APPS)


@pytest.mark.parametrize("name", sorted(OVERLAYS))
def test_kustomize_finds_no_file_but_those_that_count(name: str, repository: Repository, tmp_path: Path) -> None:
    """What is written out is what is compared, so nothing else can change what comes of it; and it is enough."""
    tree, app = repository.begin, APPS[name]
    job = source.job(tree, app, Given())
    checkout.write(tree, job.reads(), tmp_path, {}, job.counts)
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    counted = job.reads()
    assert written == {path for path, _ in checkout.chosen(tree, counted)}
    assert {path for path in written if not any(path.startswith(f"{place}/") for place in counted)} <= set(counted)
    assert "base/README.md" not in written
    made = {str(one.value["metadata"]["name"]) for one in source.read(tree, app, {}, Given())}
    assert any("shared" in one for one in made)
