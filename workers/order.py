"""In which order a sync writes and deletes: phases, waves, hooks and what is pruned when. Pure.

Staging is Flux's (what defines kinds and places first, then classes, then the rest). One :class:`Step` is what is
written together and waited for before the next; inside one, kinds go in the order of `workers.manifests`.

Where Argo CD deletes what a wave no longer holds before it applies the wave, we do it after: nothing goes before what
replaces it was accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from workers.documents import Document
from workers.model import Manifest, Ref, Rendered
from workers.phases import PHASES, Hook, Phase, wave


class Key(NamedTuple):
    """The place of a step: phase (an index into :data:`PHASES`), wave, and part of the wave."""

    phase: int
    wave: int
    part: int


START: Final = Key(0, -(2**31), 0)
"""Before every step."""
DEFINITIONS, CLASSES, REST, LAST_DEFINITIONS = range(4)
"""The parts of a wave: what defines kinds, classes (staged apps only), everything else, definitions that go."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An owned object that is no longer wanted, in the wave in which it goes."""

    ref: Ref
    version: str
    wave: int
    last: bool = False


@dataclass(slots=True)
class Step:
    """What is written together, and waited for before the next step."""

    key: Key
    objects: list[Rendered] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    prune: list[Stale] = field(default_factory=list)
    apps: list[Document] = field(default_factory=list)

    @property
    def phase(self) -> Phase:
        """The phase it belongs to."""
        return PHASES[self.key.phase]

    def __str__(self) -> str:
        return f"{self.phase} wave {self.key.wave}"


def stale(gone: Mapping[Ref, tuple[str, Manifest | None]], last: Iterable[Ref]) -> tuple[Stale, ...]:
    """Give objects that are no longer wanted (version, and live object if any) the waves in which they go.

    Mirrored: what came in the first wave of them goes in their last. Those in ``last`` go after everything else.
    """
    late = set(last)
    waves = {ref: _live_wave(manifest) for ref, (_, manifest) in gone.items()}
    places = sorted({waves[ref] for ref in gone if ref not in late})
    mirrored = dict(zip(places, reversed(places), strict=True))
    return tuple(
        Stale(ref, version, mirrored.get(waves[ref], waves[ref]), ref in late) for ref, (version, _) in gone.items()
    )


def steps(
    objects: Sequence[Rendered],
    hooks: Sequence[Hook],
    gone: Sequence[Stale] = (),
    staged: bool = False,
    apps: Mapping[int, Sequence[Document]] = MappingProxyType({}),
) -> list[Step]:
    """Return the steps of a sync in order. ``staged`` is Flux's way: definitions and classes first, each waited for.

    ``apps`` are declarations by wave. Otherwise a CustomResourceDefinition goes first only where the same set has
    objects of its kind.
    """
    found: dict[Key, Step] = {}
    used = {(one.ref.group, one.ref.kind) for one in objects}

    def at(phase: Phase, number: int, part: int) -> Step:
        key = Key(PHASES.index(phase), number, part)
        return found.setdefault(key, Step(key))

    for one in objects:
        at(Phase.SYNC, wave(one.manifest), _part(one, used, staged)).objects.append(one)
    for number, documents in apps.items():
        at(Phase.SYNC, number, REST).apps.extend(documents)
    for each in hooks:
        for phase in each.phases:
            at(phase, wave(each.rendered.manifest), REST).hooks.append(each)
    for one_gone in (one for one in gone if not one.last):
        at(Phase.SYNC, one_gone.wave, LAST_DEFINITIONS if is_definition(one_gone.ref) else REST).prune.append(one_gone)
    final = max((key.wave for key in found if PHASES[key.phase] is Phase.SYNC), default=-1) + 1
    for one_gone in (one for one in gone if one.last):
        at(Phase.SYNC, final, LAST_DEFINITIONS if is_definition(one_gone.ref) else REST).prune.append(one_gone)
    return [
        found[key]
        for key in sorted(found)
        if PHASES[key.phase] in (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC, Phase.SYNC_FAIL)
    ]


def removal(hooks: Sequence[Hook], owned: Mapping[Ref, tuple[str, Manifest | None]]) -> list[Step]:
    """Return the steps that delete an app: the exact reverse of its sync, between its PreDelete and PostDelete hooks.

    The places of the DELETE phase count the waves downwards, so that they sort as they go.
    """
    found: dict[Key, Step] = {}
    for each in hooks:
        for phase in set(each.phases) & {Phase.PRE_DELETE, Phase.POST_DELETE}:
            key = Key(PHASES.index(phase), wave(each.rendered.manifest), REST)
            found.setdefault(key, Step(key)).hooks.append(each)
    for ref, (version, manifest) in owned.items():
        part = LAST_DEFINITIONS if is_definition(ref) else REST
        key = Key(PHASES.index(Phase.DELETE), -_live_wave(manifest), part)
        found.setdefault(key, Step(key)).prune.append(Stale(ref, version, key.wave))
    return [found[key] for key in sorted(found)]


def is_definition(ref: Ref) -> bool:
    """Whether others cannot be without it: a namespace or the definition of a kind."""
    return (ref.group, ref.kind) in (("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"))


def _part(one: Rendered, used: set[tuple[str, str]], staged: bool) -> int:
    if staged:
        if is_definition(one.ref) or (one.ref.group, one.ref.kind) == ("rbac.authorization.k8s.io", "ClusterRole"):
            return DEFINITIONS
        return CLASSES if one.ref.kind.endswith("Class") else REST
    return DEFINITIONS if defines(one.manifest) in used else REST


def defines(manifest: Manifest) -> tuple[str, str] | None:
    """Return the (group, kind) that a CustomResourceDefinition defines, ``None`` for any other object."""
    spec = manifest.get("spec")
    if manifest.get("kind") != "CustomResourceDefinition" or not isinstance(spec, dict):
        return None
    names = spec.get("names")
    return str(spec.get("group")), str(names.get("kind") if isinstance(names, dict) else None)


def _live_wave(manifest: Manifest | None) -> int:
    try:
        return wave(manifest) if manifest else 0
    except ValueError:
        return 0
