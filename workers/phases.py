"""Phases, waves and hooks: what an object's annotations say of when it is written. Pure.

The words are Argo CD's ("Sync Phases and Waves" and "Resource Hooks" in its user guide).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workers.errors import BadDocument
from workers.model import Manifest, Ref, Rendered

HOOK: Final = "argocd.argoproj.io/hook"
POLICY: Final = "argocd.argoproj.io/hook-delete-policy"
WAVE: Final = "argocd.argoproj.io/sync-wave"
SKIP: Final = "Skip"


class Phase(StrEnum):
    """The phases of a sync and of an app's deletion, in order."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"
    PRE_DELETE = "PreDelete"
    DELETE = "Delete"
    POST_DELETE = "PostDelete"


PHASES: Final = tuple(Phase)


class Policy(StrEnum):
    """When a hook's object is deleted again."""

    SUCCEEDED = "HookSucceeded"
    FAILED = "HookFailed"
    BEFORE_CREATION = "BeforeHookCreation"


@dataclass(frozen=True, slots=True)
class Hook:
    """An object that a phase runs rather than keeps."""

    rendered: Rendered
    phases: tuple[Phase, ...]
    policies: frozenset[Policy]

    @property
    def ref(self) -> Ref:
        """The identity of the hook's object."""
        return self.rendered.ref


def wave(manifest: Manifest) -> int:
    """Return the wave of an object, 0 when it names none. Raises :class:`ValueError` with one sentence."""
    text = _annotation(manifest, WAVE)
    if not text:
        return 0
    try:
        found = int(text)
    except ValueError:
        found = 2**31
    if not -(2**31) < found < 2**31:
        raise ValueError(f"annotation {WAVE}: expected a whole number in quotes, such as '1'")
    return found


def hook(rendered: Rendered) -> Hook | None:
    """Return what kind of hook an object is, ``None`` for one that is none.

    ``Skip`` makes a hook without a phase: nothing ever writes it. Raises :class:`ValueError` with one sentence.
    """
    words = _words(rendered.manifest, HOOK)
    if not words:
        return None
    known: dict[str, Phase] = {phase.value: phase for phase in Phase if phase is not Phase.DELETE}
    unknown = [word for word in words if word not in known and word != SKIP]
    if unknown or (SKIP in words and len(words) > 1):
        named = f"unknown hook {unknown[0]}" if unknown else "Skip stands alone"
        raise ValueError(f"annotation {HOOK}: {named}; expected some of {', '.join(known)}, or {SKIP}")
    policies = _words(rendered.manifest, POLICY)
    wrong = [word for word in policies if word not in set(Policy)]
    if wrong:
        raise ValueError(f"annotation {POLICY}: unknown policy {wrong[0]}; expected some of {', '.join(Policy)}")
    return Hook(
        rendered,
        tuple(known[word] for word in words if word != SKIP),
        frozenset(Policy(word) for word in policies) or frozenset({Policy.BEFORE_CREATION}),
    )


def split(rendered: Iterable[Rendered]) -> tuple[list[Rendered], list[Hook]]:
    """Return (objects to keep, hooks to run). Raises :class:`BadDocument` naming file, line and annotation."""
    objects: list[Rendered] = []
    hooks: list[Hook] = []
    for one in rendered:
        try:
            found = hook(one)
            wave(one.manifest)
        except ValueError as error:
            raise BadDocument(f"{one.ref}: {error}", one.file, one.line) from None
        if found is None:
            objects.append(one)
        elif found.phases:
            hooks.append(found)
    return objects, hooks


def _annotation(manifest: Manifest, name: str) -> str:
    metadata: Any = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return str(annotations.get(name) or "") if isinstance(annotations, dict) else ""


def _words(manifest: Manifest, name: str) -> list[str]:
    return [word.strip() for word in _annotation(manifest, name).split(",") if word.strip()]
