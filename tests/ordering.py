"""Which tests come first: those that need nothing built, then the files that take longest. The same in each process."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from deploy.local import beside, binaries
from deploy.local.binaries import Recipe

E2E_SECONDS: Final = 10.0
"""What a test between real processes takes, roughly; what one on the cluster takes is 1."""
_CLUSTER: Final = ("deploy.local.binaries", "deploy.local.control_plane", "deploy.local.registry")
_ALONE: Final = {"deploy.local.gitea": binaries.GITEA, "deploy.local.vault": binaries.VAULT}
_UNBUILT: Final = ("tests.local.test_binaries", "tests.local.test_gitea", "tests.local.test_beside")
"""Modules that know the words and need nothing built."""


def needs(item: pytest.Item) -> tuple[Recipe, ...]:
    """Return what has to be built before a test can run: what its fixtures and its module ask for."""
    module = getattr(item, "module", None)
    alone = [recipe for name, recipe in _ALONE.items() if _knows(module, (name,))]
    if "cluster" in getattr(item, "fixturenames", ()) or alone or _knows(module, _CLUSTER):
        return (*binaries.wanted(), *alone)
    return ()


@functools.cache
def _knows(module: ModuleType | None, names: tuple[str, ...]) -> bool:
    if module is None or module.__name__ in _UNBUILT:
        return False
    known = {
        getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", "")
        for value in vars(module).values()
    }
    return any(str(name).startswith(names) for name in known)


def ordered(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return tests in their order; those of a file stay together and as they are.

    First the files that need nothing built: something may be building meanwhile. Within each part the longest, so that
    no process is left alone with one at the end. Their length is guessed from the number of tests and from what
    ``timeout`` some of them ask for.
    """
    kept = list(items)
    built: Counter[Path] = Counter()
    seconds: dict[Path, float] = {}
    for item in kept:
        built[item.path] = max(built[item.path], len(needs(item)))
        asked = next((float(mark.args[0]) for mark in item.iter_markers("timeout")), 0.0)
        each = E2E_SECONDS if "e2e" in item.path.parts else 1.0
        seconds[item.path] = seconds.get(item.path, 0.0) + max(asked, each)
    return sorted(kept, key=lambda item: (built[item.path] > 0, -seconds[item.path]))


def wait(item: pytest.Item) -> None:
    """Wait for what a test needs, when it is being built at the moment."""
    beside.wait_for(needs(item))
