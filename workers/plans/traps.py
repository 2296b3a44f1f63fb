"""What a change of some kinds means beyond its own fields, told only where it is sure to be so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workers.model import Manifest, Ref
from workers.plans.values import Effect, Planned

_SCALED: Final = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet")})
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_REPLICAS: Final = re.compile(r"^([+-])  replicas: (\d+)$", re.MULTILINE)


def of(changing: Sequence[Planned], wanted: Mapping[Ref, Manifest]) -> Iterator[str]:
    """Yield a sentence for each trap among the objects that change; ``wanted`` are the objects as in Git."""
    scaled = _scaled(wanted)
    for one in changing:
        yield from _lost(one)
        yield from _probes(one)
        yield from _replicas(one, wanted, scaled)
    yield from _unmatched(changing, wanted)


def _lost(one: Planned) -> Iterator[str]:
    """An address that a cloud gave goes with its Service ("Service", type LoadBalancer)."""
    gone = one.effect in (Effect.DELETED, Effect.RECREATED) and (one.ref.group, one.ref.kind) == ("", "Service")
    if gone and re.search(r"^[- ]  type: LoadBalancer$", one.diff, re.MULTILINE):
        yield f"{one.ref} is deleted: its address at the load balancer goes, and a new Service gets another one"


def _probes(one: Planned) -> Iterator[str]:
    """Probes that were there and are not any more, of a workload that stays."""
    if one.effect is not Effect.CONFIGURED:
        return
    for probe in _PROBES:
        said = re.findall(rf"^([+-])[ -]*{probe}:", one.diff, re.MULTILINE)
        if said.count("-") > said.count("+"):
            yield f"{one.ref} loses a {probe}"


def _scaled(wanted: Mapping[Ref, Manifest]) -> dict[Ref, Ref]:
    """Return what is scaled by whom."""
    found = {}
    for ref, manifest in wanted.items():
        target = _at(manifest, "spec", "scaleTargetRef")
        if (ref.group, ref.kind) == ("autoscaling", "HorizontalPodAutoscaler") and isinstance(target, dict):
            group = str(target.get("apiVersion", "")).rpartition("/")[0]
            found[Ref(group, str(target.get("kind")), ref.namespace, str(target.get("name")))] = ref
    return found


def _replicas(one: Planned, wanted: Mapping[Ref, Manifest], scaled: Mapping[Ref, Ref]) -> Iterator[str]:
    """A number of Pods that an autoscaler sets too ("Horizontal Pod Autoscaling"), or that falls to none."""
    if (one.ref.group, one.ref.kind) not in _SCALED:
        return
    if one.ref in scaled and _at(wanted.get(one.ref), "spec", "replicas") is not None:
        yield f"{one.ref} sets spec.replicas, which {scaled[one.ref]} sets too: leave it out of Git"
    said = dict(_REPLICAS.findall(one.diff))
    if one.effect is Effect.CONFIGURED and said.get("+") == "0" and said.get("-", "0") != "0":
        yield f"{one.ref} runs no Pods any more: spec.replicas becomes 0"


def _unmatched(changing: Sequence[Planned], wanted: Mapping[Ref, Manifest]) -> Iterator[str]:
    """Services that nearly select the Pods of a workload beside them: some of the labels, and those of none whole.

    One that shares nothing with any workload here may select what somebody else runs.
    """
    pods = [(ref, labels) for ref, manifest in wanted.items() if (labels := _labels(manifest))]
    for one in changing:
        if (one.ref.group, one.ref.kind) != ("", "Service") or one.effect is Effect.DELETED:
            continue
        selector = _at(wanted.get(one.ref), "spec", "selector")
        if not isinstance(selector, dict) or not selector:
            continue
        near = [
            (ref, labels) for ref, labels in pods if ref.namespace == one.ref.namespace and _nearly(selector, labels)
        ]
        if near and not any(all(labels[key] == value for key, value in selector.items()) for _, labels in near):
            ref, labels = near[0]
            other = sorted(key for key in selector if labels[key] != selector[key])
            yield f"{one.ref} selects no Pods of this app: the label {', '.join(other)} of {ref} is another one"


def _nearly(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    values = [labels[key] == value for key, value in selector.items() if key in labels]
    return len(values) == len(selector) and any(values)


def _labels(manifest: Manifest) -> dict[str, str]:
    """The labels of a workload's Pods, or of a Pod."""
    found = _at(manifest, "metadata", "labels") if manifest.get("kind") == "Pod" else None
    found = found or _at(manifest, "spec", "template", "metadata", "labels")
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _at(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
