"""A sync that gave its worker back: where it is, what it has done, and what it waits for. A value, nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.model import Change, Ref
from workers.order import START, Key, Stale


class Mode(StrEnum):
    """What is next for a stored sync."""

    WRITE = "write"
    """The step at its place has to be written; doing it twice changes nothing."""
    PRUNE = "prune"
    """The objects of the step are written; what it deletes waits for other apps to say what they want."""
    WAIT = "wait"
    """The step is written and not well yet."""
    CLEAN = "clean"
    """The step is well; its hooks have to be let go."""
    DEPEND = "depend"
    """Nothing is written: it waits for other apps."""
    RETRY = "retry"
    """It failed and is tried again when it is due."""


@dataclass(frozen=True, slots=True)
class Flight:
    """One stored sync.

    ``also`` is ref and revision of each further source. ``id`` marks the hooks it made. ``at`` is the step,
    ``mode`` what of it is next. ``refs`` are the objects it keeps, with versions; ``changes`` what it set out to do
    with them; ``stale`` what it deletes, ``gone`` what of that is asked for already, ``moved`` what another app
    takes over instead. ``failure`` is why the sync failed, while its SyncFail hooks run. ``text`` says what it
    waits for, ``note`` what a success has to add. ``last`` is whether nothing is left but to wait for health,
    ``pending`` what is not well yet then, ``same`` whether it wants just what it owns, ``hooks`` whether hooks run,
    ``removing`` whether the app is gone and its objects are deleted. ``declared`` is the digest of the declaration
    it works by, ``tries`` how often the app's own retry policy tried before. ``spared`` is what drifted and is left
    so.
    """

    number: int
    revision: str
    inputs: str
    began: float
    deadline: float
    refs: tuple[tuple[Ref, str], ...]
    changes: tuple[Change, ...] = ()
    ref: str = ""
    also: tuple[tuple[str, str], ...] = ()
    id: str = ""
    at: Key = START
    mode: Mode = Mode.WRITE
    stale: tuple[Stale, ...] = ()
    gone: tuple[Ref, ...] = ()
    moved: tuple[Ref, ...] = ()
    failure: str = ""
    text: str = ""
    note: str = ""
    last: bool = False
    same: bool = False
    pending: tuple[Ref, ...] = ()
    hooks: bool = False
    removing: bool = False
    declared: str = ""
    tries: int = 0
    spared: tuple[Ref, ...] = ()
