"""The command line of each part of the control plane, as pure functions over where its files are.

Every flag that is not at its default is here for one of three reasons: loopback only, a fast start, or a small
footprint. What a workload sees (RBAC, service accounts, admission, controllers) stays as in a real cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/16"
SERVER_HOSTS = (LOOPBACK, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1")
ISSUER = "https://kubernetes.default.svc"

CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "ephemeral-volume-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "service-cidr-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
    "validatingadmissionpolicy-status-controller",
)
"""What a workload needs. Left out: certificates, node upkeep (kwok does it) and volumes (kwok binds them)."""

AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}
"""One line per finished request: who, verb, object, answer; no bodies, so no secrets."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of one control plane are; ``socket`` is etcd's, on a path short enough for the kernel."""

    data: Path
    socket: Path

    @property
    def audit_log(self) -> Path:
        """One JSON audit event a line."""
        return self.data / "audit.log"

    @property
    def logs(self) -> Path:
        """The folder with one log file per program."""
        return self.data / "logs"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.data / "kubeconfig"

    def secret(self, name: str) -> Path:
        """Return the path of a certificate, key or kubeconfig that only the programs here read."""
        return self.data / "pki" / name


def etcd(layout: Layout) -> list[str]:
    """etcd on a Unix socket inside a private folder: no port, so nobody else on this machine can read it."""
    return [
        "--name=local",
        f"--data-dir={layout.data / 'etcd'}",
        f"--listen-client-urls=unix://{layout.socket}",
        f"--advertise-client-urls=http://{LOOPBACK}:0",  # has to be a host and port; nobody follows it
        f"--listen-peer-urls=http://{LOOPBACK}:0",
        f"--initial-advertise-peer-urls=http://{LOOPBACK}:0",
        f"--initial-cluster=local=http://{LOOPBACK}:0",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(layout: Layout, port: int, *, full: bool) -> list[str]:
    """kube-apiserver; without ``full`` nobody makes service accounts, so their admission is off."""
    off = "TaintNodesByCondition" if full else "TaintNodesByCondition,ServiceAccount"
    return [
        f"--etcd-servers=unix://{layout.socket}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--tls-cert-file={layout.secret('apiserver.crt')}",
        f"--tls-private-key-file={layout.secret('apiserver.key')}",
        f"--client-ca-file={layout.secret('ca.crt')}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        f"--disable-admission-plugins={off}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.secret('service-accounts.pub')}",
        f"--service-account-signing-key-file={layout.secret('service-accounts.key')}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={layout.secret('audit-policy.json')}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=0",  # never rotated: whoever counts requests reads one file
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=2000",
        "--max-mutating-requests-inflight=1000",
        "--event-ttl=10m",
        "--etcd-count-metric-poll-period=0",
        "--profiling=false",
    ]


def controller_manager(layout: Layout) -> list[str]:
    """kube-controller-manager without a port, an election or a throttle worth the name."""
    return [
        f"--kubeconfig={layout.secret('controller-manager.kubeconfig')}",
        "--secure-port=0",
        "--leader-elect=false",
        "--controllers=" + ",".join(CONTROLLERS),
        f"--service-account-private-key-file={layout.secret('service-accounts.key')}",
        f"--root-ca-file={layout.secret('ca.crt')}",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
    ]


def scheduler(layout: Layout) -> list[str]:
    """kube-scheduler without a port or an election."""
    return [
        f"--kubeconfig={layout.secret('scheduler.kubeconfig')}",
        "--secure-port=0",
        "--leader-elect=false",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
    ]


def kwok(layout: Layout, stages: Path) -> list[str]:
    """kwok, playing the kubelet of every node: ``stages`` says how nodes and pods come to be ready."""
    return [
        f"--kubeconfig={layout.secret('kwok.kubeconfig')}",
        f"--config={stages}",
        "--manage-all-nodes=true",
        f"--node-ip={LOOPBACK}",
        "--node-lease-duration-seconds=0",
    ]
