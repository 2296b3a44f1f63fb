"""Apps of apps, Git catalogs, dependencies and projects, on a real API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from deploy.local.stack import PUBLIC_URL
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import WAVE, config, document, job
from tests.workers.test_declared_fields import FLUX_SOURCE
from tests.workers.test_sync_options import names
from workers import catalogs, sweep
from workers.groups import GitCatalog
from workers.model import Outcome, State, Why

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def child(
    bench: Bench, name: str, *, project: str = "default", wave: int = 0, finalizer: bool = True, **sync: Any
) -> str:
    """An Application on the folder of its own name."""
    metadata: dict[str, Any] = {"name": name, "annotations": {WAVE: str(wave)}}
    if finalizer:
        metadata["finalizers"] = [FINALIZER]
    automated = {"prune": True, "selfHeal": True}
    return json.dumps(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": metadata,
            "spec": {
                "project": project,
                "destination": {"server": "https://kubernetes.default.svc", "namespace": bench.namespace},
                "source": {"repoURL": PUBLIC_URL, "path": name, "targetRevision": "main"},
                "syncPolicy": {"automated": automated, **sync},
            },
        }
    )


def push(bench: Bench, files: Mapping[str, str | None]) -> str:
    """Commit files anywhere in the repository and push them."""
    commit = bench.checkout.commit(files, "change")
    bench.checkout.push()
    return commit


def run(bench: Bench) -> None:
    """Look at whoever was sent, as workers would, until nobody is left."""
    bench.look("myapp")
    bench.drain()


def text_of(bench: Bench, app: str) -> str:
    """Return how an app's last request ended."""
    return bench.context.records.progress.app(app).text


def test_apps_of_apps_three_deep(bench: Bench) -> None:
    """Each is declared by the one before, synced, told, and pruned when it goes; nothing of it reaches the cluster."""
    push(
        bench,
        {
            "myapp/child.yaml": child(bench, "middle"),
            "middle/a.yaml": config("a"),
            "middle/leaf.yaml": child(bench, "leaf"),
            "leaf/b.yaml": config("b"),
        },
    )
    bench.ask(bench.checkout.head)
    run(bench)
    index = bench.context.catalog.refresh()
    assert {name: app.parent for name, app in index.apps.items()} == {"myapp": "", "middle": "myapp", "leaf": "middle"}
    assert names(bench) == {"a", "b"}
    assert index.apps["leaf"].file == "middle/leaf.yaml"
    commit = push(bench, {"leaf/c.yaml": config("c")})
    bench.ask(commit, app="leaf")
    bench.look("leaf")
    assert bench.told(commit, "leaf").state is State.SUCCESS
    push(bench, {"middle/leaf.yaml": None})
    bench.ask(bench.checkout.head, app="middle")
    bench.look("middle")
    bench.sweep_declared()
    bench.drain()
    # What it deleted may take the garbage collector a moment; then it says so.
    bench.look_until(lambda: text_of(bench, "leaf") == "no longer declared: 2 deleted", "leaf")
    assert names(bench) == {"a"}
    assert set(bench.context.catalog.refresh().apps) == {"myapp", "middle"}


def test_the_children_of_an_app_that_goes_go_too(bench: Bench) -> None:
    """Each by its own finalizer's rule."""
    bench.declare(child(bench, "root"), "myapp")
    push(
        bench,
        {
            "root/one.yaml": child(bench, "one"),
            "root/two.yaml": child(bench, "two", finalizer=False),
            "one/a.yaml": config("a"),
            "two/b.yaml": config("b"),
        },
    )
    bench.ask(bench.checkout.head, app="root")
    bench.look("root")
    bench.drain()
    assert names(bench) == {"a", "b"}
    bench.undeclare()
    for _ in range(3):
        bench.sweep_declared()
        bench.drain()
    assert bench.context.catalog.refresh().apps == {}
    assert names(bench) == {"b"}


def test_a_declaration_that_is_missing_for_a_moment_deletes_nothing(bench: Bench) -> None:
    """A folder whose files are being written looks like one that lost them; nor does an empty catalog delete all."""
    for name in ("one", "two"):
        bench.declare(child(bench, name), name)
        push(bench, {f"{name}/c.yaml": config(name)})
        bench.look_until_done(bench.ask(bench.checkout.head, app=name), name)
    texts = {path: path.read_text() for path in bench.catalog.glob("*.yaml")}
    sweep.ask_declared(bench.context)
    bench.counter.sent.clear()
    for path in texts:
        path.unlink()
    bench.context.catalog.refresh()
    sweep.ask_declared(bench.context)
    assert bench.counter.sent == []
    bench.clock.forward(sweep.GONE_SECONDS)
    sweep.ask_declared(bench.context)  # they are gone by now, but with them everything
    assert bench.counter.sent == []
    one = bench.catalog / "one.yaml"
    one.write_text(texts[one])
    bench.context.catalog.refresh()
    bench.clock.forward(1)
    sweep.ask_declared(bench.context)
    assert set(bench.counter.sent) == {"myapp", "two"}
    bench.drain()
    assert names(bench) == {"one"}


@shows("Application metadata.annotations")
def test_children_in_waves_wait_for_each_other(bench: Bench) -> None:
    """The second is not even declared before the first is synced; what the parent waits for is said."""
    push(
        bench,
        {
            "myapp/one.yaml": child(bench, "one", wave=1),
            "myapp/two.yaml": child(bench, "two", wave=2),
            "one/slow.yaml": job("slow", takes="ever"),
            "two/b.yaml": config("b"),
        },
    )
    bench.ask(bench.checkout.head)
    run(bench)
    assert set(bench.context.catalog.refresh().apps) == {"myapp", "one"}
    assert bench.waits() == "Sync wave 1: Application one: is not synced yet"
    bench.finish_job("slow")
    bench.look_until(lambda: names(bench) == {"b"}, "one", also=bench.drain)
    assert text_of(bench, "myapp").startswith("synced")


def test_a_child_that_fails_fails_the_wave(bench: Bench) -> None:
    """With its own words."""
    push(
        bench,
        {
            "myapp/one.yaml": child(bench, "one", wave=1),
            "myapp/two.yaml": child(bench, "two", wave=2),
            "one/bad.yaml": "a: [\n",
            "two/b.yaml": config("b"),
        },
    )
    commit = bench.checkout.head
    bench.ask(commit)
    run(bench)
    assert bench.told(commit).state is State.FAILURE
    assert "Application one: render failed: one/bad.yaml" in bench.told(commit).text
    assert names(bench) == set()


def test_a_broken_child_is_told_and_harms_itself_only(bench: Bench) -> None:
    """With the line in the file that declares it."""
    push(
        bench,
        {
            "myapp/a.yaml": config("a"),
            "myapp/bad.yaml": child(bench, "bad").replace('"prune"', '"purne"'),
            "myapp/good.yaml": child(bench, "good"),
            "good/b.yaml": config("b"),
            "bad/c.yaml": config("c"),
        },
    )
    bench.ask(bench.checkout.head)
    run(bench)
    assert names(bench) == {"a", "b"}
    fault = bench.context.catalog.refresh().apps["bad"].fault
    assert fault.startswith("myapp/bad.yaml:1: spec.syncPolicy.automated.purne: this field is not known")


def test_a_parent_without_prune_keeps_children_that_left_its_folder(bench: Bench) -> None:
    """As it keeps objects."""
    document_ = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(document_.replace("prune: true", "prune: false"))
    push(bench, {"myapp/one.yaml": child(bench, "one"), "myapp/x.yaml": config("x"), "one/a.yaml": config("a")})
    bench.ask(bench.checkout.head)
    run(bench)
    push(bench, {"myapp/one.yaml": None})
    bench.ask(bench.checkout.head)
    run(bench)
    assert "one" in bench.context.catalog.refresh().apps


def test_a_git_catalog_is_synced_like_an_app(bench: Bench) -> None:
    """Its declarations become apps on a push to it; what is no declaration is refused."""
    bench.undeclare()
    declared = GitCatalog(url=PUBLIC_URL, path="apps", revision="main")
    catalog_settings = bench.context.settings.catalog.model_copy(update={"git": {"main": declared}})
    bench.configure(catalog=catalog_settings)
    assert [app.name for app in catalogs.roots(bench.context.settings)] == ["catalog-main"]
    push(bench, {"apps/team/one.yaml": child(bench, "one"), "one/a.yaml": config("a")})
    bench.ask(bench.checkout.head, app="catalog-main")
    bench.look("catalog-main")
    bench.drain()
    assert names(bench) == {"a"}
    assert "hookline-catalog-main" not in bench.cluster.kubectl("-n", "default", "get", "configmaps", "-o", "name")
    commit = push(bench, {"apps/object.yaml": config("object")})
    bench.ask(commit, app="catalog-main")
    bench.look("catalog-main")
    assert "a catalog holds nothing else" in bench.told(commit, "catalog-main").text
    assert "one" in bench.context.catalog.refresh().apps


def flux(name: str, bench: Bench, **spec: Any) -> str:
    """A Kustomization on the folder of its own name."""
    said = {
        "interval": "10m",
        "prune": True,
        "path": name,
        "targetNamespace": bench.namespace,
        "sourceRef": {"kind": "GitRepository", "name": "repo"},
        **spec,
    }
    return FLUX_SOURCE.split("---\n")[1].replace("name: myapp", f"name: {name}").replace("SPEC", json.dumps(said))


def declare_diamond(bench: Bench, **spec: Any) -> None:
    """Declare base, left, right and top: top needs both sides, both need the base."""
    needs = {"base": [], "left": ["base"], "right": ["base"], "top": ["left", "right"]}
    bench.undeclare()
    bench.declare(FLUX_SOURCE.split("---\n")[0].replace("REF", '{"branch": "main"}'), "repo")
    for name, others in needs.items():
        depends = [{"name": other, "namespace": "flux-system"} for other in others]
        bench.declare(flux(name, bench, dependsOn=depends, **(spec if name == "base" else {})), name)


@shows("Kustomization spec.dependsOn[].name", "Kustomization spec.dependsOn[].namespace")
def test_a_diamond_of_dependencies_goes_from_its_base_to_its_top(bench: Bench) -> None:
    """Whoever comes first waits, visibly, and holds no worker."""
    declare_diamond(bench, wait=True)
    push(
        bench,
        {f"{name}/c.yaml": config(name) for name in ("left", "right", "top")}
        | {"base/j.yaml": job("slow", takes="ever")},
    )
    head = bench.checkout.head
    for name in ("top", "left", "right", "base"):
        bench.ask(head, app=name)
        bench.look(name)
    assert bench.waits("top") == "waiting for right"
    assert bench.waits("left") == "waiting for base"
    assert [bench.told(head, name).state for name in ("top", "left", "right", "base")] == [State.PENDING] * 4
    bench.finish_job("slow")
    bench.look_until(lambda: bench.told(head, "top").state is not State.PENDING, "base", also=bench.drain)
    assert [bench.told(head, name).state for name in ("top", "left", "right", "base")] == [State.SUCCESS] * 4
    order = [write.removeprefix("patch configmaps/") for write in bench.writes() if "configmaps" in write]
    assert set(order[:2]) == {"left", "right"}
    assert order[2:] == ["top"]


def test_what_depends_on_a_failed_app_fails_and_recovers_with_it(bench: Bench) -> None:
    """No commit waits for ever for somebody else's mistake."""
    declare_diamond(bench)
    push(bench, {f"{name}/c.yaml": config(name) for name in ("left", "right", "top")} | {"base/bad.yaml": "a: [\n"})
    bad = bench.checkout.head
    for name in ("top", "left", "right", "base"):
        bench.ask(bad, app=name)
        bench.look(name)
    bench.drain()
    assert bench.told(bad, "left").state is State.FAILURE
    assert bench.told(bad, "left").text.startswith(
        "depends on base, which failed: render failed: kustomize refused base"
    )
    assert bench.told(bad, "top").state is State.FAILURE
    good = push(bench, {"base/bad.yaml": config("base")})
    bench.ask(good, app="base")
    bench.look("base")
    bench.drain()
    assert {app: text_of(bench, app)[:6] for app in ("base", "left", "right", "top")} == dict.fromkeys(
        ("base", "left", "right", "top"), "synced"
    )


@pytest.mark.parametrize(
    ("depends", "says", "outcome"),
    [
        ("nobody", "depends on nobody, which is not declared", Outcome.FAILED),
        ("manual", "depends on manual, which waits", Outcome.HELD),
    ],
)
def test_an_application_can_depend_on_another(bench: Bench, depends: str, says: str, outcome: Outcome) -> None:
    """By our own annotation; what can never come is said at once."""
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("metadata:\n", f"metadata:\n  annotations: {{hookline.dev/depends-on: {depends}}}\n", 1))
    bench.declare(text[: text.index("  syncPolicy:")].replace("name: myapp\n", "name: manual\n", 1), "manual")
    bench.push({"a.yaml": config("a")})
    bench.look_until_done(bench.ask(bench.checkout.head))
    record = bench.context.records.progress.app("myapp")
    assert record.text.startswith(says)
    assert record.outcome == outcome


PROJECT: dict[str, Any] = {
    "sourceRepos": ["https://github.com/your-org/*"],
    "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "test-*"}],
}
ROLE = document("rbac.authorization.k8s.io/v1", "ClusterRole", "ROLE", {}, rules=[])
ANYWHERE = {"server": "*", "namespace": "*"}

SHOWN_BY_TEST_WHAT_A_PROJECT_REFUSES: dict[str, tuple[dict[str, Any], str, str]] = {
    "AppProject spec.sourceRepos": ({"sourceRepos": ["https://github.com/others/*"]}, "", "does not allow the repository"),
    "AppProject spec.destinations[].server": (
        {"destinations": [{"server": "https://elsewhere", "namespace": "*"}]}, "", "does not allow namespace",
    ),
    "AppProject spec.destinations[].name": (
        {"destinations": [{"name": "elsewhere", "namespace": "*"}]}, "", "does not allow namespace",
    ),
    "AppProject spec.destinations[].namespace": (
        {"destinations": [ANYWHERE, {"server": "*", "namespace": "!test-*"}]}, "", "does not allow namespace",
    ),
    "AppProject spec.clusterResourceWhitelist[].kind": (
        {"clusterResourceWhitelist": [{"group": "*", "kind": "Namespace"}]}, ROLE, "does not allow ClusterRole",
    ),
    "AppProject spec.clusterResourceWhitelist[].group": (
        {"clusterResourceWhitelist": [{"group": "apps", "kind": "*"}]}, ROLE, "does not allow ClusterRole",
    ),
    "AppProject spec.clusterResourceWhitelist[].name": (
        {"clusterResourceWhitelist": [{"group": "*", "kind": "*", "name": "other-*"}]}, ROLE, "does not allow ClusterRole",
    ),
    "AppProject spec.clusterResourceBlacklist[].kind, AppProject spec.clusterResourceBlacklist[].group, AppProject spec.clusterResourceBlacklist[].name": (
        {
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "clusterResourceBlacklist": [{"group": "rbac*", "kind": "Cluster*", "name": "test-*"}],
        },
        ROLE,
        "does not allow ClusterRole",
    ),
    "AppProject spec.namespaceResourceWhitelist[].kind, AppProject spec.namespaceResourceWhitelist[].group, AppProject spec.namespaceResourceWhitelist[].name": (
        {"namespaceResourceWhitelist": [{"group": "", "kind": "ConfigMap", "name": "other"}]},
        config("a"),
        "does not allow ConfigMap",
    ),
    "AppProject spec.namespaceResourceBlacklist[].kind, AppProject spec.namespaceResourceBlacklist[].group, AppProject spec.namespaceResourceBlacklist[].name": (
        {"namespaceResourceBlacklist": [{"group": "*", "kind": "ConfigMap", "name": "a"}]},
        config("a"),
        "does not allow ConfigMap",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN_BY_TEST_WHAT_A_PROJECT_REFUSES)
@shows("Application spec.project")
def test_what_a_project_refuses(bench: Bench, name: str) -> None:
    """One gate: nothing is written, and the commit is told which list to look at. Another project allows it."""
    said, text, words = SHOWN_BY_TEST_WHAT_A_PROJECT_REFUSES[name]
    declaration = (bench.catalog / "myapp.yaml").read_text()
    declare_project(bench, {**PROJECT, **said})
    bench.declare(declaration.replace("project: default", "project: team"))
    text = (text or config("a")).replace("ROLE", bench.namespace)
    bench.push({"a.yaml": text})
    try:
        bench.look_until_done(bench.ask(bench.checkout.head, Why.EMERGENCY))
        assert bench.told(bench.checkout.head).state is State.FAILURE
        assert words in bench.told(bench.checkout.head).text
        assert bench.writes() == []
        allowed = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]} if "ClusterRole" in text else {}
        declare_project(bench, {**PROJECT, **allowed})
        bench.look_until_done(bench.ask(why=Why.SWEEP))
        assert text_of(bench, "myapp").startswith("synced"), text_of(bench, "myapp")
    finally:
        bench.cluster.kubectl("delete", "clusterrole", bench.namespace, "--ignore-not-found")


def declare_project(bench: Bench, spec: dict[str, Any]) -> None:
    """Declare the project ``team``."""
    bench.declare(document("argoproj.io/v1alpha1", "AppProject", "team", {}, spec=spec), "team")


def test_an_object_in_a_namespace_its_project_does_not_allow(bench: Bench) -> None:
    """Each object's own namespace counts, not only the app's."""
    declare_project(bench, PROJECT)
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("project: default", "project: team"))
    bench.push({"a.yaml": config("a").replace('"metadata": {', '"metadata": {"namespace": "default", ')})
    bench.look_until_done(bench.ask(bench.checkout.head))
    assert "does not allow namespace default" in text_of(bench, "myapp")


def test_a_child_cannot_leave_its_parents_project(bench: Bench) -> None:
    """Nor declare a project: else whoever may write to one repository could reach everything."""
    declare_project(bench, PROJECT)
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("project: default", "project: team"))
    mine = document(
        "argoproj.io/v1alpha1", "AppProject", "mine", {}, spec={"sourceRepos": ["*"], "destinations": [ANYWHERE]}
    )
    push(
        bench,
        {
            "myapp/out.yaml": child(bench, "out", project="default"),
            "myapp/in.yaml": child(bench, "in", project="team"),
            "myapp/mine.yaml": mine,
            "out/a.yaml": config("a"),
            "in/b.yaml": config("b"),
        },
    )
    bench.ask(bench.checkout.head)
    run(bench)
    index = bench.context.catalog.refresh()
    assert "it is declared in myapp, of project team" in index.apps["out"].fault
    assert "mine" not in index.projects
    assert names(bench) == {"b"}
