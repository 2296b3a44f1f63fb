"""``/metrics``: counters and states of the whole installation, in Prometheus's format, for whoever has the token.

The numbers are in Redis, counted there by every process: a scrape of any replica of the web process shows them all.
They name apps, so strangers get none: without ``edge.metrics_token`` there is no such path.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import redis
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from receiver.answers import refusal
from workers.alert import Kind
from workers.model import Outcome
from workers.queues import QUEUES

if TYPE_CHECKING:
    from starlette import requests

    from receiver.edge import Edge


UPKEEP: Final = ("packed", "collected", "evicted", "swept", "stopped")


async def metrics(request: requests.Request) -> Response:
    """``GET /metrics``: everything measured. Needs the header ``Authorization: Bearer`` with the configured token."""
    edge: Edge = request.app.state.edge
    if not edge.metrics_token:
        return refusal(404, "there is nothing here")
    given = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(given, b"Bearer " + edge.metrics_token):
        return refusal(401, "the token is missing or wrong", www_authenticate="Bearer")
    try:
        return await run_in_threadpool(_rendered, edge, request.headers.get("accept", ""))
    except redis.RedisError:
        return refusal(503, "the records are not to be had now: ask again")


def _rendered(edge: Edge, accept: str) -> Response:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Measured(edge))
    encoder, content_type = choose_encoder(accept)
    return Response(encoder(registry), media_type=content_type, headers={"cache-control": "no-store"})


class Measured(Collector):
    """What one scrape sees, read from the records as it is asked for."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is depends on the records, and is not read twice."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._counters()
        yield from self._apps()
        yield from self._gauges()

    def _counters(self) -> Iterator[Metric]:
        counted = self._edge.records.counts.all()
        targets = list(self._edge.settings.alerts.targets)
        for name, text, label, known in (
            ("syncs", "Requests that ended, by how.", "outcome", [one.value for one in Outcome]),
            ("alerts", "Alerts told; one that was told already is not.", "kind", [one.value for one in Kind]),
            ("alert_failures", "Messages a target did not take.", "target", targets),
            ("mirror_upkeep", "What was done to mirrors.", "kind", UPKEEP),
        ):
            family = CounterMetricFamily(f"hookline_{name}", text, labels=[label])
            for value in dict.fromkeys([*known, *sorted(counted.get(name, {}))]):
                family.add_metric([value], counted.get(name, {}).get(value, 0))
            yield family

    def _apps(self) -> Iterator[Metric]:
        index = self._edge.catalog.index().apps
        info = GaugeMetricFamily(
            "hookline_app_info", "Every app, with how its last request ended.", labels=["app", "project", "outcome"]
        )
        drift = GaugeMetricFamily(
            "hookline_drift_objects", "Objects that differ from what was applied.", labels=["app"]
        )
        degraded = GaugeMetricFamily("hookline_app_degraded", "1 for an app that is no longer healthy.", labels=["app"])
        behind = GaugeMetricFamily("hookline_app_behind", "1 for an app with work to be done.", labels=["app"])
        for found in self._edge.records.measures.apps(sorted(index)):
            info.add_metric([found.app, index[found.app].project, found.outcome or "none"], 1)
            drift.add_metric([found.app], found.drifted)
            degraded.add_metric([found.app], float(found.degraded))
            behind.add_metric([found.app], float(found.behind))
        yield from (info, drift, degraded, behind)

    def _gauges(self) -> Iterator[Metric]:
        records, settings = self._edge.records, self._edge.settings
        queues = GaugeMetricFamily("hookline_queue_length", "Messages that wait for a worker.", labels=["queue"])
        for queue, length in records.measures.lengths(QUEUES).items():
            queues.add_metric([queue], length)
        outboxes = GaugeMetricFamily("hookline_alerts_waiting", "Alerts not sent yet.", labels=["target"])
        for target, count in records.measures.waiting(list(settings.alerts.targets)).items():
            outboxes.add_metric([target], count)
        ages = GaugeMetricFamily("hookline_delivery_age_seconds", "Since the hook last delivered.", labels=["hook"])
        silent = GaugeMetricFamily("hookline_hook_missed", "Moves in Git the hook did not tell of.", labels=["hook"])
        missed = [one.hook for one in records.hooks.missed()]
        for hook in settings.hooks:
            if heard := records.hooks.heard(hook):
                ages.add_metric([hook], max(0.0, self._edge.clock() - heard))
            silent.add_metric([hook], missed.count(hook))
        yield from (queues, outboxes, ages, silent)
        yield from self._mirrors()

    def _mirrors(self) -> Iterator[Metric]:
        held = self._edge.records.mirrors.all(self._edge.clock())
        for name, text in (
            ("count", "Mirrors of repositories on a machine."),
            ("size", "Bytes that they take."),
            ("in_use", "Bytes of those that were used lately."),
            ("budget", "Bytes that they may take; 0: as many as they like."),
        ):
            family = GaugeMetricFamily(f"hookline_mirrors_{name}", text, labels=["machine"])
            for machine, one in held.items():
                family.add_metric([machine], getattr(one, name))
            yield family
