"""Warnings of what a change means beyond its own fields, and none where that is not sure."""

from __future__ import annotations

from typing import Any

import pytest

from workers.model import Manifest, Ref
from workers.plans import Effect, Planned, compared, warnings
from workers.plans.masks import Mask

WEB, SERVICE = Ref("apps", "Deployment", "shop", "web"), Ref("", "Service", "shop", "web")
SCALER = Ref("autoscaling", "HorizontalPodAutoscaler", "shop", "web")


def web(replicas: int | None = 2, labels: dict[str, str] | None = None, **container: Any) -> Manifest:
    """A Deployment."""
    pod = {
        "metadata": {"labels": labels or {"app": "web", "tier": "front"}},
        "spec": {"containers": [{"name": "web", "image": "web:1", **container}]},
    }
    spec = {"template": pod} if replicas is None else {"replicas": replicas, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def service(**spec: Any) -> Manifest:
    """A Service."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def scaler(kind: str = "Deployment") -> Manifest:
    """What scales the Deployment."""
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": SCALER.kind,
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target},
    }


def said(ref: Ref, effect: str, before: Manifest | None, after: Manifest | None, **others: Manifest) -> list[str]:
    """What a plan of one object that changes warns of; ``others`` are in Git beside it."""
    one = Planned(ref, Effect(effect), "a.yaml:1", (), compared.difference(ref, before, after, Mask()))
    wanted = {ref: after} if after else {}
    known = {"web": WEB, "scaler": SCALER}
    return warnings.of([one], {**wanted, **{known[name]: value for name, value in others.items()}}, (), "")


PROBED = web(livenessProbe={"httpGet": {"port": 80}})
BALANCED = service(type="LoadBalancer")
CASES = {
    "a probe is lost": (said(WEB, "configured", PROBED, web()), "loses a livenessProbe"),
    "a probe changes": (said(WEB, "configured", PROBED, web(livenessProbe={"httpGet": {"port": 81}})), ""),
    "a probe goes with its workload": (said(WEB, "deleted", PROBED, None), ""),
    "no Pods any more": (said(WEB, "configured", web(2), web(0)), "runs no Pods any more"),
    "fewer Pods": (said(WEB, "configured", web(20), web(10)), ""),
    "Pods again": (said(WEB, "configured", web(0), web(2)), ""),
    "an autoscaler sets it too": (said(WEB, "configured", web(2), web(3), scaler=scaler()), "leave it out of Git"),
    "an autoscaler alone sets it": (said(WEB, "configured", web(2), web(None), scaler=scaler()), ""),
    "an autoscaler of something else": (said(WEB, "configured", web(2), web(3), scaler=scaler("StatefulSet")), ""),
    "an address goes": (said(SERVICE, "deleted", BALANCED, None), "its address at the load balancer goes"),
    "an address inside goes": (said(SERVICE, "deleted", service(type="ClusterIP"), None), ""),
    "a selector misses": (
        said(SERVICE, "created", None, service(selector={"app": "web", "tier": "back"}), web=web()),
        "the label tier of Deployment shop/web is another one",
    ),
    "a selector matches": (said(SERVICE, "created", None, service(selector={"app": "web"}), web=web()), ""),
    "a selector of other Pods": (said(SERVICE, "created", None, service(selector={"app": "db"}), web=web()), ""),
    "a selector of a label nobody has": (
        said(SERVICE, "created", None, service(selector={"app": "web", "x": "y"}), web=web()),
        "",
    ),
    "no selector": (said(SERVICE, "created", None, service(), web=web()), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_a_trap_is_told_where_it_is_sure(name: str) -> None:
    """One sentence, or none."""
    found, text = CASES[name]
    assert len(found) == bool(text), found
    assert all(text in one for one in found)
