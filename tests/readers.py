"""Ends the processes of git that a test's repositories read with, when the test ends.

A repository that is part of a circle is let go of whenever Python looks for circles, in any order: its processes may
then be found running by whoever comes later, which is a warning, and warnings are errors.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any, Final

import git
import pytest

_opened: Final[list[weakref.ref[git.Repo]]] = []
_open: Final = git.Repo.__init__


def _noted(self: git.Repo, *arguments: Any, **named: Any) -> None:
    _open(self, *arguments, **named)
    _opened.append(weakref.ref(self))


git.Repo.__init__ = _noted  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _readers() -> Iterator[None]:
    """Close what was opened; a repository that is still used starts what it needs anew."""
    yield
    while _opened:
        repo = _opened.pop()()
        if repo is not None:
            repo.close()
