"""Puts together what all documents declare: apps, their repositories and projects, and contradictions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from workers import apps, sources
from workers.apps import App, Index
from workers.declared import Declared
from workers.projects import DEFAULT, Project
from workers.sources import Repository

Name = TypeVar("Name", str, tuple[str, str, str])
One = TypeVar("One", Repository, Project)


def joined(declared: Iterable[Declared], faults: Sequence[str] = ()) -> Index:
    """Return the index of everything declared. What is wrong with one app is that app's fault and harms no other."""
    every = list(declared)
    bounded = {one.name for one in every if isinstance(one, App) and one.project != DEFAULT}
    words = "only apps of the project default may declare projects"
    taken = [one for one in every if isinstance(one, Project) and one.parent in bounded]
    faults = [*faults, *(f"{one.origin}: AppProject {one.name} is declared in {one.parent}: {words}" for one in taken)]
    every = [one for one in every if not (isinstance(one, Project) and one.parent in bounded)]
    every = [_bounded(one, bounded) if isinstance(one, Repository) else one for one in every]
    repositories = _named(((one.kind, one.namespace, one.name), one) for one in every if isinstance(one, Repository))
    projects = _named((one.name, one) for one in every if isinstance(one, Project))
    found = [_projected(sources.linked(one, repositories), projects) for one in every if isinstance(one, App)]
    found = [_raised(app, {one.name: one for one in found}) for app in found]
    circles = cycles({app.name: app.depends for app in found})
    found = [_circled(app, circles.get(app.name, ())) for app in found]
    broken = [one.fault for one in projects.values() if one.fault]
    broken += [one.fault for one in repositories.values() if one.fault]
    return apps.index(found, [*faults, *broken], projects)


def _named(pairs: Iterable[tuple[Name, One]]) -> dict[Name, One]:
    """Return them by name; one that is declared twice is broken."""
    found: dict[Name, One] = {}
    for name, one in pairs:
        twin = found.get(name)
        if twin is None:
            found[name] = one
        else:
            kind = one.kind if isinstance(one, Repository) else type(one).__name__
            words = f"{kind} {one.name} is declared twice: {twin.file}:{twin.line} and {one.file}:{one.line}"
            found[name] = replace(twin, fault=f"{words}; remove one")
    return found


def _projected(app: App, projects: Mapping[str, Project]) -> App:
    if app.fault:
        return app
    project = projects.get(app.project)
    if project is None:
        if app.project == DEFAULT:
            return app
        words = f"{app.origin}: spec.project: there is no AppProject {app.project}: declare it in the catalog"
        return replace(app, fault=words)
    if project.fault:
        return replace(app, fault=f"its project is broken: {project.fault}")
    if app.secret and not project.allows_place(app.server, app.cluster, app.secret.namespace):
        place = f"Secret {app.secret.namespace}/{app.secret.name}"
        words = f"project {project.name} does not allow {app.name} to be fetched with {place}: see spec.destinations"
        return replace(app, fault=f"{app.secret.by}: {words} ({project.origin})")
    warnings = (*app.warnings, *(f"project {project.name}: {words}" for words in project.warnings))
    return replace(app, warnings=warnings, verify=(*app.verify, *filter(None, [project.verify])))


def _bounded(one: Repository, bounded: set[str]) -> Repository:
    """A repository with a Secret is broken where its author may not read Secrets of any namespace."""
    if one.secret is None or one.parent not in bounded:
        return one
    words = "only apps of the project default may declare repositories with a Secret"
    return replace(one, fault=one.fault or f"{one.secret.by}: {one.name} is declared in {one.parent}: {words}")


def _raised(app: App, every: Mapping[str, App]) -> App:
    """A child stays within its parent's project: else whoever writes to one repository could reach every cluster."""
    parent = every.get(app.parent)
    if app.fault or parent is None or parent.project in (DEFAULT, app.project):
        return app
    words = (
        f"{app.origin}: spec.project: it is declared in {parent.name}, of project {parent.project}: use that project"
    )
    return replace(app, fault=words)


def _circled(app: App, circle: Sequence[str]) -> App:
    if not circle or app.fault:
        return app
    return replace(app, fault=f"{app.origin}: dependsOn goes in a circle: {' -> '.join(circle)}; remove one of them")


def cycles(depends: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return for every app that depends on itself in the end the way back to it, itself first and last."""
    found: dict[str, tuple[str, ...]] = {}
    for start in depends:
        ways: list[tuple[str, ...]] = [(start,)]
        seen: set[str] = set()
        while ways and start not in found:
            way = ways.pop()
            for below in depends.get(way[-1], ()):
                if below == start:
                    found[start] = (*way, start)
                elif below not in seen:
                    seen.add(below)
                    ways.append((*way, below))
    return found
