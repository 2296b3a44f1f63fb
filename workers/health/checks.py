"""The checks that people add to Hookline's own: Lua of the configuration, CEL of one app. A value, made from settings.

Which one judges an object: the app's expressions, the configuration's check of the very kind, the one whose pattern
matches (the longest of several), and only then the rules of `workers.health.judge`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from fnmatch import translate
from typing import Final

from workers.policies import Expressions


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua check in Argo CD's format. ``kind`` is ``group/Kind``, ``Kind`` of the core group, or a pattern of such.

    ``origin`` is the file it is from and ``line`` the line before its first, for complaints.
    """

    kind: str
    text: str
    origin: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked before the rules of our own."""

    scripts: tuple[Script, ...] = ()
    expressions: tuple[Expressions, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.scripts or self.expressions)

    def of(self, expressions: tuple[Expressions, ...]) -> Checks:
        """Return the checks of an app that has expressions of its own."""
        return replace(self, expressions=expressions) if expressions else self

    def script(self, group: str, kind: str) -> Script | None:
        """Return the configuration's check of a kind, ``None`` when it has none."""
        return _script(self.scripts, f"{group}/{kind}" if group else kind) if self.scripts else None

    def said(self, group: str, kind: str) -> Expressions | None:
        """Return the app's expressions for a kind; of two for one kind the later counts, as in Flux."""
        return next((one for one in reversed(self.expressions) if (one.group, one.kind) == (group, kind)), None)


NONE: Final = Checks()
"""Nothing added."""


@functools.lru_cache(maxsize=4096)
def _script(scripts: tuple[Script, ...], kind: str) -> Script | None:
    exact = next((one for one in scripts if one.kind == kind), None)
    fitting = [one for one in scripts if "*" in one.kind and _pattern(one.kind).match(kind)]
    return exact or max(fitting, key=lambda one: (len(one.kind), one.kind), default=None)


@functools.lru_cache(maxsize=1024)
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(translate(kind))
