"""Phases, waves and hooks: what an object's annotations say of when it is written. Pure.

The words are Argo CD's ("Sync Phases and Waves" and "Resource Hooks" in its user guide), and Helm's as Argo CD
understands them ("Helm Hooks" there): what Helm calls a hook is one of ours unless the object names one of ours.
"""

from __future__ import annotations

import re
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
HELM_HOOK: Final = "helm.sh/hook"
HELM_POLICY: Final = "helm.sh/hook-delete-policy"
HELM_WEIGHT: Final = "helm.sh/hook-weight"
CRD_INSTALL: Final = "crd-install"
"""What Helm 2 said of a definition, which is no hook."""


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


OF_HELM: Final[dict[str, Phase]] = {
    "pre-install": Phase.PRE_SYNC,
    "pre-upgrade": Phase.PRE_SYNC,
    "post-install": Phase.POST_SYNC,
    "post-upgrade": Phase.POST_SYNC,
    "pre-delete": Phase.PRE_DELETE,
    "post-delete": Phase.POST_DELETE,
}
"""Helm's hooks that run; every other one (rollbacks, tests) is left out, as in Argo CD."""
POLICIES_OF_HELM: Final[dict[str, Policy]] = {
    "hook-succeeded": Policy.SUCCEEDED,
    "hook-failed": Policy.FAILED,
    "before-hook-creation": Policy.BEFORE_CREATION,
}


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
    """Return the wave of an object, 0 when it names none. Raises :class:`ValueError` with one sentence.

    Helm's weight of a hook stands in for it; one that is no whole number counts as 0 (as in Argo CD).
    """
    text = _annotation(manifest, WAVE)
    if not text:
        weight = _annotation(manifest, HELM_WEIGHT)
        return int(weight) if re.fullmatch(r"[+-]?[0-9]{1,9}", weight) else 0
    try:
        found = int(text)
    except ValueError:
        found = 2**31
    if not -(2**31) < found < 2**31:
        raise ValueError(f"annotation {WAVE}: expected a whole number in quotes, such as '1'")
    return found


def hook(rendered: Rendered, *, helm: bool = True) -> Hook | None:
    """Return what kind of hook an object is, ``None`` for one that is none; ``helm`` is whether Helm's count.

    ``Skip`` makes a hook without a phase: nothing ever writes it. Raises :class:`ValueError` with one sentence.
    """
    words = _words(rendered.manifest, HOOK)
    if not words:
        return _of_helm(rendered) if helm else None
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


def _of_helm(rendered: Rendered) -> Hook | None:
    """Return what Helm's annotations make of an object; a hook that never runs has no phase."""
    words = _words(rendered.manifest, HELM_HOOK)
    if not words or words == [CRD_INSTALL]:
        return None
    policies = [POLICIES_OF_HELM.get(word) for word in _words(rendered.manifest, HELM_POLICY)]
    return Hook(
        rendered,
        tuple(dict.fromkeys(OF_HELM[word] for word in words if word in OF_HELM)),
        frozenset(policy for policy in policies if policy) or frozenset({Policy.BEFORE_CREATION}),
    )


def split(rendered: Iterable[Rendered], *, helm: bool = True) -> tuple[list[Rendered], list[Hook]]:
    """Return (objects to keep, hooks to run); ``helm`` is whether Helm's hooks count.

    Raises :class:`BadDocument` naming file, line and annotation.
    """
    objects: list[Rendered] = []
    hooks: list[Hook] = []
    for one in rendered:
        try:
            found = hook(one, helm=helm)
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
