"""Repositories that are declared apart from the apps that use them, and how the two find each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from workers.apps import App
from workers.secretrefs import Named
from workers.signed import Verify

GIT: Final = "GitRepository"


@dataclass(frozen=True, slots=True)
class Repository:
    """One declared repository of Flux: where it is and which revision of it counts, "" where its apps say so."""

    name: str
    namespace: str
    url: str
    revision: str
    file: str
    line: int = 0
    suspended: bool = False
    verify: Verify | None = None
    fault: str = ""
    parent: str = ""
    warnings: tuple[str, ...] = ()
    ignore: str | None = None
    kind: str = GIT
    secret: Named | None = None

    @property
    def origin(self) -> str:
        """Where it is declared: ``file:line``."""
        return f"{self.file}:{self.line}"


def linked(app: App, repositories: Mapping[tuple[str, str, str], Repository]) -> App:
    """Return an app with the repository that it refers to; with a fault when there is none."""
    if app.source_ref is None:
        return app
    namespace, name, kind = (*app.source_ref, GIT)[:3]
    found = repositories.get((kind, namespace, name))
    if found is None:
        place = f" in namespace {namespace}" if namespace else ""
        words = f"{app.origin}: spec.sourceRef: there is no {kind} {name}{place}: declare it in the catalog"
        return replace(app, fault=app.fault or words)
    return replace(
        app,
        url=found.url,
        revision=found.revision or app.revision,
        secret=found.secret,
        build=replace(app.build, ignore=found.ignore),
        fault=app.fault or found.fault,
        suspended=app.suspended or (f"its {kind} {name} is suspended" if found.suspended else ""),
        verify=(*app.verify, *filter(None, [found.verify])),
        warnings=(*app.warnings, *found.warnings),
    )
