"""Gathers what a render reads besides its own source: from the cluster and the configuration."""

from __future__ import annotations

from workers import chartvalues, depending, keys, kube, variables
from workers.apps import App
from workers.context import Context
from workers.git.trees import Tree
from workers.given import Cluster, Given, Kustomize
from workers.renderers import charts


def gathered(client: kube.Client, context: Context, app: App, tree: Tree, trees: tuple[Tree, ...] = ()) -> Given:
    """Return what rendering ``app`` from ``tree`` is given; ``trees`` are those of its further sources.

    The cluster is asked for what it serves by charts only, and where a kustomization may hold some.

    Raises as `workers.variables.of`, `workers.keys.of`, `workers.depending.of` and the client do.
    """
    settings = context.settings
    pairs = zip(app.views, (tree, *trees), strict=False)
    said = settings.kustomize
    asks = any(view.path and (said.helm_charts or charts.is_chart(files, view)) for view, files in pairs)
    cluster = Cluster(*client.discovery.apis()) if asks else Cluster()
    versions = tuple(sorted((name, str(path)) for name, path in said.versions.items()))
    return Given(
        variables.of(client, app),
        cluster,
        trees,
        str(settings.helm or ""),
        keys.of(client, settings, app),
        Kustomize(str(said.binary or ""), versions, said.helm_charts),
        chartvalues.of(client, app),
        depending.of(context, app, tree, trees),
    )
