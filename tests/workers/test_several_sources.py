"""Apps with several sources: value files from another repository, several that render, and who is told what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.local import binaries
from deploy.local.forge import Checkout
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.shown import shows
from tests.workers.charts import CHART, HOOK
from tests.workers.conftest import Bench
from tests.workers.test_holds import ADA, desk
from workers import apps, further, gate, repositories, returning, rolling, sweep
from workers.apps import App
from workers.errors import BadOrder, PolicyRefused
from workers.model import Commit, Report, Request, State, Why
from workers.policies import NOTHING_BUILT, Source
from workers.projects import Project
from workers.records.coding import commit_id
from workers.rollbacks import OnFailure

VALUES = "your-org/values"
VALUES_URL = "https://github.com/your-org/values.git"
MAIN = "refs/heads/main"
APPLICATION = f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: myapp}}
spec:
  destination: {{server: https://kubernetes.default.svc, namespace: PLACE}}
  project: default
  sources:
    - {{repoURL: {VALUES_URL}, targetRevision: main, ref: values}}
    - repoURL: {PUBLIC_URL}
      path: myapp
      targetRevision: main
      helm: {{valueFiles: [$values/envs/prod.yaml], fileParameters: [{{name: motd, path: $values/motd.txt}}]}}
    - {{repoURL: {VALUES_URL}, targetRevision: main, path: extra}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""
SHOWN = """apiVersion: v1
kind: ConfigMap
metadata: {name: shown}
data: {values: {{ .Values | toJson | quote }}}
"""
BOTH = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: both}\ndata: {key: %s}\n"


class Values:
    """The second repository."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        bench.forge.create(VALUES, public_url=VALUES_URL)
        clones = ((PUBLIC_URL, REPOSITORY), (VALUES_URL, VALUES))
        mapped = [{"url": url, "clone": bench.forge.clone_url(name)} for url, name in clones]
        kept = bench.context.settings.model_dump(include={"data", "catalog", "clusters", "hooks", "forges"})
        bench.configure(
            repositories=type(bench.context.settings).model_validate(kept | {"repositories": mapped}).repositories
        )
        self.bench = bench
        self.checkout: Checkout = bench.forge.checkout(VALUES, folder)

    def push(self, files: dict[str, str | None]) -> str:
        """Commit and push files."""
        commit = self.checkout.commit(files, "values")
        self.checkout.push()
        return commit

    def ask(self, revision: str) -> None:
        """Record a request as a push does, and look until its end."""
        bench = self.bench
        bench.clock.forward(1)
        commit = Commit("main", VALUES, revision, MAIN)
        request = Request("myapp", 0, Why.PUSH, "ada", bench.clock(), MAIN, revision, "guid", commit)
        bench.look_until_done(bench.counter.accept(None, [request]).numbers["myapp"])

    def told(self, revision: str) -> Report:
        """Return what a commit was told."""
        return self.bench.context.records.commits.read(commit_id(Commit("main", VALUES, revision, MAIN))).apps["myapp"]

    def shown(self) -> dict[str, Any]:
        """Return the values that reached the cluster."""
        read: dict[str, Any] = json.loads(
            json.loads(self.bench.get("configmap", "shown", "-o", "json"))["data"]["values"]
        )
        return read


@shows("Application spec.source.ref")
def test_two_repositories_make_one_app(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push to either is seen, told and rolled out; what concerns neither changes nothing; drift is put back."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    values = Values(bench, tmp_path / "values")
    bench.declare(APPLICATION.replace("PLACE", bench.namespace))
    first = values.push({"envs/prod.yaml": "a: one\n", "motd.txt": "hi", "extra/a.yaml": BOTH % "last"})
    chart: dict[str, str | None] = {"Chart.yaml": CHART, "templates/a.yaml": SHOWN, "templates/b.yaml": BOTH % "first"}
    commit = bench.push(chart | {"templates/h.yaml": HOOK % ("hook", "pre-install", 0, "")})
    bench.look_until_done(bench.ask(commit))
    told = bench.told(commit)
    assert told.state is State.SUCCESS, told.text
    assert told.text.endswith(f"several sources have ConfigMap {bench.namespace}/both: the last counts")
    assert values.told(first).text == told.text
    assert values.shown() == {"a": "one", "motd": "hi"}
    assert json.loads(bench.get("configmap", "both", "-o", "json"))["data"]["key"] == "last"

    second = values.push({"envs/prod.yaml": "a: two\n"})
    index = bench.context.catalog.index()
    assert [app.name for app in index.touched_by([repositories.canonical(VALUES_URL)], MAIN)] == ["myapp"]
    values.ask(second)
    assert values.told(second).state is State.SUCCESS
    assert values.shown()["a"] == "two"
    assert bench.told(commit).state is State.SUCCESS

    beside = values.push({"README.md": "nothing"})
    values.ask(beside)
    assert values.told(beside).text.startswith("not affected")

    broken = values.push({"envs/prod.yaml": "a: [\n"})
    values.ask(broken)
    assert values.told(broken).state is State.FAILURE
    assert "envs/prod.yaml" in values.told(broken).text
    bench.counter.sent.clear()
    assert sweep.look_at_repositories(bench.context, index.apps.values()) == []
    assert bench.counter.sent == []

    silent = values.push({"envs/prod.yaml": "a: three\n"})
    sweep.look_at_repositories(bench.context, index.apps.values())
    assert bench.counter.sent == ["myapp"]
    bench.look_until_done(bench.context.records.progress.app("myapp").wanted)
    assert values.shown()["a"] == "three"

    assert values.told(silent).state is State.SUCCESS

    with pytest.raises(BadOrder, match="it has several sources, which have to go back together"):
        rolling.back(desk(bench), ADA, "myapp", "logins fail")
    app = replace(bench.context.catalog.index().apps["myapp"], rollback=OnFailure.HEALTH)
    request, text = Request("myapp", 9, Why.PUSH, "ada", 0.0), "health failed: Deployment default/web: no"
    assert "not rolled back: it has several" in returning.by_itself(bench.context, app, [request], commit, text)
    assert bench.context.records.rollbacks.of("myapp") is None

    values.push({"envs/prod.yaml": "a: four\n"})
    bench.cluster.kubectl("-n", bench.namespace, "delete", "configmap", "both")
    bench.look_until_done(bench.ask(why=Why.DRIFT))
    assert json.loads(bench.get("configmap", "both", "-o", "json"))["data"]["key"] == "last"
    assert values.shown()["a"] == "three"


ONE = App("one", "https://git.example.com/a/main", "x", "main", "a.yaml")
TWO = replace(ONE, more=(
    Source("https://git.example.com/a/values.git", "HEAD", "", NOTHING_BUILT, "v"),
    Source("git@git.example.com:a/main.git", "v1", "y", NOTHING_BUILT),
))  # fmt: skip


def test_an_app_is_found_by_each_of_its_repositories_and_refs() -> None:
    """Once each, and not by a ref that only another of its sources follows."""
    index = apps.index([TWO])
    main, values = "git.example.com/a/main", "git.example.com/a/values"
    assert {url: [app.name for app in found] for url, found in index.by_repository.items()} == {
        main: ["one"],
        values: ["one"],
    }
    assert list(index.touched_by([main], "refs/heads/main")) == [TWO]
    assert list(index.touched_by([main], "refs/tags/v1")) == [TWO]
    assert list(index.touched_by([values], "refs/heads/any")) == [TWO]
    assert index.touched_by([main], "refs/heads/any") == ()
    assert apps.decoded(apps.encoded(TWO)) == TWO


@pytest.mark.parametrize(
    ("repository", "ref", "number"),
    [
        ("a/main", "refs/heads/main", 0),
        ("A/Main", "refs/heads/main", 0),
        ("a/main", "refs/tags/v1", 2),
        ("a/main", "refs/heads/other", 0),
        ("a/values", "refs/heads/main", 1),
        ("a/renamed", "refs/heads/main", 0),
    ],
)
def test_which_source_a_commit_belongs_to(repository: str, ref: str, number: int) -> None:
    """By its repository, then by its ref; one that nobody knows is the first one's."""
    assert further.of(TWO.views, Commit("main", repository, "c" * 40, ref)) == number


def test_a_source_that_follows_head_is_known_by_the_ref_it_stands_at() -> None:
    """The other one of the same repository follows a tag."""
    views = (replace(ONE, revision="v1"), replace(ONE, revision="HEAD"))
    commit = Commit("main", "a/main", "c" * 40, MAIN)
    assert [further.of(views, commit), further.of(views, commit, ["refs/tags/v1", MAIN])] == [0, 1]


def test_a_commit_of_another_source_is_not_waited_for() -> None:
    """One with a single source always waits for what was asked."""
    request = Request("one", 1, Why.PUSH, "ada", 1.0, MAIN, "c" * 40, "", Commit("main", "a/values", "c" * 40, MAIN))
    assert [further.asked(TWO, view, request).revision for view in TWO.views] == ["", "c" * 40, ""]
    assert further.asked(ONE, ONE, request) == request


def test_a_project_has_to_allow_every_source() -> None:
    """The one that only lends its files, too."""
    project = Project("team", "p.yaml", 1, sources=("https://git.example.com/a/main",))
    with pytest.raises(PolicyRefused, match=r"does not allow the repository https://git.example.com/a/values.git"):
        gate.allow(TWO, project)
