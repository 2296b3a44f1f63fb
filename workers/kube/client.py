"""The verbs: one client per cluster, safe to share between threads.

This module never builds a request itself: that is `asking`'s, which is what makes a dry client safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workers.errors import ObjectRefused
from workers.kube import calls, credentials
from workers.kube.asking import Asker, document
from workers.kube.calls import Answer
from workers.kube.connection import Connection
from workers.kube.discovery import Discovery
from workers.kube.identity import ITSELF, Identity
from workers.kube.listing import listed, pages
from workers.kube.resources import Resource
from workers.kube.sentences import About, about_of
from workers.kube.values import Applied, Listing
from workers.kube.watching import GRACE_SECONDS, SILENCE_SECONDS, Watch
from workers.model import Manifest

MANAGER = "hookline"
"""Our field manager."""


class Client:
    """One cluster. ``dry_run`` is whether every write only pretends.

    Every method raises :class:`AccessDenied` when rights or credentials are missing, :class:`ClusterUnreachable` when
    no useful answer came in spite of a few quick tries, and :class:`UnknownKind` for a kind that is not served.
    """

    def __init__(self, connection: Connection, *, dry_run: bool = False, discovery: Discovery | None = None) -> None:
        self.discovery = discovery or Discovery(self._discover)
        self._asker = Asker(connection, self.discovery.forget, dry_run=dry_run)

    @classmethod
    def from_kubeconfig(cls, path: Path | None = None, context: str | None = None, who: Identity = ITSELF) -> Client:
        """Return a client for a kubeconfig's context, kubectl's default without. Raises :class:`BadConfiguration`."""
        return cls(Connection(lambda: credentials.from_kubeconfig(path, context), who))

    @classmethod
    def in_cluster(cls, who: Identity = ITSELF) -> Client:
        """Return a client for the cluster of our own pod. Sends nothing. Raises :class:`BadConfiguration`."""
        return cls(Connection(credentials.in_cluster, who))

    @property
    def dry_run(self) -> bool:
        """Whether every write of this client only pretends."""
        return self._asker.dry_run

    @property
    def requests(self) -> int:
        """The requests sent so far, repeated ones and those of :meth:`dry` included."""
        return self._asker.connection.requests

    def dry(self) -> Client:
        """Return a client over the same connections whose every write only pretends."""
        return Client(self._asker.connection, dry_run=True, discovery=self.discovery)

    def resource(self, group: str, kind: str, version: str = "") -> Resource:
        """Return how a kind is served, ``version=""``: in the preferred version. No request but for a new kind."""
        return self.discovery.find(group, kind, version)

    def openapi(self, api_version: str) -> Manifest:
        """Return what the API server says of the fields of a group and version that it serves. One request."""
        about = About("read", "the schemas of", name=api_version)
        return document(self._asker.ask("GET", calls.openapi(api_version), about), about)

    def get(self, resource: Resource, namespace: str, name: str, *, metadata_only: bool = False) -> Manifest | None:
        """Return the object, or ``None`` when the API server says that there is none. One request.

        ``metadata_only``: nothing but its metadata, as a ``PartialObjectMetadata``.
        """
        about = about_of("get", resource, namespace, name)
        headers = calls.METADATA if metadata_only else None
        answer = self._asker.ask("GET", resource.path(namespace, name), about, headers=headers, allowed=404)
        return None if answer.status == 404 else document(answer, about)

    def list(
        self, resource: Resource, selector: str = "", namespace: str = "", limit: int = 500, seen: str = ""
    ) -> Listing:
        """Return all objects that a label selector picks, in one namespace or (``""``) in all.

        One request per ``limit`` objects; raises :class:`Expired` when the pages grow too old again and again. With
        ``seen``, a resourceVersion: one request, answered at once from a cache that is no older than that.
        """
        return listed(self._asker, resource, selector, namespace, limit, seen)

    def pages(
        self, resource: Resource, selector: str = "", limit: int = 500, *, metadata_only: bool = False
    ) -> Iterator[Listing]:
        """Yield all objects that a label selector picks, in all namespaces, a page of ``limit`` at a time.

        One request a page, all of one resourceVersion. Raises :class:`Expired` when the pages grow too old: begin anew.
        """
        return pages(self._asker, resource, selector, limit, metadata_only=metadata_only)

    def watch(
        self,
        resource: Resource,
        selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = 300,
        *,
        metadata_only: bool = False,
    ) -> Watch:
        """Return the events after ``resource_version``, as they come, for about ``timeout_seconds``.

        One request. Raises :class:`Expired` when the resourceVersion is too old: list again. ``metadata_only``: the
        objects are nothing but their metadata.
        """
        about = about_of("watch", resource)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(timeout_seconds),
            "labelSelector": selector,
        }
        silence = min(timeout_seconds + GRACE_SECONDS, SILENCE_SECONDS)
        headers = calls.METADATA if metadata_only else None
        response = self._asker.stream(resource.collection(), about, query, silence, headers)
        return Watch(response, about, timeout_seconds)

    def apply(self, manifest: Manifest, *, force: bool, manager: str = MANAGER, strict: bool = True) -> Applied:
        """Make the object's fields as in ``manifest`` by server-side apply. One request.

        With ``force``, fields of other managers are taken over; without, :class:`ObjectConflict` names them. Raises
        :class:`ObjectRefused` for what schema, validation or a webhook does not accept; not ``strict``: less.
        """
        resource, namespace, name = self._place(manifest)
        query = {**calls.written_by(manager, strict), "force": str(force).lower()}
        about = about_of("apply", resource, namespace, name)
        path = resource.path(namespace, name)
        answer = self._asker.ask("PATCH", path, about, query, manifest, content_type=calls.APPLY, repeatable=True)
        return Applied(document(answer, about), answer.status == 201)

    def create(self, manifest: Manifest, manager: str = MANAGER, *, strict: bool = True) -> Manifest:
        """Create the object and return it as accepted. Raises :class:`StaleObject` when there is one already."""
        resource, namespace, name = self._place(manifest)
        about = about_of("create", resource, namespace, name)
        answer = self._asker.ask("POST", resource.home(namespace), about, calls.written_by(manager, strict), manifest)
        return document(answer, about)

    def replace(self, manifest: Manifest, manager: str = MANAGER, *, strict: bool = True) -> Manifest:
        """Replace the object of the manifest's ``metadata.resourceVersion``; return it as accepted.

        Raises :class:`StaleObject` when it has another by now or is gone, :class:`ValueError` without one.
        """
        if not manifest["metadata"].get("resourceVersion"):
            raise ValueError("replace needs metadata.resourceVersion: without it, it would overwrite what it never saw")
        resource, namespace, name = self._place(manifest)
        about = about_of("replace", resource, namespace, name)
        path, query = resource.path(namespace, name), calls.written_by(manager, strict)
        return document(self._asker.ask("PUT", path, about, query, manifest), about)

    def own(self, live: Manifest, managed: Sequence[Mapping[str, Any]], manager: str = MANAGER) -> Manifest:
        """Set a live object's managedFields. One request; :class:`StaleObject` when the object has changed since."""
        resource, namespace, name = self._place(live)
        about = about_of("take over", resource, namespace, name)
        body = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"], "managedFields": list(managed)}}
        path, query = resource.path(namespace, name), {"fieldManager": manager}
        return document(self._asker.ask("PATCH", path, about, query, body, content_type=calls.MERGE), about)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        propagation: str = "Foreground",
        uid: str = "",
        at: str = "",
    ) -> bool:
        """Delete one object; false when there is none. ``propagation`` is Foreground, Background or Orphan.

        With ``uid``, only the very object of that uid, with ``at`` only in that resourceVersion: raises
        :class:`StaleObject` when it is another one by now.
        """
        about = about_of("delete", resource, namespace, name)
        options = calls.delete_options(propagation, uid, at)
        answer = self._asker.ask("DELETE", resource.path(namespace, name), about, body=options, allowed=404)
        return answer.status != 404

    def _discover(self, path: str, headers: Mapping[str, str]) -> Answer:
        return self._asker.ask("GET", path, About("read", "API discovery", name=path), headers=headers, allowed=304)

    def _place(self, manifest: Manifest) -> tuple[Resource, str, str]:
        """Return kind, namespace and name of a manifest; raises :class:`ObjectRefused` when it has none."""
        version, kind, metadata = manifest.get("apiVersion"), manifest.get("kind"), manifest.get("metadata")
        if not (isinstance(version, str) and isinstance(kind, str) and isinstance(metadata, dict)):
            raise ObjectRefused("an object without apiVersion, kind or metadata: correct it in Git")
        group, _, version = version.rpartition("/")
        resource = self.resource(group, kind, version)
        return resource, metadata.get("namespace") or "" if resource.namespaced else "", metadata.get("name") or ""
