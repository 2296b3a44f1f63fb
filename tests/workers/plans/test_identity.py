"""The identity of plans cannot write, whatever it tries, and a whole plan is made with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import audit_log
from deploy.local.control_plane import ControlPlane
from tests.workers.conftest import WRITES, Bench
from tests.workers.plans.identity import ACCOUNT, FILES, REFUSED, Somebody, applied, tried
from tests.workers.test_plan import now
from tests.workers.test_sync import config, deploy
from workers import configuration
from workers.commands import problems
from workers.errors import AccessDenied
from workers.identities import PlanIdentity
from workers.plans import Effect
from workers.settings import Cluster

pytestmark = pytest.mark.cluster

SAMPLES = Path(__file__).with_name("samples.yaml")
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {key: VALUE}\n"
ROLE = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reads}\n"
    'rules: [{apiGroups: [""], resources: [RESOURCE], verbs: [deletecollection]}]\n'
)


def events(cluster: ControlPlane, begin: int) -> list[dict[str, str]]:
    """What the audit log has since it was ``begin`` bytes long."""
    found = []
    for event in audit_log.events(cluster.audit_log, begin):
        user = (event.get("impersonatedUser") or event["user"])["username"]
        dry = "dryRun=All" in event["requestURI"]
        agent = event.get("userAgent", "")
        code = event["responseStatus"]["code"]
        found.append({"user": user, "verb": event["verb"], "dry": dry, "agent": agent, "code": code})
    return found


def test_whatever_the_identity_tries_to_write_is_refused(cluster: ControlPlane, namespace: str) -> None:
    """Even with every right there is: every kind and subresource, every verb. Only policies themselves, and reviews,
    which write nothing, are beyond a policy, and those the role leaves out."""
    applied(cluster, namespace)
    cluster.kubectl("-n", namespace, "apply", "-f", str(SAMPLES))
    before = cluster.kubectl("-n", namespace, "get", "all,cm,secret,role,lease", "-o", "name")
    begin = audit_log.end(cluster.audit_log)
    strong = Somebody(cluster, "strong", ("hookline:plans", "system:masters"))
    answers = {
        what: answer
        for what, answer in tried(strong, namespace, but="admissionregistration.k8s.io")
        if not what.endswith("reviews.authentication.k8s.io")
    }
    assert [f"{what}: {answer.text}" for what, answer in answers.items() if answer.is_success] == []
    by_policy = {what for what, answer in answers.items() if REFUSED in answer.text}
    assert len(by_policy) > 200
    words = "create secrets|apply secrets|merge deployments.apps|patch deployments/scale.apps|update pods/status"
    words += "|delete configmaps|delete all configmaps|post to pods/eviction|post to pods/binding|connect to pods/exec"
    words += "|post to pods/attach|connect to pods/portforward|connect to services/proxy|connect to nodes/proxy"
    words += "|post to serviceaccounts/token|update namespaces/status|create roles.rbac.authorization.k8s.io"
    assert set(words.split("|")) - by_policy == set()
    assert cluster.kubectl("-n", namespace, "get", "all,cm,secret,role,lease", "-o", "name") == before
    mine = [one for one in events(cluster, begin) if one["user"] == "strong"]
    assert {one["code"] for one in mine if one["verb"] in (*WRITES, "deletecollection")} >= {403}


def test_the_shipped_rights_read_and_dry_run_and_nothing_else(cluster: ControlPlane, namespace: str) -> None:
    """What a policy cannot see is left out of the rights: tokens, impersonation, the kubelet, the policy itself."""
    applied(cluster, namespace)
    cluster.kubectl("-n", namespace, "apply", "-f", str(SAMPLES))
    plans = Somebody(cluster, ACCOUNT)
    answers = dict(tried(plans, namespace))
    written = [what for what, answer in answers.items() if answer.is_success]
    assert set(written) == {"create selfsubjectreviews.authentication.k8s.io"}
    dry = {what for what, answer in tried(plans, namespace, dry=True) if answer.is_success}
    assert {"apply configmaps", "create secrets", "update deployments.apps", "merge services"} <= dry
    assert not [what for what in dry if what.startswith("delete") or "/token" in what or "admissionreg" in what]
    home = f"/api/v1/namespaces/{namespace}"
    assert plans.ask("GET", f"{home}/secrets").is_success
    for path in ("/api/v1/nodes", f"{home}/pods/sample/exec?command=ls", f"{home}/pods/sample/log", f"{home}/events"):
        assert plans.ask("GET", path).status_code == 403, path
    review = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    for verb, group, resource in (
        ("impersonate", "", "users"),
        ("impersonate", "", "serviceaccounts"),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
        ("bind", "rbac.authorization.k8s.io", "clusterroles"),
        ("get", "", "nodes/proxy"),
        ("create", "", "serviceaccounts/token"),
        ("patch", "admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ):
        name, _, sub = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": name, "subresource": sub}
        body = {"spec": {"user": ACCOUNT, "groups": ["system:authenticated"], "resourceAttributes": asked}}
        answer = cluster.client.post(review, json=body).json()
        assert answer["status"]["allowed"] is False, asked


def by_context(bench: Bench, tmp_path: Path) -> Cluster:
    """A kubeconfig of its own."""
    file = bench.cluster.kubeconfig_for("plans", ["hookline:plans"])
    return Cluster(kubeconfig=bench.cluster.kubeconfig, plans=PlanIdentity(kubeconfig=file))


def by_token(bench: Bench, tmp_path: Path) -> Cluster:
    """A token of the service account, in a file."""
    made = bench.cluster.kubectl("-n", "hookline", "create", "token", "hookline-plans")
    (tmp_path / "token").write_text(made)
    token = PlanIdentity(token=f"file:{tmp_path / 'token'}")
    return Cluster(kubeconfig=bench.cluster.kubeconfig, plans=token)


def by_impersonation(bench: Bench, tmp_path: Path) -> Cluster:
    """With the worker's own credentials."""
    return Cluster(kubeconfig=bench.cluster.kubeconfig, plans=PlanIdentity(user=ACCOUNT))


@pytest.mark.parametrize(
    ("way", "user"),
    [(by_context, "plans"), (by_token, ACCOUNT), (by_impersonation, ACCOUNT)],
    ids=("context", "token", "impersonation"),
)
def test_a_whole_plan_is_made_by_the_identity_and_the_sync_by_the_worker(
    bench: Bench, tmp_path: Path, way: Callable[[Bench, Path], Cluster], user: str
) -> None:
    """By the audit log: all that the plan asks is asked by the identity, and is a read or a dry-run."""
    applied(bench.cluster, bench.namespace)
    deploy(bench, {"a.yaml": config(), "keys.yaml": SECRET, "gone.yaml": config("gone")})
    bench.configure(clusters={"test": way(bench, tmp_path)})
    bench.push({"a.yaml": config(value="b"), "b.yaml": config("two"), "gone.yaml": None, "keys.yaml": SECRET + "---\n"})
    begin = bench.mark()
    assert now(bench).summary == "1 created, 1 configured, 1 deleted"
    asked = [one for one in events(bench.cluster, begin) if one["agent"] == "hookline"]
    assert {one["user"] for one in asked} == {user}
    assert {one["verb"] for one in asked} >= {"get", "list", "patch"}
    assert [one for one in asked if one["verb"] in WRITES and not one["dry"]] == []
    begin = bench.mark()
    deploy(bench, {"a.yaml": config(value="b")})
    asked = [one for one in events(bench.cluster, begin) if one["agent"] == "hookline"]
    assert {one["user"] for one in asked} == {"admin"}


def test_what_the_identity_may_not_read_or_try_is_said_and_the_rest_is_planned(bench: Bench, tmp_path: Path) -> None:
    """Secrets without their role, and roles with rights that it does not have itself; nothing of them is shown."""
    applied(bench.cluster, bench.namespace)
    role, secrets = ROLE.replace("RESOURCE", "pods"), {f"{one}.yaml": named(one) for one in ("same", "other", "gone")}
    deploy(bench, {"a.yaml": config(), "role.yaml": role, **secrets})
    bench.configure(clusters={"test": by_impersonation(bench, tmp_path)})
    bench.push(
        {
            "a.yaml": config(value="b"),
            "role.yaml": role.replace("pods", "secrets"),
            "other.yaml": named("other", "canary-hunter2"),
            "new.yaml": named("new"),
            "gone.yaml": None,
        }
    )
    bench.cluster.kubectl("delete", "-f", str(FILES / "secrets.yaml"))
    try:
        bench.look_until(lambda: bare(bench), seconds=60)
        made = now(bench)
    finally:
        applied(bench.cluster, bench.namespace)
    found = {one.ref.name: (one.effect, "may not read or try" in one.note) for one in made.objects}
    assert found == {
        "one": (Effect.CONFIGURED, False),
        "reads": (Effect.CONFIGURED, True),
        "same": (Effect.UNCHANGED, True),
        "other": (Effect.CONFIGURED, True),
        "new": (Effect.CREATED, True),
        "gone": (Effect.DELETED, True),
    }
    assert any("may not read or try" in warning for warning in made.warnings)
    assert "canary" not in str(made)


def bare(bench: Bench) -> bool:
    """Whether the rights to Secrets are gone."""
    return Somebody(bench.cluster, ACCOUNT).ask("GET", f"/api/v1/namespaces/{bench.namespace}/secrets").is_client_error


def named(name: str, value: str = "canary-hunter1") -> str:
    """A Secret."""
    return SECRET.replace("name: keys", f"name: {name}").replace("VALUE", value)


def test_a_worker_without_a_right_fails_its_plan_where_no_identity_is_configured(bench: Bench) -> None:
    """Its sync would fail, too."""
    bench.push({"a.yaml": config()})
    bench.configure(clusters={"test": Cluster(kubeconfig=bench.cluster.kubeconfig_for("nobody"))})
    with pytest.raises(AccessDenied, match="nobody"):
        now(bench)


def test_the_configuration_names_the_identity_in_one_way(tmp_path: Path) -> None:
    """Paths are found from the file; a token that leads nowhere is said."""
    file = tmp_path / "hookline.yaml"
    cluster = "clusters: {here: {kubeconfig: a, plans: PLANS}}\n"
    file.write_text(cluster.replace("PLANS", "{kubeconfig: b, user: x}"))
    _, wrong = configuration.examine(file)
    assert "expected one of: kubeconfig or context, token, user" in str(wrong[0])
    file.write_text(cluster.replace("PLANS", "{groups: [x], context: here}"))
    _, wrong = configuration.examine(file)
    assert "add `user`" in str(wrong[0])
    file.write_text(cluster.replace("PLANS", "{kubeconfig: b}"))
    assert (plans := configuration.load(file).clusters["here"].plans)
    assert plans.kubeconfig == tmp_path / "b"
    file.write_text(cluster.replace("PLANS", "{token: 'file:nowhere'}"))
    assert any("clusters.here.plans.token" in one for one in problems.missing_secrets(configuration.load(file)))
