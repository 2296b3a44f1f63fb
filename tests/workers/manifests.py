"""Manifests that tests of the order push."""

from __future__ import annotations

import json
from typing import Any

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
POLICY = "argocd.argoproj.io/hook-delete-policy"
OPTIONS = "argocd.argoproj.io/sync-options"
FLUX = "kustomize.toolkit.fluxcd.io/"


def config(name: str, value: str = "a", **annotations: str) -> str:
    """A ConfigMap: healthy as soon as it is there."""
    return document("v1", "ConfigMap", name, annotations, data={"key": value})


def job(name: str, *, fails: bool = False, takes: str = "", ttl: int | None = None, **annotations: str) -> str:
    """A Job that kwok finishes at once; one that ``fails`` is told to by its Pods' annotation.

    One that ``takes`` for ever never gets a Pod: it is suspended by a scheduler nobody runs.
    """
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "template": {
            "metadata": {"labels": {"job": name.strip("-")}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]},
        },
    }
    if fails:
        spec["activeDeadlineSeconds"] = 1
    if fails or takes:
        spec["template"]["spec"]["schedulerName"] = "nobody"
    if ttl is not None:
        spec["ttlSecondsAfterFinished"] = ttl
    return document("batch/v1", "Job", name, annotations, spec=spec)


def document(version: str, kind: str, name: str, annotations: dict[str, str], **rest: Any) -> str:
    """One document. Names ending with ``-`` become a ``generateName``; keywords are short for annotations."""
    short = {"wave": WAVE, "hook": HOOK, "policy": POLICY, "options": OPTIONS}
    metadata: dict[str, Any] = {"generateName" if name.endswith("-") else "name": name}
    if annotations:
        metadata["annotations"] = {short.get(key, key): value for key, value in annotations.items()}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})
