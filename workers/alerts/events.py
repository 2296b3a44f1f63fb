"""Alerts as Kubernetes Events (events.k8s.io/v1): on the app's inventory, and on the objects that drifted.

An Event is best effort, as everywhere in Kubernetes: one that the API server does not take is logged and let go.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import socket
from collections.abc import Iterator
from typing import Final

import structlog

from workers import inventory, kube
from workers.alert import SEVERITY, Alert, Kind, Severity, cut
from workers.apps import App
from workers.context import Context
from workers.errors import AccessDenied, AuthorError
from workers.model import Manifest, Ref
from workers.records.alerts import Waiting

log = structlog.get_logger()

MOST_OBJECTS: Final = 5
"""Objects of one alert that get an Event of their own."""
LONGEST_NOTE: Final = 1000
_NAME: Final = re.compile(r"[^a-z0-9]+")
ON_OBJECTS: Final = (Kind.DRIFT_FOUND, Kind.FOUGHT_OVER, Kind.DRIFT_REPAIRED)


def write(context: Context, cluster: str, waiting: Waiting) -> None:
    """Write what waits as Events of a cluster; an equal one is counted up instead of written twice.

    Raises :class:`workers.errors.ClusterUnreachable`; then all of it may be written again.
    """
    client, index = context.clusters.client(cluster), context.catalog.index()
    for alert, _ in waiting.alerts:
        app = index.apps.get(alert.app)
        if app is None:
            continue
        for about in concerned(context, client, app, alert):
            try:
                _write(client, event(alert, about))
            except (AuthorError, AccessDenied, kube.UnknownKind) as error:
                log.warning("event not written", app=alert.app, reason=str(error))


def concerned(context: Context, client: kube.Client, app: App, alert: Alert) -> Iterator[Manifest]:
    """Yield references to what an alert is about: the app's inventory, then namespaced objects that drifted."""
    home = Ref("", "ConfigMap", inventory.namespace_of(app), inventory.name_of(app))
    yield reference(client, home, "v1")
    if alert.kind not in ON_OBJECTS:
        return
    owned = context.records.drift.owned(app.name)
    for ref in [ref for ref in alert.objects if ref.namespace and ref in owned][:MOST_OBJECTS]:
        try:
            yield reference(client, ref, owned[ref].version)
        except (AccessDenied, kube.UnknownKind) as error:
            log.warning("event not written", app=alert.app, reason=str(error))


def reference(client: kube.Client, ref: Ref, version: str) -> Manifest:
    """Return a reference to a live object. `kubectl describe` finds its Events by the uid."""
    found = client.get(client.resource(ref.group, ref.kind, version), ref.namespace, ref.name)
    about = {
        "apiVersion": f"{ref.group}/{version}" if ref.group else version,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
    }
    return about | ({"uid": found["metadata"]["uid"]} if found else {})


def event(alert: Alert, about: Manifest) -> Manifest:
    """Return the Event of an alert on one object. Equal alerts give one name. Pure."""
    same = "\n".join((alert.kind, alert.app, alert.revision, alert.state, alert.text, str(sorted(about.items()))))
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{_NAME.sub('-', about['name'].lower())[:200]}-{hashlib.sha256(same.encode()).hexdigest()[:16]}",
            "namespace": about["namespace"],
        },
        "type": "Warning" if SEVERITY[alert.kind] in (Severity.FAILURE, Severity.WARNING) else "Normal",
        "reason": reason(alert.kind),
        "action": "Alert",
        "note": cut(f"{alert.app}: {alert.text}", LONGEST_NOTE),
        "regarding": about,
        "eventTime": micro(alert.at),
        "reportingController": "hookline",
        "reportingInstance": f"hookline-{socket.gethostname()}"[:128],
    }


def reason(kind: Kind) -> str:
    """Return a kind as Events write it: ``SyncFailed``. Pure."""
    return "".join(word.capitalize() for word in kind.value.split())


def micro(at: float) -> str:
    """Return a moment as Kubernetes' MicroTime. Pure."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _write(client: kube.Client, made: Manifest) -> None:
    try:
        client.create(made)
    except kube.StaleObject:
        _count_up(client, made)


def _count_up(client: kube.Client, made: Manifest) -> None:
    """Say of an Event that is there already that it happened once more."""
    resource = client.resource("events.k8s.io", "Event", "v1")
    live = client.get(resource, made["metadata"]["namespace"], made["metadata"]["name"])
    if live is None:
        return
    count = int((live.get("series") or {}).get("count", 1)) + 1
    series = {"count": count, "lastObservedTime": made["eventTime"]}
    try:
        client.replace(live | {"series": series})
    except kube.StaleObject:
        return  # somebody else counts, or it has just expired
