"""One look at one app: what is in Git becomes what is in the cluster, or a sentence says why not."""

from __future__ import annotations

import json
import time

import pytest

from deploy.local.control_plane import KubectlFailed
from deploy.local.forge import Forge
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.workers.conftest import Bench
from workers.model import Action, Outcome, State, Why
from workers.stages import apply

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {key: VALUE}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.25}]}
"""


def config(name: str = "one", value: str = "a") -> str:
    """A ConfigMap: healthy as soon as it is there."""
    return CONFIG.replace("NAME", name).replace("VALUE", value)


def deploy(bench: Bench, files: dict[str, str | None]) -> str:
    """Push, ask and look; return the commit."""
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    return commit


def test_a_push_is_applied_and_its_commit_is_told(bench: Bench) -> None:
    """Created, owned by the app's ApplySet, green."""
    commit = deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    assert bench.told(commit).state is State.SUCCESS
    assert bench.told(commit).text == "synced: 2 created; 2 objects are healthy"
    labelled = bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split()
    assert labelled == ["configmap/one", "configmap/two"]
    parent = json.loads(bench.get("configmap", "hookline-myapp", "-o", "json"))
    assert parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"


def test_a_second_look_at_the_same_commit_changes_nothing_and_costs_no_write(bench: Bench) -> None:
    """Only reads: the inventory and one LIST for the kind."""
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    client = bench.context.clusters.client("test")
    before = client.requests
    bench.ask(why=Why.MANUAL)
    bench.look()
    [last, _] = bench.context.records.progress.syncs("myapp")
    assert (last.outcome, last.changes) == (Outcome.SUCCEEDED, ())
    assert client.requests - before == 2


def test_a_commit_that_changes_nothing_we_read_is_not_affected(bench: Bench) -> None:
    """Another folder of the same repository."""
    deploy(bench, {"a.yaml": config()})
    commit = bench.checkout.commit({"elsewhere/README.md": "hello"}, "docs")
    bench.checkout.push()
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.SUCCESS
    assert "not affected" in bench.told(commit).text


def test_what_is_removed_from_git_is_pruned_and_what_others_made_stays(bench: Bench) -> None:
    """Only what the app owns goes."""
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    bench.cluster.kubectl("-n", bench.namespace, "create", "configmap", "mine")
    deploy(bench, {"b.yaml": None})
    names = bench.get("configmap", "-o", "name").split()
    assert "configmap/two" not in names
    assert {"configmap/one", "configmap/mine"} <= set(names)
    [last, *_] = bench.context.records.progress.syncs("myapp")
    assert [(change.ref.name, change.action) for change in last.changes] == [("two", Action.DELETED)]


def test_without_prune_it_stays_owned_until_prune_is_on(bench: Bench) -> None:
    """Nothing is forgotten: the inventory keeps it."""
    document = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(document.replace("prune: true", "prune: false"))
    deploy(bench, {"a.yaml": config(), "b.yaml": config("two")})
    deploy(bench, {"b.yaml": None})
    assert "configmap/two" in bench.get("configmap", "-o", "name")
    bench.declare(document)
    bench.ask(why=Why.SWEEP)
    bench.look()
    assert "configmap/two" not in bench.get("configmap", "-o", "name")


def test_an_object_that_says_prune_false_survives(bench: Bench) -> None:
    """In Argo CD's words, and it stays owned."""
    keep = config("two").replace(
        "{name: two}", '{name: two, annotations: {argocd.argoproj.io/sync-options: "Prune=false"}}'
    )
    deploy(bench, {"a.yaml": config(), "b.yaml": keep})
    deploy(bench, {"b.yaml": None})
    assert "configmap/two" in bench.get("configmap", "-o", "name")
    assert '"two"' in bench.get("configmap", "hookline-myapp", "-o", "jsonpath={.data.inventory}")


def test_an_empty_folder_deletes_nothing(bench: Bench) -> None:
    """Far more often a mistake than a wish."""
    deploy(bench, {"a.yaml": config()})
    commit = deploy(bench, {"a.yaml": None, "README.md": "gone"})
    assert bench.told(commit).state is State.FAILURE
    assert "renders to nothing" in bench.told(commit).text
    assert "configmap/one" in bench.get("configmap", "-o", "name")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"bad.yaml": "a: [\n"}, ("render failed", "myapp/bad.yaml")),
        ({"bad.yaml": "kind: ConfigMap\n"}, ("render failed", "myapp/bad.yaml")),
        (
            {"bad.yaml": DEPLOYMENT.replace("replicas: 1", "replicas: many")},
            ("diff failed", "myapp/bad.yaml:1", "spec.replicas"),
        ),
        (
            {"bad.yaml": DEPLOYMENT.replace("replicas: 1", "replicsa: 1")},
            ("diff failed", "myapp/bad.yaml:1", "replicsa"),
        ),
        (
            {"bad.yaml": DEPLOYMENT.replace("app: web}", "app: other}", 1)},
            ("diff failed", "myapp/bad.yaml:1", "labels"),
        ),
        ({"bad.yaml": config("Not_A_Name")}, ("diff failed", "myapp/bad.yaml:1", "metadata.name")),
        ({"bad.yaml": config("two") + "---\n" + config("two")}, ("render failed", "myapp/bad.yaml", "two")),
        (
            {"bad.yaml": config("x").replace("v1\n", "example.com/v1\n", 1).replace("ConfigMap", "Thing")},
            ("render failed", "Thing"),
        ),
        ({"kustomization.yaml": "resources: [missing.yaml]\n"}, ("render failed", "missing.yaml")),
    ],
)
def test_a_bad_manifest_fails_with_its_place_and_changes_nothing(
    bench: Bench, files: dict[str, str | None], words: tuple[str, ...]
) -> None:
    """The good object beside it is not applied either: all is validated before the first write."""
    commit = deploy(bench, {"good.yaml": config(), **files})
    told = bench.told(commit)
    assert told.state is State.FAILURE
    for word in words:
        assert word in told.text
    assert bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "name") == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("targetRevision: main", "targetRevision: gone", "has no branch, tag or commit gone"),
        ("path: myapp", "path: gone", "there is no folder gone"),
        ("path: myapp", "path: ../myapp", "without `..`"),
        (
            "server: https://kubernetes.default.svc",
            "server: https://other.example",
            "no configured cluster has the server",
        ),
        ("namespace: NS", "namespace: gone-with-the-wind", "gone-with-the-wind"),
        ("prune: true", "prune: maybe", "spec.syncPolicy.automated.prune"),
    ],
)
def test_a_wrong_declaration_is_told_to_the_commit(bench: Bench, old: str, new: str, words: str) -> None:
    """Each a terminal failed status that says what to do."""
    document = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(document.replace(old.replace("NS", bench.namespace), new))
    commit = deploy(bench, {"a.yaml": config()})
    assert bench.told(commit).state is State.FAILURE
    assert words in bench.told(commit).text


def test_a_missing_repository_is_told(bench: Bench) -> None:
    """The Git server says no, and the text says what to correct."""
    document = (bench.catalog / "myapp.yaml").read_text()
    missing = f"{bench.forge.url}/your-org/none.git"
    bench.declare(document.replace("https://github.com/your-org/your-repo.git", missing))
    commit = deploy(bench, {"a.yaml": config()})
    assert bench.told(commit).state is State.FAILURE
    assert f"there is no repository {missing}" in bench.told(commit).text


def test_a_git_server_that_is_away_is_tried_again(bench: Bench) -> None:
    """Transient: the commit stays pending until it answers."""
    commit = bench.push({"a.yaml": config()})
    bench.ask(commit)
    port = int(bench.forge.url.rpartition(":")[2])
    bench.forge.stop()
    bench.look()
    assert bench.told(commit).state is State.PENDING
    with Forge(bench.forge_data, port=port) as again:
        again.create(REPOSITORY, public_url=PUBLIC_URL)
        bench.clock.forward(5)
        bench.look()
    assert bench.told(commit).state is State.SUCCESS


def test_an_immutable_field_says_which_one(bench: Bench) -> None:
    """And the object stays as it was."""
    deploy(bench, {"a.yaml": DEPLOYMENT})
    commit = deploy(bench, {"a.yaml": DEPLOYMENT.replace("app: web}", "app: other}")})
    assert bench.told(commit).state is State.FAILURE
    assert "spec.selector" in bench.told(commit).text


def test_a_sync_that_waits_for_health_holds_no_worker_and_is_resumed(bench: Bench) -> None:
    """Look returns while the Deployment rolls out; a later look ends it."""
    commit = deploy(bench, {"a.yaml": DEPLOYMENT})
    assert bench.told(commit).state is State.PENDING
    assert bench.context.records.progress.flight("myapp") is not None
    bench.cluster.kubectl("-n", bench.namespace, "rollout", "status", "deployment/web", "--timeout=60s")
    bench.look()
    assert bench.told(commit).state is State.SUCCESS
    assert bench.context.records.progress.flight("myapp") is None


def test_health_that_never_comes_fails_when_its_time_is_over(bench: Bench) -> None:
    """Named with object and reason, never silence."""
    commit = deploy(
        bench, {"a.yaml": DEPLOYMENT.replace("nginx:1.25}", "nginx:1.25, resources: {requests: {cpu: 9000}}}")}
    )
    bench.look()
    assert bench.told(commit).state is State.PENDING
    bench.clock.forward(bench.context.settings.sync.health_timeout)
    bench.look()
    assert bench.told(commit).state is State.FAILURE
    assert "Deployment" in bench.told(commit).text
    assert "web" in bench.told(commit).text


def test_a_newer_commit_does_not_wait_for_a_bad_one_s_health(bench: Bench) -> None:
    """The fix is deployed at once; the bad commit says which one includes it."""
    bad = deploy(
        bench, {"a.yaml": DEPLOYMENT.replace("nginx:1.25}", "nginx:1.25, resources: {requests: {cpu: 9000}}}")}
    )
    assert bench.told(bad).state is State.PENDING
    fix = deploy(bench, {"a.yaml": None, "b.yaml": config()})
    assert bench.told(fix).state is State.SUCCESS
    assert bench.told(bad).text == f"superseded: included in {fix[:7]}"


def test_two_pushes_while_a_sync_runs_cause_one_more_sync_of_the_newest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their messages found the lease taken and were dropped; the holder looks again, once."""
    first = bench.push({"a.yaml": config(value="first")})
    bench.ask(first)
    later: list[str] = []
    real = apply.changes

    def meanwhile(*arguments: object, **named: object) -> object:
        if not later:
            for value in ("second", "third"):
                later.append(bench.push({"a.yaml": config(value=value)}))
                bench.ask(later[-1])
                bench.look()  # another worker takes the message: it must return at once, doing nothing
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(apply, "changes", meanwhile)
    bench.counter.sent.clear()
    bench.look()
    assert bench.counter.sent == ["myapp", "myapp", "myapp"]  # one per push, and one by the holder
    bench.look()
    bench.look()
    syncs = bench.context.records.progress.syncs("myapp")
    assert [sync.revision for sync in syncs] == [later[1], first]
    assert bench.told(later[0]).text == f"superseded: included in {later[1][:7]}"
    assert [bench.told(commit).state for commit in (first, *later)] == [State.SUCCESS] * 3
    assert bench.get("configmap", "one", "-o", "jsonpath={.data.key}") == "third"


def test_an_older_delivery_that_comes_late_does_not_go_back(bench: Bench) -> None:
    """Git says where the branch is, not the delivery."""
    older = bench.push({"a.yaml": config(value="older")})
    newer = bench.push({"a.yaml": config(value="newer")})
    bench.ask(newer)
    bench.look()
    bench.ask(older)
    bench.look()
    assert bench.get("configmap", "one", "-o", "jsonpath={.data.key}") == "newer"
    assert bench.told(older).text == f"superseded: included in {newer[:7]}"


def test_a_commit_that_is_told_of_again_does_not_fail_with_the_next_one(bench: Bench) -> None:
    """A merge is told by its push as well: here late, when a sync under way has found the next commit, and refused it.

    Once the app has gone on from it, what the newer one does counts again.
    """
    good = deploy(bench, {"a.yaml": config(value="good")})
    first = bench.told(good)
    bad = bench.push({"a.yaml": config().replace("key: ", "key: [", 1)})
    for late in (bad, good):
        bench.ask(late)
        bench.look()
        assert bench.told(bad).state is State.FAILURE
    assert bench.told(good) == first
    fix = deploy(bench, {"a.yaml": config(value="fix")})
    worse = deploy(bench, {"a.yaml": config().replace("key: ", "key: [", 1)})
    bench.ask(good)
    bench.look()
    assert [bench.told(one).state for one in (fix, worse, good)] == [State.SUCCESS, State.FAILURE, State.FAILURE]


def test_without_automated_the_app_waits_for_a_manual_sync(bench: Bench) -> None:
    """The commit says so; the manual sync then deploys it and tells it again."""
    document = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(document[: document.index("  syncPolicy:")])
    commit = deploy(bench, {"a.yaml": config()})
    assert bench.told(commit).text.startswith(f"{commit[:7]} waits for approval: run `hookline approve myapp`")
    assert "configmap/one" not in bench.get("configmap", "-o", "name")
    bench.ask(why=Why.MANUAL)
    bench.look()
    assert bench.told(commit).text.startswith("synced: 1 created")


def test_an_object_of_another_app_is_reported_and_not_fought_over(bench: Bench) -> None:
    """Neither taken over nor pruned later."""
    document = (bench.catalog / "myapp.yaml").read_text()
    deploy(bench, {"a.yaml": config()})
    bench.declare(document.replace("name: myapp\n", "name: rival\n", 1), "rival")
    bench.ask(bench.checkout.head, app="rival")
    bench.look("rival")
    told = bench.told(bench.checkout.head, "rival")
    assert told.state is State.FAILURE
    assert "one already belongs to app myapp" in told.text


def test_kustomize_is_rendered(bench: Bench) -> None:
    """Overlay and base, and a change of the base affects the overlay."""
    files: dict[str, str | None] = {
        "kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
        "../base/kustomization.yaml": "resources: [one.yaml]\n",
        "../base/one.yaml": config(),
    }
    commit = deploy(bench, files)
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get("configmap", "prod-one", "-o", "jsonpath={.data.key}") == "a"
    commit = deploy(bench, {"../base/one.yaml": config(value="b")})
    assert bench.get("configmap", "prod-one", "-o", "jsonpath={.data.key}") == "b"


def test_create_namespace_makes_it(bench: Bench) -> None:
    """Argo CD's sync option."""
    document = (bench.catalog / "myapp.yaml").read_text().replace(bench.namespace, f"{bench.namespace}-new")
    bench.declare(document + "    syncOptions: [CreateNamespace=true]\n")
    commit = deploy(bench, {"a.yaml": config()})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text


def test_an_unreachable_cluster_is_tried_again_and_then_told(bench: Bench) -> None:
    """Transient until the attempts are used up; never pending for ever."""
    kubeconfig = bench.catalog / "nowhere"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}],
                "users": [{"name": "x", "user": {}}],
            }
        )
    )
    nowhere = bench.context.settings.clusters["test"].model_copy(update={"kubeconfig": kubeconfig})
    bench.context.settings.clusters["test"] = nowhere
    commit = bench.push({"a.yaml": config()})
    bench.ask(commit)
    for _ in range(bench.context.settings.sync.retry_limit):
        bench.look()
        assert bench.told(commit).state is State.PENDING
        bench.clock.forward(bench.context.settings.sync.retry_most)
    bench.look()
    assert bench.told(commit).state is State.FAILURE
    assert "failed 6 times" in bench.told(commit).text


def test_what_rbac_forbids_is_told_with_the_right_that_is_missing(bench: Bench) -> None:
    """The operator is named what to give; nothing is half-done."""
    kubeconfig = bench.cluster.kubeconfig_for("hookline-without-rights")
    poor = bench.context.settings.clusters["test"].model_copy(update={"kubeconfig": kubeconfig})
    bench.context.settings.clusters["test"] = poor
    commit = deploy(bench, {"a.yaml": config()})
    told = bench.told(commit)
    assert told.state is State.FAILURE
    assert "hookline-without-rights" in told.text
    assert "configmaps" in told.text


def test_an_admission_policy_that_refuses_is_told_with_its_words(bench: Bench) -> None:
    """Before the first write: the good object beside it is not applied."""
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": f"no-{bench.namespace}"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": bench.namespace}},
            },
            "validations": [{"expression": "object.metadata.name != 'refused'", "message": "that name is not for you"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": f"no-{bench.namespace}"},
        "spec": {"policyName": f"no-{bench.namespace}", "validationActions": ["Deny"]},
    }
    bench.cluster.kubectl(
        "apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [policy, binding]})
    )
    try:
        _until_refused(bench)
        commit = deploy(bench, {"a.yaml": config(), "b.yaml": config("refused")})
    finally:
        bench.cluster.kubectl(
            "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", f"no-{bench.namespace}"
        )
    told = bench.told(commit)
    assert told.state is State.FAILURE
    assert "that name is not for you" in told.text
    assert "myapp/b.yaml:1" in told.text
    assert "configmap/one" not in bench.get("configmap", "-o", "name")


def _until_refused(bench: Bench) -> None:
    """Wait until the API server enforces the policy: it says nothing when it begins to."""
    deadline = time.monotonic() + 90
    while True:
        try:
            bench.cluster.kubectl("-n", bench.namespace, "create", "configmap", "refused", "--dry-run=server")
        except KubectlFailed:
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)
