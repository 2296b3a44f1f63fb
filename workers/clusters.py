"""The clusters of the configuration, each with one pooled client per process."""

from __future__ import annotations

import functools
import threading

from workers import kube, secretrefs
from workers.destinations import IN_CLUSTER_SERVER, name_for
from workers.identities import PlanIdentity
from workers.settings import Cluster, Settings

__all__ = ["IN_CLUSTER_SERVER", "Clusters", "name_for"]


class Clusters:
    """Clients by cluster name, made when first asked for; those of plans can only read and dry-run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[str, kube.Client] = {}
        self._plans: dict[str, kube.Client] = {}
        self._lock = threading.Lock()

    def client(self, name: str) -> kube.Client:
        """Return the client of a configured cluster."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = _connect(self._settings.clusters[name])
            return self._clients[name]

    def plans(self, name: str) -> kube.Client:
        """Return the client that plans are made with: of the identity that is configured for them, dry in any case."""
        identity = self._settings.clusters[name].plans
        if identity is None:
            return self.client(name).dry()
        with self._lock:
            if name not in self._plans:
                self._plans[name] = _connect(self._settings.clusters[name], identity).dry()
            return self._plans[name]


def _connect(cluster: Cluster, plans: PlanIdentity | None = None) -> kube.Client:
    if plans and (plans.kubeconfig or plans.context):
        return kube.Client.from_kubeconfig(plans.kubeconfig or cluster.kubeconfig, plans.context)
    token = functools.partial(secretrefs.read, plans.token) if plans and plans.token else None
    who = kube.Identity(token, plans.user, plans.groups) if plans else kube.Identity()
    if cluster.in_cluster:
        return kube.Client.in_cluster(who)
    return kube.Client.from_kubeconfig(cluster.kubeconfig, cluster.context, who)
