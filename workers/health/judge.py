"""Which rule judges an object: what is true of all, then what was added, then its kind, then its conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from workers.health import (
    cluster,
    conditions,
    expressions,
    jobs,
    lua,
    network,
    operators,
    pods,
    policies,
    storage,
    workloads,
)
from workers.health.checks import NONE, Checks
from workers.health.reading import healthy, mapping, waiting
from workers.model import Manifest, Verdict

Rule = Callable[[Manifest], Verdict]

RULES: dict[tuple[str, str], Rule] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("", "ReplicationController"): workloads.replica_set,
    ("", "Pod"): pods.pod,
    ("batch", "Job"): jobs.job,
    ("batch", "CronJob"): jobs.cron_job,
    ("", "PersistentVolumeClaim"): storage.claim,
    ("", "PersistentVolume"): storage.volume,
    ("", "Service"): network.service,
    ("networking.k8s.io", "Ingress"): network.ingress,
    ("", "Namespace"): cluster.namespace,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): cluster.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): cluster.api_service,
    ("policy", "PodDisruptionBudget"): policies.disruption_budget,
    ("autoscaling", "HorizontalPodAutoscaler"): policies.autoscaler,
}
"""Rules of built-in kinds by API group and kind; every other kind is judged by its conditions."""


IGNORED: Final = "argocd.argoproj.io/ignore-healthcheck"
"""Argo CD's annotation: the health of an object with ``"true"`` is not its app's."""


def judge(manifest: Manifest, checks: Checks = NONE) -> Verdict:
    """Judge one live object of an app, as the API server returned it; one that is to be ignored is well.

    The message is a phrase that reads on from the object's name ("2 of 3 replicas are available"). ``ok`` is
    only ever true together with ``done``. Anything missing, mistyped or huge is read as absent; nothing is
    raised. An object that says nothing about its health is done and well: most kinds have no health.
    """
    if mapping(mapping(manifest.get("metadata")).get("annotations")).get(IGNORED) == "true":
        return healthy("is not judged, as its annotation says")
    return state(manifest, checks)


def state(manifest: Manifest, checks: Checks = NONE) -> Verdict:
    """Judge one live object whatever its annotations say: a hook has to be seen to its end."""
    deleted = being_deleted(manifest)
    if deleted:
        return deleted
    group, _, _ = str(manifest.get("apiVersion", "")).rpartition("/")
    kind = str(manifest.get("kind", ""))
    if checks:
        said = checks.said(group, kind)
        if said:
            return expressions.judge(said, manifest)
        script = checks.script(group, kind)
        if script:
            return lua.judge(script, manifest)
    rule = RULES.get((group, kind)) or operators.rule(group, kind) or conditions.standard
    return rule(manifest)


def being_deleted(manifest: Manifest) -> Verdict | None:
    """A verdict if someone asked for the object's deletion, else ``None``; names what still holds it."""
    metadata = mapping(manifest.get("metadata"))
    if not metadata.get("deletionTimestamp"):
        return None
    finalizers = metadata.get("finalizers")
    held = sorted(name for name in finalizers if isinstance(name, str)) if isinstance(finalizers, list) else []
    return waiting(f"is being deleted, held by {', '.join(held[:3])}" if held else "is being deleted")
