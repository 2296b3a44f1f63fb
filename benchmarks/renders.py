"""How many renders a second a worker makes, cold and from its memory, and the memory for an app of 5,000 objects."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import git

from benchmarks.figures import Figure
from deploy.local import binaries
from deploy.local.forge.repository import environment
from workers import sync
from workers.apps import App
from workers.git.trees import Tree
from workers.given import Cluster, Given, Kustomize
from workers.policies import Build, Helm
from workers.renderers import kustomize, source
from workers.stages import render

GROUP = "renders"
SIZES = (10, 100)
MANY = 5_000
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%s, labels: {app: web}}\ndata: {key: value}\n"
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
TEMPLATE = "{{ range until %d }}\n---\n" + OBJECT.replace("%s", "{{ . }}") + "{{ end }}"
PLAIN, OVERLAY, CHARTED = "plain", "Kustomize overlay", "chart"


def figures(folder: Path, rounds: int) -> list[Figure]:
    """Render each kind of folder again and again."""
    os.environ["HELM"] = str(binaries.locate()["helm"])
    small = Kustomize(str(binaries.locate()["kustomize"]))
    found = []
    for number in SIZES:
        for kind in (PLAIN, OVERLAY, CHARTED):
            place = folder / f"{kind}-{number}"
            with closing(made(place, files(kind, number))) as repo:
                tree, app = Tree(repo, str(place), "HEAD"), app_of(kind)
                found += measured(
                    tree, app, Given(cluster=Cluster("v1.37.2"), kustomize=small), f"{kind}, {number}", rounds
                )
                if kind == OVERLAY:
                    found += measured(tree, app, Given(), f"{kind}, {number}, by kubectl", rounds)
    return [*found, memory(folder)]


def measured(tree: Tree, app: App, given: Given, name: str, rounds: int) -> list[Figure]:
    """Return renders a second: cold, and of inputs that were rendered lately."""
    if app.build.helm is None:
        kustomize.version_of(given.kustomize)
    key = render.inputs(tree, app, given)

    def again() -> None:
        render.objects(tree, app, render.inputs(tree, app, given), lambda *_: True, "", given)

    render.objects(tree, app, key, lambda *_: True, "", given)
    return [
        Figure(GROUP, f"{name}: cold", rate(lambda: source.read(tree, app, {}, given), rounds), "a second"),
        Figure(GROUP, f"{name}: rendered lately", rate(again, rounds), "a second"),
    ]


def rate(call: Callable[[], object], rounds: int) -> float:
    """Return how often a second a call is done."""
    begun = time.perf_counter()
    for _ in range(rounds):
        call()
    return rounds / (time.perf_counter() - begun)


def memory(folder: Path) -> Figure:
    """Return the most memory of a process that renders an overlay of many objects and keeps them."""
    arguments = [sys.executable, "-m", "benchmarks.renders", str(folder / "many")]
    done = subprocess.run(arguments, capture_output=True, check=True, text=True)
    return Figure(GROUP, f"an app of {MANY} objects: most memory of its worker", float(done.stdout), "MiB")


def files(kind: str, number: int) -> Mapping[str, str]:
    """Return the files of one folder that makes so many objects."""
    if kind == CHARTED:
        return {"web/Chart.yaml": CHART, "web/templates/all.yaml": TEMPLATE % number}
    text = "---\n".join(OBJECT % at for at in range(number))
    if kind == PLAIN:
        return {"web/all.yaml": text}
    base = {"base/kustomization.yaml": "resources: [all.yaml]\n", "base/all.yaml": text}
    return base | {"web/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\n"}


def app_of(kind: str) -> App:
    """Return the app of a kind of folder."""
    build = Build(helm=Helm()) if kind == CHARTED else Build()
    return App("web", "u", "web", "main", "f", namespace="default", build=build)


def made(folder: Path, content: Mapping[str, str]) -> git.Repo:
    """Commit files to a new repository."""
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "x")):
        subprocess.run(["git", *command], cwd=folder, env=environment(), check=True)
    return git.Repo(folder)


def main(place: str) -> None:
    """Render an overlay of many objects once, and print the most memory this process had, in MiB."""
    assert sync  # a worker has all of it loaded
    with closing(made(Path(place), files(OVERLAY, MANY))) as repo:
        tree, app, given = Tree(repo, place, "HEAD"), app_of(OVERLAY), Given()
        wanted, _, _ = render.objects(tree, app, render.inputs(tree, app, given), lambda *_: True, "", given)
        assert len(wanted) == MANY
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(sys.argv[1])
