"""The namespace that ``CreateNamespace`` makes, with the metadata the app wants on it. It is never deleted again."""

from __future__ import annotations

from collections.abc import Collection

from workers import kube
from workers.apps import App
from workers.model import Manifest, Ref


def ensure(client: kube.Client, app: App, wanted: Collection[Ref]) -> None:
    """Make the app's namespace, or bring its labels and annotations to what the app says of them.

    One that is among the ``wanted`` objects is theirs. One GET when it is as it should be.
    """
    if not app.options.create_namespace or not app.namespace or Ref("", "Namespace", "", app.namespace) in wanted:
        return
    resource = client.resource("", "Namespace", "v1")
    live = client.get(resource, "", app.namespace)
    if live is None or not as_wanted(app, live):
        client.apply(manifest(app), force=True, manager="hookline-namespace")


def manifest(app: App) -> Manifest:
    """Return the namespace as the app wants it. Pure."""
    metadata: Manifest = {"name": app.namespace}
    if app.namespace_labels:
        metadata["labels"] = dict(app.namespace_labels)
    if app.namespace_annotations:
        metadata["annotations"] = dict(app.namespace_annotations)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def as_wanted(app: App, live: Manifest) -> bool:
    """Whether a live namespace has the labels and annotations that the app wants on it. Pure."""
    metadata = live["metadata"]
    return all(
        (metadata.get(field) or {}).get(name) == value
        for field, wanted in (("labels", app.namespace_labels), ("annotations", app.namespace_annotations))
        for name, value in wanted
    )
