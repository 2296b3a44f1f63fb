"""The control plane is real where a workload looks."""

from __future__ import annotations

import json

import pytest

from deploy.local import audit_log
from deploy.local.control_plane import ControlPlane, KubectlFailed


def test_it_is_ready_when_it_says_so(cluster: ControlPlane) -> None:
    """The API server answers /readyz, and only on loopback."""
    assert cluster.url.startswith("https://127.0.0.1:")
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"


def test_the_version_is_the_one_of_go_mod(cluster: ControlPlane) -> None:
    """Without the version stamp this would be v0.0.0, which clients refuse."""
    server = json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]
    assert (server["gitVersion"], server["major"], server["minor"]) == ("v1.37.2", "1", "37")


def test_a_deployment_becomes_available(cluster: ControlPlane, namespace: str) -> None:
    """Controllers make pods, the scheduler places them, the simulated nodes run them."""
    cluster.kubectl("-n", namespace, "create", "deployment", "web", "--image=nginx", "--replicas=2")
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Available", "deployment/web", "--timeout=90s")
    deployment = json.loads(cluster.kubectl("-n", namespace, "get", "deployment", "web", "-o", "json"))
    assert deployment["status"]["readyReplicas"] == 2


WITH_A_DISK = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: postgres, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: busybox}]}}}
"""


def test_disks_are_bound_and_jobs_complete(cluster: ControlPlane, namespace: str) -> None:
    """A StatefulSet with a claim becomes ready and a Job ends."""
    cluster.kubectl("-n", namespace, "apply", "-f", "-", input=WITH_A_DISK)
    cluster.kubectl("-n", namespace, "rollout", "status", "statefulset/db", "--timeout=90s")
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Complete", "job/once", "--timeout=90s")
    assert cluster.kubectl("-n", namespace, "get", "pvc", "-o", "jsonpath={.items[*].status.phase}") == "Bound"


def test_a_user_has_no_rights_until_rbac_gives_them(cluster: ControlPlane, namespace: str) -> None:
    """A kubeconfig for another user is forbidden what no role grants, and allowed what one does, by its group too."""
    reader = cluster.kubeconfig_for("reader", ["team:readers"])
    ask = ("-n", namespace, "get", "configmaps", "-o", "name")
    with pytest.raises(KubectlFailed, match='User "reader" cannot list resource "configmaps"'):
        cluster.kubectl(*ask, kubeconfig=reader)
    grant = ("create", "rolebinding", "readers", "--clusterrole=view", "--group=team:readers")
    cluster.kubectl("-n", namespace, *grant)
    cluster.processes.wait_until(lambda: allowed(cluster, namespace, reader.name), "RBAC to see the new binding")
    cluster.kubectl(*ask, kubeconfig=reader)
    with pytest.raises(KubectlFailed, match="cannot create resource"):
        cluster.kubectl("-n", namespace, "create", "configmap", "x", kubeconfig=reader)


def allowed(cluster: ControlPlane, namespace: str, user: str) -> bool:
    """Ask the API server whether the binding works already; its cache of roles follows a moment after the write."""
    asked = {"namespace": namespace, "verb": "list", "resource": "configmaps"}
    review = {"spec": {"user": user, "groups": ["team:readers"], "resourceAttributes": asked}}
    answer = cluster.client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json=review)
    return bool(answer.json()["status"]["allowed"])


def test_service_accounts_work(cluster: ControlPlane, namespace: str) -> None:
    """A token of a service account is believed."""
    cluster.processes.wait_until(
        lambda: cluster.client.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default").is_success,
        "the default service account",
    )
    token = cluster.kubectl("-n", namespace, "create", "token", "default").strip()
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    answer = cluster.client.post("/apis/authentication.k8s.io/v1/tokenreviews", json=review).json()
    assert answer["status"]["user"]["username"] == f"system:serviceaccount:{namespace}:default"


def test_every_request_is_in_the_audit_log_once_and_without_its_body(cluster: ControlPlane, namespace: str) -> None:
    """Requests can be counted, and a Secret's value is not in the log."""
    cluster.kubectl("-n", namespace, "create", "secret", "generic", "key", "--from-literal=password=hunter2hunter2")
    text = cluster.audit_log.read_text()
    events = [event for event in audit_log.events(cluster.audit_log, naming=namespace) if event["verb"] == "create"]
    mine = [event for event in events if event["objectRef"].get("namespace") == namespace]
    assert [event["user"]["username"] for event in mine if event["objectRef"]["resource"] == "secrets"] == ["admin"]
    assert {event["stage"] for event in mine} == {"ResponseComplete"}
    assert "hunter2hunter2" not in text
    assert "aHVudGVyMmh1bnRlcjI" not in text
