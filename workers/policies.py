"""Parts of an app that are values of their own: how it is built, tried again, compared and judged. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]
"""A mapping as sorted pairs: it can be compared and hashed."""


@dataclass(frozen=True, slots=True)
class Retry:
    """An app's own word on how often a failed sync is tried again, and after how many seconds.

    ``limit`` below 0 means for ever. The wait begins with ``first`` and grows by ``factor`` up to ``most``.
    """

    limit: int = 5
    first: float = 5.0
    factor: float = 2.0
    most: float = 180.0

    def delay(self, tries: int) -> float | None:
        """Return the seconds to wait after try number ``tries`` (from 1) failed, ``None`` when it was the last."""
        if 0 <= self.limit < tries:
            return None
        return float(min(self.first * self.factor ** min(tries - 1, 64), self.most))


@dataclass(frozen=True, slots=True)
class Build:
    """How the files of a folder become objects.

    ``recurse``, ``include`` and ``exclude`` (globs over paths below the folder, ``{a,b}`` for several) are for plain
    folders; ``gather`` is Flux's way with a folder without a kustomization: every manifest below it, folders with one
    as a whole. ``edits`` is what is put into the kustomization, as JSON, "" for nothing. ``labels`` and
    ``annotations`` are set on every object. ``variables`` replace ``${name}``; ``variables_from`` are (kind,
    namespace, name, optional) of objects that hold more of them; ``always`` does so even when there are none.
    """

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    gather: bool = False
    edits: str = ""
    labels: Pairs = ()
    annotations: Pairs = ()
    variables: Pairs = ()
    variables_from: tuple[tuple[str, str, str, bool], ...] = ()
    always: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """Fields (JSON pointers, RFC 6901) of some objects that somebody else writes; "" stands for any."""

    group: str
    kind: str
    name: str = ""
    namespace: str = ""
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """An object whose health counts, whoever owns it."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str


NOTHING_BUILT = Build()
"""A folder as it is."""


def pairs(mapping: dict[str, str]) -> Pairs:
    """Return a mapping as sorted pairs."""
    return tuple(sorted(mapping.items()))
