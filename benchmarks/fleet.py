"""Many apps of one repository, all from one push: report time, CPU, memory and requests.

The shape is that of the flux-benchmark: a Deployment of no replicas, a ServiceAccount, a Service and an Ingress each.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from benchmarks.figures import Figure
from benchmarks.site import Site
from deploy.local.stack import APPLICATION

SIGNS = {
    "worker": "-m celery --quiet -A workers.tasks worker",
    "beat": "-m celery --quiet -A workers.tasks beat",
    "web": "-m receiver",
    "watch": "workers.cli watch",
    "redis-server": "redis-server",
    "kube-apiserver": "kube-apiserver",
    "kube-controller": "kube-controller-manager",
    "etcd": "etcd",
}
"""What stands in the command line of each kind of process."""


def objects(name: str, version: int) -> str:
    """Return the four objects of an app as one file."""
    labels = {"app": name}
    container = {"name": "web", "image": f"nginx:1.{version}", "ports": [{"name": "http", "containerPort": 80}]}
    template = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": [container]}}
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    rule = {"host": f"{name}.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    specs: list[tuple[str, str, dict[str, Any]]] = [
        ("v1", "ServiceAccount", {}),
        ("v1", "Service", {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}),
        ("apps/v1", "Deployment", {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}),
        ("networking.k8s.io/v1", "Ingress", {"rules": [rule]}),
    ]
    found = []
    for api, kind, spec in specs:
        metadata = {"name": name, "labels": {**labels, "version": str(version)}}
        found.append(
            json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **({"spec": spec} if spec else {})})
        )
    return "---\n" + "\n---\n".join(found) + "\n"


@dataclass
class Usage:
    """CPU seconds by kind of process since the begin, and the most memory (PSS, bytes) one of a kind had."""

    before: dict[int, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)


def kind_of(process: psutil.Process) -> str:
    """Return what a process is, "" for none of ours."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return ""
    text = " ".join(words[:8])
    return next((name for name, sign in SIGNS.items() if sign in text), "")


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def measured() -> Iterator[Usage]:
    """Measure all of our processes inside the block; ``cpu`` is whole at its end."""
    usage, over = Usage(), threading.Event()
    usage.before = {one.pid: _seconds(one) for one in psutil.process_iter() if kind_of(one)}

    def sample() -> None:
        while not over.wait(1.0):
            for one in psutil.process_iter():
                if name := kind_of(one):
                    try:
                        usage.memory[name] = max(usage.memory.get(name, 0), one.memory_full_info().pss)
                    except psutil.Error:
                        continue

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield usage
    finally:
        over.set()
        sampler.join()
        for one in psutil.process_iter():
            if name := kind_of(one):
                try:
                    spent = _seconds(one) - usage.before.get(one.pid, 0.0)
                except psutil.Error:
                    continue
                usage.cpu[name] = usage.cpu.get(name, 0.0) + spent


def figures(site: Site, apps: int) -> list[Figure]:
    """Sync ``apps`` apps for the first time, then all changed, then one of them."""
    names = [f"fleet-{number:04}" for number in range(apps)]
    text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", "path: fleet/NAME")
    (site.stack.catalog / "fleet.yaml").write_text("---\n".join(text.replace("NAME", name) for name in names))
    group = f"{apps} apps of 4 objects from one push"
    found = _round(site, group, "first", names, {f"fleet/{name}/all.yaml": objects(name, 1) for name in names})
    found += _round(site, group, "all changed", names, {f"fleet/{name}/all.yaml": objects(name, 2) for name in names})
    seconds = []
    for version in range(3, 8):
        sent, commit = _sent(site, {f"fleet/{names[-1]}/all.yaml": objects(names[-1], version)})
        progress = site.stack.records().progress
        _until(lambda: progress.app(names[-1]).revision == commit, 60)  # noqa: B023
        seconds.append(progress.syncs(names[-1], 1)[0].ended - sent)
    return [*found, Figure(group, "one changed: push → healthy", sorted(seconds)[2] * 1000, "ms", max(seconds) * 1000)]


def _sent(site: Site, files: dict[str, str | None]) -> tuple[float, str]:
    commit = site.checkout.commit(files, "change")
    began = time.time()
    site.checkout.push()
    return began, commit


def _until(seen: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not there within {seconds:.0f} s")
        time.sleep(0.05)


def _round(site: Site, group: str, name: str, apps: list[str], files: dict[str, str | None]) -> list[Figure]:
    progress = site.stack.records().progress
    before = len(site.requests())
    with measured() as usage:
        began, commit = _sent(site, files)
        _until(lambda: all(progress.app(app).revision == commit for app in apps[::50]), 900)
        _until(lambda: all(progress.app(app).revision == commit for app in apps), 900)
        seconds = max(progress.syncs(app, 1)[0].ended for app in apps) - began
        site.forge.wait_for_status(commit, "hookline", ("success", "failure", "error"), 120)
    requests = site.requests()[before:]
    cpu = ", ".join(f"{kind} {spent:.1f} s" for kind, spent in sorted(usage.cpu.items(), key=lambda one: -one[1]))
    most = ", ".join(f"{kind} {size >> 20}" for kind, size in sorted(usage.memory.items(), key=lambda one: -one[1]))
    return [
        Figure(group, f"{name}: push → all healthy", seconds, "s"),
        Figure(group, f"{name}: worker CPU an app", usage.cpu.get("worker", 0.0) * 1000 / len(apps), "ms", None, cpu),
        Figure(group, f"{name}: requests an app", len(requests) / len(apps), "requests"),
        Figure(group, f"{name}: memory of a process", usage.memory.get("worker", 0) >> 20, "MiB", None, most),
    ]
