"""Opens the catalog of a configuration: its folders, its Git catalogs, and what apps declare."""

from __future__ import annotations

from workers.apps import App
from workers.catalog import Catalog, Held
from workers.policies import Build, DriftMode
from workers.settings import Settings

KIND = "Catalog"
"""The kind of the app that stands for a Git catalog: it holds declarations and nothing else."""


def open_(settings: Settings, children: Held | None, *, beside: bool = False) -> Catalog:
    """Return the catalog; ``children`` is where declarations found in apps are kept, ``None`` to leave them out.

    With ``beside``, nobody who asks for the index waits for anything but the folders.
    """
    rules = [one.rule() for one in settings.ignored]
    return Catalog(settings.catalog.folders, roots(settings), children, rules, beside=beside)


def roots(settings: Settings) -> list[App]:
    """Return the app of each Git catalog. Pure."""
    return [
        App(
            name=f"catalog-{name}",
            kind=KIND,
            url=said.url,
            path=said.path.strip("/") or ".",
            revision=said.revision,
            file=f"catalog.git.{name}",
            cluster="in-cluster",
            automated=True,
            prune=True,
            drift=DriftMode.REPAIR,
            build=Build(recurse=True),
        )
        for name, said in settings.catalog.git.items()
    ]
