"""The clusters of the configuration, each with one pooled client per process."""

from __future__ import annotations

import threading

from workers import kube
from workers.apps import App
from workers.errors import BadDeclaration
from workers.settings import Cluster, Settings

IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
"""What Argo CD calls the cluster it runs in; here it is the default cluster, the first of the configuration."""


def name_for(settings: Settings, app: App) -> str:
    """Return the configured cluster an app's destination means.

    Raises :class:`BadDeclaration` naming the app's file when there is none.
    """
    if app.cluster:
        # Argo CD's built-in name for its own cluster goes with the built-in server.
        if app.cluster in settings.clusters:
            return app.cluster
        if app.cluster == "in-cluster":
            return next(iter(settings.clusters))
        raise BadDeclaration(
            f"no cluster is called {app.cluster}: expected one of {sorted(settings.clusters)}",
            app.file,
            app.line,
            "spec.destination.name",
        )
    for name, cluster in settings.clusters.items():
        if cluster.server and cluster.server.rstrip("/") == app.server.rstrip("/"):
            return name
    if app.server.rstrip("/") == IN_CLUSTER_SERVER:
        return next(iter(settings.clusters))
    raise BadDeclaration(
        f"no configured cluster has the server {app.server}: add it under `clusters`",
        app.file,
        app.line,
        "spec.destination.server",
    )


class Clusters:
    """Clients by cluster name, made when first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[str, kube.Client] = {}
        self._lock = threading.Lock()

    def client(self, name: str) -> kube.Client:
        """Return the client of a configured cluster."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = _connect(self._settings.clusters[name])
            return self._clients[name]


def _connect(cluster: Cluster) -> kube.Client:
    if cluster.in_cluster:
        return kube.Client.in_cluster()
    return kube.Client.from_kubeconfig(cluster.kubeconfig, cluster.context)
