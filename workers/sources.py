"""Repositories that are declared apart from the apps that use them, and how the two find each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workers.apps import App


@dataclass(frozen=True, slots=True)
class Repository:
    """One declared repository (Flux's GitRepository): where it is and which revision of it counts."""

    name: str
    namespace: str
    url: str
    revision: str
    file: str
    line: int = 0
    suspended: bool = False
    fault: str = ""
    parent: str = ""
    warnings: tuple[str, ...] = ()


def linked(app: App, repositories: Mapping[tuple[str, str], Repository]) -> App:
    """Return an app with the repository that it refers to; with a fault when there is none."""
    if app.source_ref is None:
        return app
    namespace, name = app.source_ref
    found = repositories.get((namespace, name))
    if found is None:
        place = f" in namespace {namespace}" if namespace else ""
        words = f"{app.origin}: spec.sourceRef: there is no GitRepository {name}{place}: declare it in the catalog"
        return replace(app, fault=app.fault or words)
    return replace(
        app,
        url=found.url,
        revision=found.revision,
        fault=app.fault or found.fault,
        suspended=app.suspended or (f"its GitRepository {name} is suspended" if found.suspended else ""),
        warnings=(*app.warnings, *found.warnings),
    )
