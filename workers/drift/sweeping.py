"""The sweep of one cluster: one LIST a kind, page by page, whatever the number of apps.

Of each object its digest is compared and its health judged, and only what is suspect or unwell is remembered: memory
does not grow with what is live.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import structlog

from workers import degradation, inventory, kube
from workers.apps import App
from workers.context import Context
from workers.drift import suspects
from workers.drift.looking import is_busy, weighed
from workers.errors import ClusterUnreachable, HooklineError
from workers.health import Checks, judge
from workers.model import Manifest, Owned, Ref, Verdict
from workers.policies import DriftMode

log = structlog.get_logger()

PAGE: Final = 500
"""Objects that one request brings."""
_RESTARTS = 3
"""How often a list begins anew because its pages grew too old."""


class Sweep:
    """What one pass over a cluster found so far: suspects by app, and what nobody has seen yet."""

    def __init__(self, served: dict[str, App], owned: dict[str, dict[Ref, Owned]], checks: Checks) -> None:
        self._served = served
        self._owned = owned
        self._checks = {app.name: checks.of(app.expressions) for app in served.values()}
        self._unseen = {app: set(refs) for app, refs in owned.items()}
        self.found: dict[str, dict[Ref, str]] = {}
        self.unwell: dict[str, dict[Ref, Verdict]] = {app: {} for app in owned}

    def see(self, group: str, kind: str, item: Manifest) -> None:
        """Compare one live object with what was accepted of it."""
        metadata = item["metadata"]
        app = self._served.get(metadata["labels"][inventory.PART_OF])
        if app is None:
            return
        ref = Ref(group, kind, metadata.get("namespace", ""), metadata["name"])
        known = self._owned[app.name].get(ref)
        self._unseen[app.name].discard(ref)
        if known and not (verdict := judge(item, self._checks[app.name])).ok:
            self.unwell[app.name][ref] = verdict
        if app.drift is DriftMode.OFF:
            return
        if suspects.suspected(known, item, app.ignored) if known else suspects.is_extra(ref, item):
            self.found.setdefault(app.name, {})[ref] = suspects.seen(item, app.ignored, ref)

    def miss(self, unread: set[tuple[str, str]]) -> None:
        """Suspect what was not seen, but for kinds (group, kind) that could not be read: their health is not known."""
        for app, owned in self._owned.items():
            if not self.unwell[app] and not unread.isdisjoint((ref.group, ref.kind) for ref in owned):
                del self.unwell[app]
        off = {app.name for app in self._served.values() if app.drift is DriftMode.OFF}
        for app, refs in self._unseen.items():
            for ref in refs if app not in off else ():
                if self._owned[app][ref].accepted and (ref.group, ref.kind) not in unread:
                    self.found.setdefault(app, {})[ref] = suspects.MISSING


def sweep(context: Context, cluster: str) -> list[str]:
    """Compare everything owned on a cluster; return the apps that need a look, sorted. Tells who is no longer well."""
    apps, records = context.catalog.index().apps, context.records
    served = {
        applyset: apps[name]
        for applyset, name in records.drift.applysets(cluster).items()
        if name in apps and not apps[name].fault and not apps[name].suspended
    }
    names = sorted({app.name for app in served.values()})
    known = records.repairs.known_of(names)
    owned = records.drift.owned_of(names)
    pass_ = Sweep(served, owned, context.checks)
    pass_.miss(_read(context, cluster, pass_))
    degradation.notice(context, pass_.unwell)
    asking = []
    for name in names:
        noted, judged = known[name]
        found = pass_.found.get(name, {})
        if not (noted or judged or found) or is_busy(context, name):
            continue
        if found and records.drift.owned(name) != owned[name]:
            continue  # a sync ended meanwhile: what was compared is no longer what was accepted
        if weighed(context, apps[name], found, None, noted, judged, thorough=True):
            asking.append(name)
    return asking


def _read(context: Context, cluster: str, pass_: Sweep) -> set[tuple[str, str]]:
    """Show every live object to the pass; return the kinds (group, kind) that could not be read.

    Raises :class:`ClusterUnreachable` when the first kind cannot be read because nobody answers.
    """
    client, unread, answered = context.clusters.client(cluster), set(), False
    for group, version, kind in sorted(context.records.drift.kinds(cluster)):
        try:
            resource = client.resource(group, kind, version)
            for item in _listed(client, resource):
                pass_.see(group, kind, item)
            answered = True
        except kube.UnknownKind:
            continue
        except HooklineError as error:
            if isinstance(error, ClusterUnreachable) and not answered:
                raise  # the whole cluster is away: the other kinds would only wait as long
            log.warning("sweep could not read a kind", cluster=cluster, kind=kind, reason=str(error))
            unread.add((group, kind))
    return unread


def _listed(client: kube.Client, resource: kube.Resource) -> Iterable[Manifest]:
    for last in range(_RESTARTS):
        try:
            for page in client.pages(resource, inventory.PART_OF, PAGE):
                yield from page.items
        except kube.Expired:
            if last + 1 == _RESTARTS:
                raise
            continue
        return
