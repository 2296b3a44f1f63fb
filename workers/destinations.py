"""Which configured cluster an app's destination means. Pure."""

from __future__ import annotations

from workers.apps import App
from workers.errors import BadDeclaration
from workers.settings import Settings

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
