"""Every sync option, per app and per object, on a real API server."""

from __future__ import annotations

import json

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import FLUX, OPTIONS, config, document
from tests.workers.test_sync_order import deploy, since
from workers.model import Outcome, State, Why

WEB = {
    "replicas": 1,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}},
}


def declare(bench: Bench, policy: str = "", **changes: str) -> None:
    """Declare the app with more of a sync policy, and with other words here and there."""
    text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n") + "\n" + policy
    for old, new in changes.items():
        text = text.replace(*{"prune": ("prune: true", new)}.get(old, (old, new)))
    bench.declare(text)


def options(*words: str) -> str:
    """Sync options of the app."""
    return f"    syncOptions: [{', '.join(words)}]\n"


def web(labels: str = "web", **annotations: str) -> str:
    """A Deployment whose selector cannot be changed."""
    spec = json.loads(json.dumps(WEB).replace('"app": "web"', f'"app": "{labels}"'))
    return document("apps/v1", "Deployment", "web", annotations, spec=spec)


def names(bench: Bench) -> set[str]:
    """Return the ConfigMaps of the app."""
    found = bench.get("configmaps", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split()
    return {name.removeprefix("configmap/") for name in found}


@shows("option Validate=false")
@pytest.mark.parametrize("by", ["app", "object", "nobody"])
def test_validate_false_lets_unknown_fields_pass(bench: Bench, by: str) -> None:
    """They are dropped, as without validation elsewhere; otherwise they are refused."""
    if by == "app":
        declare(bench, options("Validate=false"))
    said = {"options": "Validate=false"} if by == "object" else {}
    typo = config("a", **said).replace('"data"', '"dta": {}, "data"')
    commit = deploy(bench, {"a.yaml": typo})
    assert (bench.told(commit).state is State.SUCCESS) is (by != "nobody"), bench.told(commit).text
    if by != "nobody":
        assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "a"
        again = deploy(bench, {"b.yaml": config("b")})
        assert bench.told(again).text == "synced: 1 created; 2 objects are healthy"


@shows(
    "option CreateNamespace=true",
    "Application spec.syncPolicy.managedNamespaceMetadata.labels",
    "Application spec.syncPolicy.managedNamespaceMetadata.annotations",
    "Application spec.syncPolicy.syncOptions",
)
def test_create_namespace_with_metadata(bench: Bench) -> None:
    """It gets the app's labels and annotations, at its making and later; it is not pruned."""
    other = f"{bench.namespace}-made"
    text = (bench.catalog / "myapp.yaml").read_text().replace(f"namespace: {bench.namespace}", f"namespace: {other}")
    more = "    managedNamespaceMetadata: {labels: {team: TEAM}, annotations: {note: noted}}\n"
    bench.declare(text.rstrip("\n") + "\n" + options("CreateNamespace=true") + more.replace("TEAM", "a"))
    try:
        deploy(bench, {"a.yaml": config("a")})
        shown = "jsonpath={.metadata.labels.team} {.metadata.annotations.note}"
        assert bench.cluster.kubectl("get", "namespace", other, "-o", shown) == "a noted"
        bench.declare(text.rstrip("\n") + "\n" + options("CreateNamespace=true") + more.replace("TEAM", "b"))
        bench.look_until_done(bench.ask(why=Why.SWEEP))
        assert bench.cluster.kubectl("get", "namespace", other, "-o", shown) == "b noted"
    finally:
        bench.cluster.kubectl("delete", "namespace", other, "--wait=false", "--ignore-not-found")


@pytest.mark.parametrize("policy", ["foreground", "background", "orphan"])
@shows(
    "option PrunePropagationPolicy=foreground",
    "option PrunePropagationPolicy=background",
    "option PrunePropagationPolicy=orphan",
)
def test_prune_propagation_policy(bench: Bench, policy: str) -> None:
    """Orphans stay; otherwise what an object made goes with it. Read from the request that deleted it."""
    declare(bench, options(f"PrunePropagationPolicy={policy}"))
    deploy(bench, {"a.yaml": config("a"), "web.yaml": web()})
    deploy(bench, {"web.yaml": None})
    bench.gone("deployment", "web")
    left = bench.get("replicasets", "-o", "name")
    if policy == "orphan":
        assert "replicaset.apps/web" in left
    elif policy == "foreground":
        assert left == ""
    else:
        bench.cluster.kubectl(
            "-n", bench.namespace, "wait", "--for=delete", "replicaset", "-l", "app=web", "--timeout=90s"
        )


@pytest.mark.parametrize("by", ["app", "object", "flux"])
@shows("option Prune=false", "annotation kustomize.toolkit.fluxcd.io/prune")
def test_prune_false_keeps_an_object_and_it_stays_owned(bench: Bench, by: str) -> None:
    """Said by app or object, in either vocabulary."""
    said = {"object": {"options": "Prune=false"}, "flux": {f"{FLUX}prune": "disabled"}}.get(by, {})
    if by == "app":
        declare(bench, options("Prune=false"))
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b", "b", **said)})
    deploy(bench, {"b.yaml": None})
    assert names(bench) == {"a", "b"}
    assert '"b"' in bench.get("configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}")


@shows("option Prune=confirm", "Application metadata.annotations")
def test_prune_confirm_waits_for_a_person(bench: Bench) -> None:
    """The commit says what waits; an approval before the question does not count, one after it does."""
    early = "  annotations: {argocd.argoproj.io/deletion-approved: '2026-01-01T00:00:00Z'}\n"
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("metadata:\n", "metadata:\n" + early, 1))
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b", options="Prune=confirm")})
    commit = deploy(bench, {"b.yaml": None})
    assert bench.told(commit).text.endswith(f"approved (hookline approve myapp): ConfigMap {bench.namespace}/b")
    assert names(bench) == {"a", "b"}
    late = early.replace("2026-01-01", "2036-01-01")
    bench.declare(text.replace("metadata:\n", "metadata:\n" + late, 1))
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert names(bench) == {"a"}


@shows("option Replace=true")
@pytest.mark.parametrize("by", ["app", "object"])
def test_replace_writes_the_whole_object(bench: Bench, by: str) -> None:
    """What others added to it goes, at the next change; drift of it is still seen."""
    said = {"options": "Replace=true"} if by == "object" else {}
    if by == "app":
        declare(bench, options("Replace=true"))
    deploy(bench, {"a.yaml": config("a", **said)})
    bench.cluster.kubectl("-n", bench.namespace, "label", "configmap", "a", "other=added")
    commit = deploy(bench, {"a.yaml": config("a", "b", **said)})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}{.metadata.labels.other}") == "b"
    assert "update configmaps/a" in bench.writes()
    before = bench.writes()
    deploy(bench, {"b.yaml": config("b")})
    assert "configmaps/a" not in " ".join(since(bench, before))
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "a", "-p", '{"data": {"key": "c"}}')
    bench.look_until_done(bench.ask(why=Why.DRIFT))
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "b"


@pytest.mark.parametrize("by", ["app", "object", "flux", "replaced", "nobody"])
@shows("option Force=true", "annotation kustomize.toolkit.fluxcd.io/force")
def test_force_makes_anew_what_cannot_be_changed(bench: Bench, by: str) -> None:
    """Without it, the commit says which field."""
    if by == "app":
        declare(bench, options("Force=true"))
    said = {
        "object": {"options": "Force=true"},
        "replaced": {"options": "Force=true,Replace=true"},
        "flux": {f"{FLUX}force": "Enabled"},
    }.get(by, {})
    deploy(bench, {"web.yaml": web(**said)})
    first = bench.get("deployment", "web", "-o", "jsonpath={.metadata.uid}")
    commit = deploy(bench, {"web.yaml": web("other", **said)})
    if by == "nobody":
        assert "spec.selector" in bench.told(commit).text
        return
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    shown = "jsonpath={.spec.selector.matchLabels.app} {.metadata.uid}"
    selector, uid = bench.get("deployment", "web", "-o", shown).split()
    assert selector == "other"
    assert uid != first


@shows("option ServerSideApply=true")
def test_objects_are_applied_by_the_server(bench: Bench) -> None:
    """Under our own name, so that what others own stays theirs."""
    declare(bench, options("ServerSideApply=true"))
    deploy(bench, {"a.yaml": config("a")})
    found = json.loads(bench.get("configmap", "a", "--show-managed-fields", "-o", "json"))
    [entry] = found["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("hookline", "Apply")


@shows("option ApplyOutOfSyncOnly=true", "option ApplyOutOfSyncOnly=false")
def test_only_what_is_out_of_sync_is_written(bench: Bench) -> None:
    """Always."""
    declare(bench, options("ApplyOutOfSyncOnly=true"))
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b")})
    before = bench.writes()
    deploy(bench, {"b.yaml": config("b", "changed")})
    assert since(bench, before) == ["patch configmaps/b"]


IGNORED = """\
  ignoreDifferences:
    - group: apps
      kind: Deployment
      name: web
      namespace: NAMESPACE
      jsonPointers: [/spec/replicas]
"""


@pytest.mark.parametrize("respects", [True, False])
@shows(
    "option RespectIgnoreDifferences=true",
    "Application spec.ignoreDifferences[].group",
    "Application spec.ignoreDifferences[].kind",
    "Application spec.ignoreDifferences[].name",
    "Application spec.ignoreDifferences[].namespace",
    "Application spec.ignoreDifferences[].jsonPointers",
)
def test_ignored_differences_are_no_drift_and_kept_if_asked(bench: Bench, respects: bool) -> None:
    """What an autoscaler writes: never drift; a sync writes over it unless it is to be respected."""
    said = options("RespectIgnoreDifferences=true") if respects else ""
    declare(bench, said + IGNORED.replace("NAMESPACE", bench.namespace))
    deploy(bench, {"web.yaml": web()})
    bench.cluster.kubectl("-n", bench.namespace, "scale", "deployment/web", "--replicas=3")
    from workers import drift

    assert drift.sweep(bench.context, "test") == []
    image = web().replace("nginx", "nginx:1.27")
    commit = deploy(bench, {"web.yaml": image})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    shown = "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"
    assert bench.get("deployment", "web", "-o", shown) == ("3 nginx:1.27" if respects else "1 nginx:1.27")


@pytest.mark.parametrize(("field", "other"), [("group", "batch"), ("kind", "Job"), ("name", "x"), ("namespace", "x")])
def test_ignored_differences_are_only_those_of_the_objects_named(bench: Bench, field: str, other: str) -> None:
    """Each of the four tells objects apart."""
    said = {"group": "apps", "kind": "Deployment", "name": "web", "namespace": bench.namespace, field: other}
    rule = json.dumps([{**said, "jsonPointers": ["/spec/replicas"]}])
    declare(bench, f"  ignoreDifferences: {rule}\n")
    deploy(bench, {"web.yaml": web()})
    bench.cluster.kubectl("-n", bench.namespace, "scale", "deployment/web", "--replicas=3")
    from workers import drift

    assert drift.sweep(bench.context, "test") == ["myapp"]


@shows("option FailOnSharedResource=true")
def test_an_object_of_another_app_fails_the_sync(bench: Bench) -> None:
    """Always: two apps that write one object would never end."""
    deploy(bench, {"a.yaml": config("a")})
    text = (bench.catalog / "myapp.yaml").read_text().rstrip("\n") + "\n" + options("FailOnSharedResource=true")
    bench.declare(text.replace("name: myapp\n", "name: rival\n", 1), "rival")
    bench.ask(bench.checkout.head, app="rival")
    bench.look("rival")
    assert "already belongs to app myapp" in bench.told(bench.checkout.head, "rival").text


@shows("annotation kustomize.toolkit.fluxcd.io/ssa")
def test_if_not_present_leaves_an_object_that_is_there_alone(bench: Bench) -> None:
    """Made once; then whoever changes it may."""
    once = {f"{FLUX}ssa": "IfNotPresent"}
    deploy(bench, {"a.yaml": config("a", "first", **once)})
    commit = deploy(bench, {"a.yaml": config("a", "second", **once), "b.yaml": config("b")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "first"


def test_if_not_present_does_not_take_what_somebody_else_made(bench: Bench) -> None:
    """It is there: that is enough."""
    bench.cluster.kubectl("-n", bench.namespace, "create", "configmap", "a", "--from-literal=key=theirs")
    commit = deploy(bench, {"a.yaml": config("a", **{f"{FLUX}ssa": "IfNotPresent"}), "b.yaml": config("b")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "theirs"
    assert names(bench) == {"b"}


@pytest.mark.parametrize("said", [{f"{FLUX}ssa": "Ignore"}, {f"{FLUX}reconcile": "disabled"}])
@shows("annotation kustomize.toolkit.fluxcd.io/reconcile")
def test_an_object_that_is_not_to_be_reconciled_is_neither_made_nor_deleted(bench: Bench, said: dict[str, str]) -> None:
    """It is as if it were not in Git, but for that nothing prunes it."""
    deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b", "first")})
    commit = deploy(bench, {"b.yaml": config("b", "second", **said), "c.yaml": config("c", **said)})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert names(bench) == {"a", "b"}
    assert bench.get("configmap", "b", "-o", "jsonpath={.data.key}") == "first"


def test_an_option_with_a_wrong_value_names_the_object(bench: Bench) -> None:
    """And nothing is applied."""
    commit = deploy(bench, {"a.yaml": config("a"), "b.yaml": config("b", options="Prune=maybe")})
    assert bench.told(commit).state is State.FAILURE
    assert f"annotation {OPTIONS}: Prune=maybe: expected Prune=true or false or confirm" in bench.told(commit).text
    assert names(bench) == set()


@shows(
    "option Delete=false", "option Delete=confirm", "Application metadata.finalizers", "phase PreDelete",
    "phase PostDelete",
)  # fmt: skip
def test_an_app_that_leaves_takes_its_objects_with_it_by_its_finalizer(bench: Bench) -> None:
    """In the reverse order, between its hooks; what says otherwise stays."""
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("metadata:\n", "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n", 1))
    deploy(
        bench,
        {
            "a.yaml": config("a", wave="1"),
            "b.yaml": config("b", wave="2"),
            "c.yaml": config("c", wave="3", options="Delete=false"),
            "d.yaml": config("d", options="Delete=confirm"),
            "pre.yaml": config("pre", hook="PreDelete"),
            "post.yaml": config("post", hook="PostDelete"),
        },
    )
    before = bench.writes()
    bench.undeclare()
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    record = bench.context.records.progress.app("myapp")
    assert record.text == "no longer declared: 2 deleted; 2 left as they ask for"
    assert since(bench, before) == [
        "create configmaps/pre", "delete configmaps/b", "delete configmaps/a", "create configmaps/post",
    ]  # fmt: skip
    assert "hookline-myapp" not in bench.get("configmaps", "-o", "name")
    bench.declare(text)
    commit = deploy(bench, {"e.yaml": config("e")})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert {"a", "b", "c", "d", "e"} <= names(bench)


def test_the_deletion_of_an_app_waits_for_what_holds_an_object(bench: Bench) -> None:
    """An object with a finalizer of its own holds up the waves below it, and that is said."""
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("metadata:\n", "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n", 1))
    holding = config("b", wave="2").replace('"metadata": {', '"metadata": {"finalizers": ["example.com/hold"], ')
    deploy(bench, {"a.yaml": config("a", wave="1"), "b.yaml": holding})
    before = bench.writes()
    bench.undeclare()
    number = bench.ask(why=Why.SWEEP)
    bench.look()
    bench.look()
    assert since(bench, before) == ["delete configmaps/b"]
    assert f"ConfigMap {bench.namespace}/b: is being deleted" in bench.waits()
    unhold = '{"metadata": {"finalizers": null}}'
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "b", "--type=merge", "-p", unhold)
    bench.look_until_done(number)
    assert since(bench, before) == ["delete configmaps/b", "delete configmaps/a"]


def test_an_app_without_a_finalizer_leaves_its_objects_and_a_broken_catalog_deletes_nothing(bench: Bench) -> None:
    """What cannot be read looks just like what is gone."""
    text = (bench.catalog / "myapp.yaml").read_text()
    finalizer = "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n"
    bench.declare(text.replace("metadata:\n", finalizer, 1))
    deploy(bench, {"a.yaml": config("a")})
    bench.declare("a: [\n")
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    record = bench.context.records.progress.app("myapp")
    assert record.outcome == Outcome.FAILED
    assert "nothing is deleted until it can be read" in record.text
    bench.declare(text)
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    bench.undeclare()
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert bench.context.records.progress.app("myapp").text.endswith("its objects are left as they are")
    assert names(bench) == {"a"}
