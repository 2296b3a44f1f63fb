"""Which live objects deserve a look, told by digests; a dry-run says later whether they drifted. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from workers import fields, ignored, manifests
from workers.drift import naming
from workers.errors import HooklineError
from workers.model import Manifest, Owned, Ref
from workers.policies import Ignored
from workers.stages import hooks

MISSING: Final = "missing"
"""What is remembered of an object that was judged to be missing."""
COPIES: Final = frozenset({("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice")})
"""Kinds that controllers make with the labels of another object, not always with an owner."""
COMPARE: Final = "argocd.argoproj.io/compare-options"


def differing(
    owned: Mapping[Ref, Owned], live: Mapping[Ref, Manifest], rules: Sequence[Ignored] = ()
) -> dict[Ref, str]:
    """Return the owned objects that may have drifted, each with a few words; fields that ``rules`` ignore do not count.

    An object without an accepted digest was never seen applied and cannot have drifted.
    """
    found = {}
    for ref, known in owned.items():
        if said := suspected(known, live.get(ref), rules):
            found[ref] = said
    return found


def suspected(known: Owned, manifest: Manifest | None, rules: Sequence[Ignored] = ()) -> str:
    """Return why an owned object may have drifted, in a few words; "" when it is as accepted."""
    if not known.accepted:
        return ""
    if manifest is None:
        return "is missing"
    if "deletionTimestamp" in manifest.get("metadata", {}):
        return "is being deleted"
    if manifest.get("apiVersion", known.version).rpartition("/")[2] != known.version:
        return ""  # digests hold for one version; the list of the other one tells
    try:
        same = ignored.is_accepted(known.accepted, manifest, rules, known.ref)
    except HooklineError as error:
        return f"cannot be compared: {error}"
    return "" if same else f"changed by {naming.last_writer(manifest)}"


def is_extra(ref: Ref, manifest: Manifest) -> bool:
    """Whether an object that carries an app's label and is not on its list was put there by a person: a copy.

    Not what a controller or a hook made, nor what says ``IgnoreExtraneous``, nor what is going away.
    """
    metadata = manifest["metadata"]
    if metadata.get("ownerReferences") or "deletionTimestamp" in metadata or (ref.group, ref.kind) in COPIES:
        return False
    said = str((metadata.get("annotations") or {}).get(COMPARE, "")).split(",")
    return not hooks.made_by(manifest) and "IgnoreExtraneous" not in (word.strip() for word in said)


def seen(manifest: Manifest | None, rules: Sequence[Ignored], ref: Ref) -> str:
    """Return what is remembered of a live object that was judged: our digest of it, then one of all but its status."""
    if manifest is None:
        return MISSING
    leaving = "-leaving" if "deletionTimestamp" in manifest["metadata"] else ""
    try:
        compared = ignored.without(manifest, rules, ref)
    except HooklineError:  # whoever judges says why it cannot be compared
        compared = manifest
    whole = hashlib.sha256(manifests.canonical(fields.comparable(compared))).hexdigest()
    return f"{fields.digest(compared) or '-'}{leaving} {whole}"


def is_news(was: str, now: str, *, thorough: bool) -> bool:
    """Whether a suspect is another one than the one that was judged.

    What others write into an object that is left as it drifted counts only where somebody looks thoroughly: the
    sweep. So a controller that never rests costs one look a sweep.
    """
    return was != now if thorough else was.partition(" ")[0] != now.partition(" ")[0]
