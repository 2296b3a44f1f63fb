"""The plain fields of an Application, an AppProject and a Kustomization, on a real API server."""

from __future__ import annotations

import json

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config, job
from tests.workers.test_declared_fields import kustomization
from tests.workers.test_family import PROJECT, declare_project
from tests.workers.test_sync_options import names
from tests.workers.test_sync_order import deploy
from workers.model import State, Why


def declare(bench: Bench, old: str, new: str) -> None:
    """Declare the app with other words."""
    text = (bench.catalog / "myapp.yaml").read_text()
    assert old in text
    bench.declare(text.replace(old, new, 1))


@shows("Application metadata.name", "Application spec.destination.namespace")
def test_name_and_namespace(bench: Bench) -> None:
    """The inventory has the one, the objects go to the other."""
    declare(bench, "name: myapp\n", "name: other\n")
    commit = bench.push({"a.yaml": config("a")})
    bench.ask(commit, app="other")
    bench.look("other")
    assert bench.settle(commit, "other").state is State.SUCCESS
    assert "configmap/hookline-other" in bench.get("configmaps", "-o", "name")
    assert names(bench) == {"a"}


@pytest.mark.parametrize(
    ("new", "ok"),
    [
        ("server: https://kubernetes.default.svc", True),
        ("server: https://elsewhere.example", False),
        ("name: test", True),
        ("name: in-cluster", True),
        ("name: elsewhere", False),
    ],
)
@shows("Application spec.destination.server", "Application spec.destination.name")
def test_which_cluster_a_destination_means(bench: Bench, new: str, ok: bool) -> None:
    """By its server or by its name; one that nobody configured is said."""
    declare(bench, "server: https://kubernetes.default.svc", new)
    commit = deploy(bench, {"a.yaml": config("a")})
    assert (bench.told(commit).state is State.SUCCESS) is ok, bench.told(commit).text
    assert ("a" in names(bench)) is ok


@shows(
    "Application spec.source.repoURL", "Application spec.source.path", "Application spec.source.targetRevision",
)  # fmt: skip
def test_repository_path_and_revision(bench: Bench) -> None:
    """Another path or branch is another app; another spelling of the URL is the same."""
    deploy(bench, {"a.yaml": config("a"), "below/b.yaml": config("b")})
    assert names(bench) == {"a"}
    declare(bench, "path: myapp", "path: myapp/below")
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert names(bench) == {"b"}
    bench.checkout.switch("other")
    bench.checkout.commit({"myapp/below/c.yaml": config("c")}, "other")
    bench.checkout.push()
    declare(bench, "targetRevision: main", "targetRevision: other")
    declare(bench, "https://github.com/your-org/your-repo.git", "git@github.com:your-org/your-repo")
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert names(bench) == {"b", "c"}


@shows("Application spec.syncPolicy.automated.prune", "Application spec.syncPolicy.automated.allowEmpty")
def test_prune_and_allow_empty(bench: Bench) -> None:
    """Nothing is pruned without the one, nor the last object without the other."""
    declare(bench, "prune: true", "prune: false")
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b")})
    deploy(bench, {"b.yaml": None})
    assert names(bench) == {"a", "b"}
    declare(bench, "prune: false", "prune: true")
    deploy(bench, {"a.yaml": None, "README.md": "words"})
    assert names(bench) == {"a", "b"}
    declare(bench, "prune: true", "prune: true\n      allowEmpty: true")
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert names(bench) == set()


@shows("Application spec.syncPolicy.automated.enabled")
def test_automated_can_be_switched_off(bench: Bench) -> None:
    """Then a person syncs."""
    declare(bench, "prune: true", "prune: true\n      enabled: false")
    commit = deploy(bench, {"a.yaml": config("a")})
    assert "waits for approval" in bench.told(commit).text
    assert names(bench) == set()
    bench.look_until_done(bench.ask(why=Why.MANUAL))
    assert names(bench) == {"a"}


@pytest.mark.parametrize("heals", [True, False])
@shows("Application spec.syncPolicy.automated.selfHeal")
def test_self_heal_decides_about_drift(bench: Bench, heals: bool) -> None:
    """Repaired, or left and said."""
    declare(bench, "selfHeal: true", f"selfHeal: {str(heals).lower()}")
    deploy(bench, {"a.yaml": config("a")})
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "a", "-p", '{"data": {"key": "by hand"}}')
    bench.look_until_done(bench.ask(why=Why.DRIFT))
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == ("a" if heals else "by hand")


@shows(
    "Application spec.syncPolicy.retry.backoff.duration", "Application spec.syncPolicy.retry.backoff.factor",
    "Application spec.syncPolicy.retry.backoff.maxDuration",
)  # fmt: skip
def test_the_time_between_two_tries_grows_to_its_most(bench: Bench) -> None:
    """10 s, then three times that, then the most."""
    retry = {"limit": 3, "backoff": {"duration": "10s", "factor": 3, "maxDuration": "40s"}}
    declare(bench, "    automated:\n", f"    retry: {json.dumps(retry)}\n    automated:\n")
    commit = bench.push({"h.yaml": job("h", fails=True, hook="PreSync"), "a.yaml": config("a")})
    bench.ask(commit)
    bench.look()
    for tries, seconds in ((1, 10), (2, 30), (3, 40)):
        said = f"try {tries} failed, the next is in {seconds} s"
        bench.look_until(lambda said=said: said in bench.waits())  # type: ignore[misc]
        bench.clock.forward(seconds)
        bench.look()
    assert bench.settle(commit).state is State.FAILURE


@shows("AppProject metadata.name")
def test_a_project_is_found_by_its_name(bench: Bench) -> None:
    """And one of another name is not it."""
    declare_project(bench, PROJECT)
    declare(bench, "project: default", "project: team")
    commit = deploy(bench, {"a.yaml": config("a")})
    assert bench.told(commit).state is State.SUCCESS
    declare(bench, "project: team", "project: other")
    commit = deploy(bench, {"a.yaml": config("a", "b")})
    assert "there is no AppProject other" in bench.told(commit).text


@shows(
    "GitRepository metadata.name", "GitRepository metadata.namespace", "Kustomization metadata.name",
    "Kustomization metadata.namespace",
)  # fmt: skip
def test_names_and_namespaces_of_flux_documents(bench: Bench) -> None:
    """The source is looked for by both; an app outside flux-system has its namespace in its name."""
    kustomization(bench, {})
    text = (bench.catalog / "myapp.yaml").read_text()
    commit = bench.push({"a.yaml": config("a")})
    for old, new in (
        ("repo, namespace: flux-system", "other, namespace: flux-system"),
        ("repo, namespace: flux-system", "repo, namespace: x"),
    ):
        bench.declare(text.replace(f"{{name: {old}}}", f"{{name: {new}}}", 1))
        bench.look_until_done(bench.ask(why=Why.SWEEP))
        assert "there is no GitRepository repo" in bench.context.records.progress.app("myapp").text
    bench.declare(
        text.replace("{name: myapp, namespace: flux-system}", "{name: podinfo, namespace: apps}").replace(
            '"name": "repo"', '"name": "repo", "namespace": "flux-system"'
        )
    )
    bench.ask(commit, app="apps.podinfo")
    bench.look("apps.podinfo")
    assert bench.settle(commit, "apps.podinfo").state is State.SUCCESS, bench.told(commit, "apps.podinfo").text
    assert names(bench) == {"a"}
