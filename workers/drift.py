"""Drift: live objects that are no longer as the last apply left them, told by their accepted digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workers import fields, ignored, inventory, kube
from workers.apps import App
from workers.context import Context
from workers.model import Manifest, Owned, Ref
from workers.policies import Ignored


def differing(
    owned: Mapping[Ref, Owned], live: Mapping[Ref, Manifest], rules: Sequence[Ignored] = ()
) -> dict[Ref, str]:
    """Return what drifted: object to a few words; fields that ``rules`` ignore do not count. Pure.

    An object without an accepted digest was never seen applied and cannot have drifted.
    """
    found: dict[Ref, str] = {}
    for ref, known in owned.items():
        if not known.accepted:
            continue
        manifest = live.get(ref)
        if manifest is None:
            found[ref] = "is missing"
        elif manifest.get("apiVersion", known.version).rpartition("/")[2] != known.version:
            continue  # digests hold for one version; the list of the other one tells
        elif fields.digest(ignored.without(manifest, rules, ref)) != known.accepted:
            found[ref] = f"changed by {changed_by(manifest)}"
    return found


def changed_by(manifest: Manifest) -> str:
    """Return the field manager that wrote the object last, other than us and status writers. Pure."""
    entries = manifest.get("metadata", {}).get("managedFields") or []
    others = [
        entry
        for entry in entries
        if isinstance(entry, dict) and entry.get("manager") != "hookline" and entry.get("subresource") != "status"
    ]
    newest = max(others, key=lambda entry: str(entry.get("time", "")), default={})
    return str(newest.get("manager", "an unknown manager"))


def sweep(context: Context, cluster: str) -> list[str]:
    """Compare everything owned on a cluster, by one LIST per kind; note the drift, return the apps to repair."""
    client = context.clusters.client(cluster)
    records = context.records
    served = {
        applyset: app
        for applyset, app in records.drift.applysets(cluster).items()
        if app in context.catalog.index().apps
    }
    owned = {app: records.drift.owned(app) for app in served.values()}
    live: dict[str, dict[Ref, Manifest]] = {}
    for group, version, kind in sorted(records.drift.kinds(cluster)):
        try:
            resource = client.resource(group, kind, version)
        except kube.UnknownKind:
            continue
        for item in client.list(resource, selector=inventory.PART_OF).items:
            metadata = item["metadata"]
            owner = served.get(metadata["labels"][inventory.PART_OF])
            ref = Ref(group, kind, metadata.get("namespace", ""), metadata["name"])
            # Digests hold for the version an object was applied in; the same object in another one looks changed.
            if owner and owned[owner].get(ref, Owned(ref, version)).version == version:
                live.setdefault(owner, {})[ref] = item
    return [
        app
        for app in sorted(set(served.values()))
        if judge(context, context.catalog.index().apps[app], live.get(app, {}))
    ]


def is_busy(context: Context, app: str) -> bool:
    """Whether a sync of an app is wanted or under way: that sync will see what is live.

    One that has applied and waits for health is not: it looks at health only, and would wait for a deleted object.
    """
    if context.records.leases.held(f"app:{app}"):
        return True
    record = context.records.progress.app(app)
    return record.wanted > record.done and context.records.progress.flight(app) is None


def judge(context: Context, app: App, live: Mapping[Ref, Manifest], only: Iterable[Ref] | None = None) -> bool:
    """Note what of an app drifted (of ``only`` these objects, if given); return whether a repair is to be asked for.

    A busy app is left alone.
    """
    drift = context.records.drift
    if is_busy(context, app.name):
        return False
    owned = drift.owned(app.name)
    if only is not None:
        owned = {ref: known for ref, known in owned.items() if ref in set(only)}
    found = differing(owned, live, app.ignored)
    drift.clear(app.name, [ref for ref in owned if ref not in found])
    drift.note(app.name, found)
    return bool(found) and app.self_heal
