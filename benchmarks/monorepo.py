"""One repository of many apps and files: what a push costs that touches one app, and one that touches a shared base.

A fifth of the apps are overlays of one base; each of the others has a plain folder. Beside what is deployed lie the
files of a program, as in a repository that holds both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.figures import Figure, by_verb, percentile
from benchmarks.fleet import measured
from benchmarks.site import ENDS, Site
from deploy.local.stack import APPLICATION
from workers.model import Outcome, SyncRecord
from workers.records.progress import Progress

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {version: '%s'}\n"
BASE = "mono/base"


@dataclass
class Mono:
    """The repository and its apps; ``overlays`` are those of the shared base."""

    site: Site
    count: int
    files: int
    names: list[str] = field(default_factory=list)
    overlays: list[str] = field(default_factory=list)

    def declare(self) -> None:
        """Declare the apps in one file."""
        self.names = [f"mono-{number:04}" for number in range(self.count)]
        self.overlays = self.names[: self.count // 5]
        text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", "path: mono/NAME/deploy")
        (self.site.stack.catalog / "mono.yaml").write_text(
            "---\n".join(text.replace("NAME", one) for one in self.names)
        )

    def all(self) -> dict[str, str | None]:
        """Return every file."""
        found: dict[str, str | None] = {
            f"{BASE}/kustomization.yaml": "resources: [all.yaml]\n",
            f"{BASE}/all.yaml": OBJECT % ("base", 1),
        }
        for name in self.overlays:
            found[f"mono/{name}/deploy/kustomization.yaml"] = f"resources: [../../base]\nnamePrefix: {name}-\n"
        for name in self.names[len(self.overlays) :]:
            found[f"mono/{name}/deploy/all.yaml"] = OBJECT % (name, 1)
        each = (self.files - len(found)) // self.count
        found |= {f"mono/{name}/src/file-{at}.txt": f"{name} {at}\n" for name in self.names for at in range(each)}
        return found


@dataclass
class Round:
    """What one push came to: seconds until the apps it touches and all apps were done, and what that took."""

    touched: float
    whole: float
    renders: int
    fetches: int
    requests: list[str]
    stages: dict[str, float]
    cpu: float
    """Seconds of processor time of the worker."""


def figures(site: Site, apps: int, files: int, rounds: int) -> list[Figure]:
    """Bring all up once; then push to one app, again and again, then to the base."""
    mono = Mono(site, apps, files)
    mono.declare()
    group = f"one repository of {apps} apps and {files} files"
    first = pushed(mono, mono.all(), mono.names)
    found = [Figure(group, "first: push → all applied", first.whole, "s", None, f"{first.cpu:.0f} s CPU")]
    one = mono.names[-1]
    several = [pushed(mono, {f"mono/{one}/deploy/all.yaml": OBJECT % (one, at)}, [one]) for at in range(2, 2 + rounds)]
    found += told(group, "one app touched", several)
    base = [pushed(mono, {f"{BASE}/all.yaml": OBJECT % ("base", at)}, mono.overlays) for at in range(2, 4)]
    found += told(group, f"a base of {len(mono.overlays)} touched", base)
    elsewhere = [pushed(mono, {f"mono/{one}/src/file-0.txt": f"{at}\n"}, []) for at in range(2)]
    return found + told(group, "none touched", elsewhere)


def told(group: str, name: str, several: list[Round]) -> list[Figure]:
    """Return the figures of pushes of one kind."""
    last = several[-1]
    touched, whole = ([getattr(one, kind) for one in several] for kind in ("touched", "whole"))
    stages = ", ".join(f"{stage} {seconds * 1000:.0f}" for stage, seconds in last.stages.items())
    found = [
        Figure(
            group,
            f"{name}: push → applied",
            percentile(touched, 0.5) * 1000,
            "ms",
            max(touched) * 1000,
            f"ms: {stages}",
        ),
        Figure(group, f"{name}: Git fetches", last.fetches, "fetches"),
        Figure(group, f"{name}: renders", last.renders, "renders"),
        Figure(group, f"{name}: requests", len(last.requests), "requests", None, by_verb(last.requests)),
    ]
    return [
        *(found if last.renders else found[1:3]),
        Figure(
            *(group, f"{name}: push → every app has its answer", percentile(whole, 0.5), "s", max(whole)),
            f"{last.cpu:.1f} s CPU of the worker",
        ),
    ]


def pushed(mono: Mono, files: dict[str, str | None], touched: list[str]) -> Round:
    """Push, and wait for every app."""
    site, progress = mono.site, mono.site.stack.records().progress
    site.stack.rest()
    fetches, requests = len(site.forge.fetches), len(site.requests())
    commit = site.checkout.commit(files, "change")
    with measured() as usage:
        began = time.time()
        site.checkout.push()
        _until(lambda: progress.app(mono.names[0]).revision == progress.app(mono.names[-1]).revision == commit, 1800)
        _until(lambda: all(progress.app(name).revision == commit for name in mono.names), 1800)
        site.forge.wait_for_status(commit, "hookline", ENDS, 300)
    syncs = {name: _sync(progress, name, commit) for name in mono.names}
    wrong = {name: sync.text for name, sync in syncs.items() if sync.outcome is Outcome.FAILED}
    rendered = {name for name, sync in syncs.items() if sync.outcome is not Outcome.NOT_AFFECTED}
    if wrong or rendered != set(touched):
        raise RuntimeError(f"{len(touched)} apps were to be touched, {len(rendered)} were: {list(wrong.items())[:3]}")
    site.stack.rest()
    return Round(
        max((syncs[name].ended for name in touched), default=began) - began,
        max(sync.ended for sync in syncs.values()) - began,
        len(rendered),
        len(site.forge.fetches) - fetches,
        site.requests()[requests:],
        {stage: max((syncs[name].seconds or {}).get(stage, 0.0) for name in touched) for stage in STAGES if touched},
        usage.cpu.get("worker", 0.0),
    )


STAGES = ("fetch", "render", "diff", "apply", "health")


def _sync(progress: Progress, name: str, commit: str) -> SyncRecord:
    """Return the sync that did something of a commit; the last look at it where none did."""
    found = [one for one in progress.syncs(name, 5) if one.revision == commit]
    return next((one for one in found if one.outcome is not Outcome.NOT_AFFECTED), found[0])


def _until(seen: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not there within {seconds:.0f} s")
        time.sleep(0.2)
