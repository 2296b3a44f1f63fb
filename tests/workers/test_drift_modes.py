"""What becomes of drift in each mode over time: told once, put back after a while, left alone when fought over."""

from __future__ import annotations

import json

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config, document
from tests.workers.test_sync import DEPLOYMENT, deploy
from workers import sweep
from workers.model import Outcome, State, Why
from workers.policies import DriftMode

pytestmark = pytest.mark.cluster
NAME = "  name: myapp\n"


def says(bench: Bench, **annotations: str) -> None:
    """Declare the app with annotations: ``drift="report"``, ``drift_quiet="30s"``."""
    said = {f"hookline.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace(NAME, f"{NAME}  annotations: {json.dumps(said)}\n", 1))


def edit(bench: Bench, name: str = "one", value: str = "by hand") -> None:
    """Change a ConfigMap by hand."""
    patch = json.dumps({"data": {"key": value}})
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", name, "-p", patch)


def value(bench: Bench, name: str = "one") -> str:
    """Return what a ConfigMap says now."""
    return bench.get("configmap", name, "-o", "jsonpath={.data.key}")


def swept(bench: Bench) -> bool:
    """Sweep, look if that was asked for, and return whether it was."""
    bench.clock.forward(1)
    sweep.sweep(bench.context)
    asked = bool(bench.context.records.progress.open_requests("myapp"))
    bench.look()
    return asked


def notes(bench: Bench) -> dict[str, str]:
    """Return what is said of each object, by its name."""
    return {ref.name: note.text for ref, note in bench.context.records.repairs.notes("myapp").items()}


def test_a_report_leaves_the_cluster_and_the_commit_alone(bench: Bench) -> None:
    """It is told once, with fields and manager, and forgotten when somebody puts it back."""
    says(bench, drift="report")
    commit = deploy(bench, {"a.yaml": config("one")})
    told, record = bench.told(commit), bench.context.records.progress.app("myapp")
    edit(bench)
    before = bench.writes()
    assert swept(bench)
    assert notes(bench) == {"one": "data.key changed by kubectl-patch"}
    newest = bench.context.records.progress.syncs("myapp")[0]
    assert newest.outcome is Outcome.HELD
    words = f"drift, reported and left as it is: ConfigMap {bench.namespace}/one: data.key changed"
    assert newest.text.startswith(words)
    assert bench.told(commit) == told
    now = bench.context.records.progress.app("myapp")
    assert (now.outcome, now.text, now.inputs) == (record.outcome, record.text, record.inputs)
    assert not swept(bench)
    edit(bench, value="otherwise")
    assert swept(bench)
    assert bench.writes() == before
    text = json.dumps({"metadata": {"managedFields": [{}]}, "data": {"key": "a"}})
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "one", "-p", text)
    assert swept(bench)
    assert notes(bench) == {}
    assert not swept(bench)


def test_a_commit_and_a_person_put_back_what_a_report_left(bench: Bench) -> None:
    """Both ask for everything to be as in Git."""
    says(bench, drift="report")
    deploy(bench, {"a.yaml": config("one")})
    edit(bench)
    swept(bench)
    bench.look_until_done(bench.ask(why=Why.MANUAL))
    assert (value(bench), notes(bench)) == ("a", {})
    edit(bench)
    swept(bench)
    commit = deploy(bench, {"b.yaml": config("two")})
    assert bench.told(commit).state is State.SUCCESS
    assert (value(bench), notes(bench)) == ("a", {})


@shows("Kustomization metadata.annotations", "Kustomization spec.interval")
def test_a_kustomization_says_its_mode_and_how_long_drift_may_go_unseen(bench: Bench) -> None:
    """Repair unless it says otherwise."""
    app = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: NAME}\nspec:\n"
    app += "  {interval: 45s, prune: true, sourceRef: {kind: GitRepository, name: r}}\n---\n"
    source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: r}\n"
    source += "spec: {url: 'https://github.com/your-org/your-repo.git'}\n"
    off = "{name: b, annotations: {hookline.dev/drift: off, hookline.dev/drift-quiet: 1m}}"
    bench.declare(app.replace("NAME", "a") + app.replace("{name: NAME}", off.replace("off", "'off'")) + source, "flux")
    apps = bench.context.catalog.index().apps
    assert (apps["a"].drift, apps["a"].interval, apps["a"].drift_quiet) == (DriftMode.REPAIR, 45.0, 0.0)
    assert (apps["b"].drift, apps["b"].drift_quiet) == (DriftMode.OFF, 60.0)


@pytest.mark.parametrize(("app", "repaired"), [("repair", {"mine", "theirs"}), ("report", {"theirs"})])
def test_an_object_s_own_word_goes_before_its_app_s(bench: Bench, app: str, repaired: set[str]) -> None:
    """Stricter or laxer."""
    says(bench, drift=app)
    files: dict[str, str | None] = {
        "a.yaml": config("mine"),
        "b.yaml": config("theirs", **{"hookline.dev/drift": "repair"}),
        "c.yaml": config("told", **{"hookline.dev/drift": "report"}),
        "d.yaml": config("free", **{"hookline.dev/drift": "off"}),
    }
    deploy(bench, files)
    names = {"mine", "theirs", "told", "free"}
    for name in names:
        edit(bench, name)
    assert swept(bench)
    assert {name for name in names if value(bench, name) == "a"} == repaired
    assert set(notes(bench)) == {"mine", "told"} - repaired
    assert not swept(bench)


def test_a_word_that_is_no_mode_is_told_with_its_place(bench: Bench) -> None:
    """On the app and on an object."""
    commit = deploy(bench, {"a.yaml": config("one", **{"hookline.dev/drift": "always"})})
    assert "annotation hookline.dev/drift: always: expected off, report, repair" in bench.told(commit).text
    says(bench, drift="never")
    assert "never: expected off, report, repair" in bench.context.catalog.index().apps["myapp"].fault


def test_an_app_that_waits_for_a_person_reports_and_brings_no_commit(bench: Bench) -> None:
    """Drift opens the gate for itself only."""
    text, by_hand = (bench.catalog / "myapp.yaml").read_text(), "    automated:\n      enabled: false\n"
    bench.declare(text.replace("    automated:\n", by_hand))
    bench.push({"a.yaml": config("one")})
    bench.look_until_done(bench.ask(why=Why.MANUAL))
    newer = bench.push({"a.yaml": config("one", "newer")})
    bench.ask(newer)
    edit(bench)
    bench.ask(why=Why.DRIFT)
    bench.look()
    assert "waits for approval" in bench.told(newer).text
    assert swept(bench)
    assert (value(bench), list(notes(bench))) == ("by hand", ["one"])


def test_drift_has_to_last_as_long_as_the_app_says(bench: Bench) -> None:
    """A restart in between loses nothing: the due time is on record, and the tick asks."""
    says(bench, drift_quiet="30s")
    deploy(bench, {"a.yaml": config("one"), "b.yaml": config("two")})
    edit(bench)
    assert swept(bench)
    assert notes(bench) == {"one": "data.key changed by kubectl-patch; put back once that is 30 s old"}
    bench.configure()
    bench.clock.forward(20)
    edit(bench, "two")
    assert swept(bench)
    sweep.tick(bench.context)
    bench.look()
    assert value(bench) == "by hand"
    bench.clock.forward(11)
    sweep.tick(bench.context)
    bench.look()
    assert (value(bench), value(bench, "two")) == ("a", "by hand")
    [repaired] = bench.context.records.repairs.history("myapp")
    assert 30 <= repaired.seconds < 60
    bench.clock.forward(30)
    sweep.tick(bench.context)
    bench.look()
    assert (value(bench, "two"), notes(bench)) == ("a", {})


def test_what_is_fought_over_is_left_alone_and_the_rest_is_not(bench: Bench) -> None:
    """After pauses that grow; a new commit begins anew."""
    deploy(bench, {"a.yaml": config("one"), "b.yaml": config("two")})
    rounds = 0
    for _ in range(30):
        edit(bench, value=f"mine {rounds}")
        sweep.sweep(bench.context)
        for _ in range(12):
            sweep.tick(bench.context)
            bench.look()
            if value(bench) == "a" or "fought over" in notes(bench).get("one", ""):
                break
            bench.clock.forward(1)
        if value(bench) != "a":
            break
        rounds += 1
    assert rounds == bench.context.settings.sync.drift_rounds
    assert "fought over by kubectl-patch: left alone after 5 repairs" in notes(bench)["one"]
    edit(bench, "two")
    assert swept(bench)
    assert (value(bench), value(bench, "two")) == (f"mine {rounds}", "a")
    assert "fought over" in notes(bench)["one"]
    assert not swept(bench)
    commit = deploy(bench, {"c.yaml": config("three")})
    assert bench.told(commit).state is State.SUCCESS
    assert (value(bench), notes(bench)) == ("a", {})


def test_what_is_left_alone_is_tried_again_after_an_hour(bench: Bench) -> None:
    """Without anybody asking."""
    bench.configure(sync=bench.context.settings.sync.model_copy(update={"drift_rounds": 1}))
    deploy(bench, {"a.yaml": config("one")})
    for _ in range(2):
        edit(bench)
        assert swept(bench)
    assert value(bench) == "by hand"
    bench.clock.forward(3590)
    sweep.tick(bench.context)
    bench.look()
    assert value(bench) == "by hand"
    bench.clock.forward(20)
    sweep.tick(bench.context)
    bench.look()
    assert (value(bench), notes(bench)) == ("a", {})


def test_an_object_held_by_a_finalizer_is_waited_for_and_made_anew(bench: Bench) -> None:
    """What is being deleted cannot be put back before it is gone."""
    deploy(bench, {"a.yaml": config("one"), "b.yaml": config("two")})
    kubectl = ("-n", bench.namespace)
    held = '{"metadata": {"finalizers": ["example.com/x"]}}'
    bench.cluster.kubectl(*kubectl, "patch", "configmap", "one", "--type=merge", "-p", held)
    bench.cluster.kubectl(*kubectl, "delete", "configmap", "one", "--wait=false")
    assert swept(bench)
    assert notes(bench) == {"one": "is being deleted, held by example.com/x; it is made anew once it is gone"}
    assert not swept(bench)
    let_go = '{"metadata": {"finalizers": null}}'
    bench.cluster.kubectl(*kubectl, "patch", "configmap", "one", "--type=merge", "-p", let_go)
    bench.gone("configmap", "one")
    assert swept(bench)
    assert (value(bench), notes(bench)) == ("a", {})


def test_a_missing_namespace_is_reported(bench: Bench) -> None:
    """No dry-run can be had there, and the report must not make the namespace."""
    other = f"{bench.namespace}-x"
    text = (bench.catalog / "myapp.yaml").read_text()
    text = text.replace("  syncPolicy:\n", "  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n")
    bench.declare(text.replace(f"namespace: {bench.namespace}", f"namespace: {other}"))
    says(bench, drift="report")
    deploy(bench, {"a.yaml": config("one")})
    bench.cluster.kubectl("delete", "namespace", other, "--wait=true")
    assert swept(bench)
    assert notes(bench) == {"one": "is missing"}
    assert other not in bench.cluster.kubectl("get", "namespaces", "-o", "name")


def test_an_object_of_another_app_is_no_copy(bench: Bench) -> None:
    """Its label was changed by hand: the other app puts it back, and this one deletes nothing."""
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("name: myapp\n", "name: other\n", 1).replace("path: myapp", "path: other"), "other")
    deploy(bench, {"a.yaml": config("one")})
    commit = bench.checkout.commit({"other/b.yaml": config("two")}, "more")
    bench.checkout.push()
    bench.ask(commit, app="other")
    bench.look("other")
    label = "applyset.kubernetes.io/part-of"
    ours = bench.get("configmap", "one", "-o", f"jsonpath={{.metadata.labels.{label.replace('.', chr(92) + '.')}}}")
    bench.cluster.kubectl("-n", bench.namespace, "label", "--overwrite", "configmap", "two", f"{label}={ours}")
    sweep.sweep(bench.context)
    bench.drain()
    bench.look()
    assert "two" in bench.get("configmap", "-o", "name")
    assert notes(bench) == {}
    assert bench.get("configmap", "-l", f"{label}={ours}", "-o", "name").split() == ["configmap/one"]


def test_a_report_never_runs_while_a_sync_waits(bench: Bench) -> None:
    """It would go on with that sync, and write; afterwards the sweep finds it."""
    says(bench, drift="report")
    never = DEPLOYMENT.replace("nginx:1.25}", "nginx:1.25, resources: {requests: {cpu: 9000}}}")
    deploy(bench, {"a.yaml": config("one"), "web.yaml": never})
    edit(bench)
    before = bench.writes()
    assert bench.context.records.progress.flight("myapp")
    sweep.sweep(bench.context)
    assert [one.why for one in bench.context.records.progress.open_requests("myapp")] == [Why.PUSH]
    bench.look()
    assert (value(bench), bench.writes()) == ("by hand", before)


def test_a_role_that_was_opened_is_closed_again(bench: Bench) -> None:
    """And the record says who had opened it."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    deploy(bench, {"role.yaml": document("rbac.authorization.k8s.io/v1", "Role", "web", {}, rules=rules)})
    opened = '[{"op": "add", "path": "/rules/0/verbs/-", "value": "delete"}]'
    bench.cluster.kubectl("-n", bench.namespace, "patch", "role", "web", "--type=json", "-p", opened)
    assert swept(bench)
    assert bench.get("role", "web", "-o", "jsonpath={.rules[0].verbs}") == '["get"]'
    said = f"repaired Role {bench.namespace}/web: rules[0].verbs changed by kubectl-patch"
    assert said in bench.context.records.progress.syncs("myapp")[0].text
