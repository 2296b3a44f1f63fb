"""Random changes of one app: files of every kind that a sync treats in its own way, and what people do by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.workers.manifests import FLUX, config, document

VALUES = ("1", "2", "3")
SHAPES = ("plain", "plain", "plain", "kustomize", "renamed", "helm")
"""A folder of plain YAML more often than not: the others take a child process for each render."""
IGNORED = "  ignoreDifferences: [{kind: ConfigMap, jsonPointers: [/data/key]}]\n"
POLICIES = (
    "",
    "    syncOptions: [Replace=true]\n",
    "    syncOptions: [ServerSideApply=false, PruneLast=true]\n",
    "    syncOptions: [CreateNamespace=true]\n    managedNamespaceMetadata: {labels: {team: a}}\n",
    "    syncOptions: [CreateNamespace=true]\n    managedNamespaceMetadata: {labels: {team: b}}\n",
    f"    syncOptions: [RespectIgnoreDifferences=true]\n{IGNORED}",
    "    syncOptions: [Force=true]\n",
)
"""What follows the app's ``automated`` policy."""
POD: dict[str, dict[str, Any]] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "x", "image": "x:1"}]},
}
COMPARE = "argocd.argoproj.io/compare-options"


def frozen(name: str, value: str, **annotations: str) -> str:
    """A ConfigMap that cannot change."""
    return document("v1", "ConfigMap", name, annotations, data={"key": value}, immutable=True)


def workload(kind: str, value: str, name: str = "", **annotations: str) -> str:
    """A Deployment, or a StatefulSet of which a field that is fixed has the value."""
    spec: dict[str, Any] = {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": POD}
    spec |= {"serviceName": f"s{value}"} if kind == "StatefulSet" else {"revisionHistoryLimit": int(value)}
    return document("apps/v1", kind, name or kind.lower(), annotations, spec=spec)


def manifest(name: str, value: str) -> str:
    """The text of one file."""
    match name:
        case "secret":
            return document("v1", "Secret", name, {}, stringData={"key": f"value-of-{value}"})
        case "service":
            return document("v1", "Service", name, {}, spec={"ports": [{"port": 80 + int(value)}]})
        case "deployment":
            return workload("Deployment", value)
        case "stateful":
            return workload("StatefulSet", value)
        case "forced":
            return workload("StatefulSet", value, name, options="Force=true")
        case "fixed":
            return frozen(name, value)
        case "frozen":
            return frozen(name, value, options="Force=true")
        case "typo":
            return config(name, value).replace('"data"', '"data"' if value != "3" else '"dta": {}, "data"')
        case "cron":
            job = {"template": {"spec": POD["spec"] | {"restartPolicy": "Never"}}}
            spec = {"schedule": f"{value} 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}}
            return document("batch/v1", "CronJob", name, {}, spec=spec)
        case _:
            return config(name, value, **ANNOTATED.get(name, {}))


ANNOTATED: Mapping[str, dict[str, str]] = {
    "early": {"wave": "-1"},
    "late": {"wave": "2"},
    "pre": {"hook": "PreSync"},
    "post": {"hook": "PostSync", "policy": "HookSucceeded"},
    "whole": {"options": "Replace=true"},
    "classic": {"options": "ServerSideApply=false"},
    "extra": {COMPARE: "IgnoreExtraneous"},
    "kept": {"options": "Prune=false"},
    "asked": {"options": "Prune=confirm"},
    "last": {"options": "PruneLast=true"},
    "once": {f"{FLUX}ssa": "IfNotPresent"},
    "loose": {"options": "Validate=false"},
}
CONFIGS = ("one", "two", "three", *ANNOTATED)
NAMES = (*CONFIGS, "secret", "service", "deployment", "stateful", "forced", "fixed", "frozen", "typo", "cron")
HOOKS = ("pre", "post")
TURNS = ("edit", "edit", "delete", "label", "foreign")
"""What people do by hand: change a value, delete, take our label away, make what is not there yet."""


@dataclass
class Folder:
    """The files of the app: values by name, in one of several shapes."""

    values: dict[str, str] = field(default_factory=lambda: {"anchor": "1"})
    shape: str = "plain"
    version: str = "1"

    def files(self) -> dict[str, str]:
        """Return path to text."""
        texts = {name: manifest(name, value) for name, value in self.values.items()}
        if self.shape == "helm":
            chart = {"apiVersion": "v2", "name": "web", "version": f"{self.version}.0.0"}
            labelled = config("anchor", "{{ .Values.v }}")
            made = {f"templates/{name}.yaml": text for name, text in texts.items()} | {"Chart.yaml": json.dumps(chart)}
            return {**made, "values.yaml": f"v: 'v{self.version}'\n", "templates/anchor.yaml": labelled}
        files = {f"{name}.yaml": text for name, text in texts.items()}
        if self.shape == "plain":
            return files
        kustomization: dict[str, Any] = {"resources": sorted(files), "commonAnnotations": {"version": self.version}}
        if self.shape == "renamed":
            kustomization["nameSuffix"] = "-k"
        return {**files, "kustomization.yaml": json.dumps(kustomization)}

    def live(self, name: str) -> str:
        """Return what an object of a file is called in the cluster."""
        return f"{name}-k" if self.shape == "renamed" else name


writes = st.tuples(st.sampled_from(NAMES), st.sampled_from((*VALUES, *VALUES, None)))
touched = st.sampled_from(("anchor", *CONFIGS[:3], "whole", "classic", "extra", "once"))
turns = st.tuples(touched, st.sampled_from(TURNS))
changes = st.fixed_dictionaries(
    {
        "files": st.lists(writes, min_size=1, max_size=6),
        "hands": st.lists(turns, max_size=2),
        "shape": st.none() | st.none() | st.none() | st.sampled_from(SHAPES),
        "policy": st.none() | st.none() | st.none() | st.sampled_from(POLICIES),
        "prune": st.sampled_from((True, True, True, True, False)),
    }
)
