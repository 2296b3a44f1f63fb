"""What a plan says: an effect per object, and the sentences around them. Masked already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from workers.model import Ref


class Effect(StrEnum):
    """What a sync would do with one object: the words of `workers.model.Action`, and two that only a plan needs."""

    CREATED = "created"
    CONFIGURED = "configured"
    RECREATED = "recreated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


CHANGES: Final = (Effect.CREATED, Effect.CONFIGURED, Effect.RECREATED, Effect.DELETED)
"""The effects that write to the cluster, in the order they are told."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One object of a plan.

    ``origin`` is ``file:line``, "" for what is only in the cluster. ``fields`` are the paths that differ, without
    values; ``diff`` is a unified difference of the whole object with secrets masked. ``note`` is a sentence: why it is
    refused, why it stays, what could not be tried.
    """

    ref: Ref
    effect: Effect
    origin: str = ""
    fields: tuple[str, ...] = ()
    diff: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync of ``app`` would do.

    ``revision`` is the commit, "" for a local folder; ``source`` is what was asked for, in words. ``objects`` are in
    the order in which they would be written, deletions last. ``hooks`` are the objects that phases would run, ``held``
    is why the gate would not let a merge through now, "" when it would.
    """

    app: str
    cluster: str
    source: str
    revision: str
    objects: tuple[Planned, ...]
    warnings: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    held: str = ""

    @property
    def counts(self) -> Mapping[Effect, int]:
        """How many objects have each effect; every effect is there."""
        found = Counter(one.effect for one in self.objects)
        return {effect: found[effect] for effect in Effect}

    @property
    def changes(self) -> tuple[Planned, ...]:
        """What would be written."""
        return tuple(one for one in self.objects if one.effect in CHANGES)

    @property
    def refused(self) -> tuple[Planned, ...]:
        """What the API server, or another app's claim, refuses: a sync would fail before its first write."""
        return tuple(one for one in self.objects if one.effect is Effect.REFUSED)

    @property
    def summary(self) -> str:
        """The counts in words: ``1 created, 2 configured``; ``nothing changes``."""
        counts = self.counts
        told = [f"{counts[one]} {one.value}" for one in (*CHANGES, Effect.REFUSED) if counts[one]]
        return ", ".join(told) or "nothing changes"


def exit_code(plan: Plan) -> int:
    """Return what a script is told: 1 when a sync would fail, 2 when it would change something, else 0."""
    if plan.refused:
        return 1
    return 2 if plan.changes or plan.hooks else 0


LEFT_OUT: Final = "its difference is left out: the plan is too long"


def shortened(plan: Plan, most: int) -> tuple[Plan, int]:
    """Return a plan whose differences have ``most`` characters at the most, and what is left of those. Pure.

    From the first that does not fit on they are left out; what would become of each object is still there.
    """
    found = []
    for one in plan.objects:
        most -= len(one.diff)
        fits = most >= 0 or not one.diff
        note = one.note or LEFT_OUT
        found.append(one if fits else replace(one, diff="", note=note))
    return replace(plan, objects=tuple(found)), max(0, most)


def line(text: str) -> str:
    """Return a text in one line, in which nothing moves a cursor or turns the direction of writing. Pure."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
