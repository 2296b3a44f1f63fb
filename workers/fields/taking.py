"""Objects that were applied by something else before us: which of their fields become ours. Pure.

Whoever writes a whole object from a file owns its fields, and a field that leaves the file is theirs to remove. When
Hookline takes such an object over, their entries of managedFields are merged into ours, so that a field that is not
in Git goes with the next apply, like it would have with them. Entries of controllers, of subresources and of people
who set single fields (``kubectl edit``, ``patch``, ``scale``) stay what they are.

Source: KEP-555 (server-side apply), "Upgrading from client-side apply".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workers.fields.managed import FieldSet, apply_entry, entries

if TYPE_CHECKING:
    from workers.model import Manifest

WRITERS: Final = frozenset(
    {
        "kubectl-client-side-apply",
        "kubectl-create",
        "kubectl-replace",
        "kubectl-last-applied",
        "before-first-apply",
        "Helm",
        "helm",
        "helm-controller",
        "argocd-controller",
        "argocd-application-controller",
        "kustomize-controller",
    }
)
"""Field managers that write whole objects from files; ``kubectl`` is one where it applies."""


def writers(manifest: Manifest) -> tuple[str, ...]:
    """Return the field managers whose fields are to become ours, sorted."""
    return tuple(sorted({str(entry["manager"]) for entry in entries(manifest) if is_taken(entry)}))


def is_writer(manager: str) -> bool:
    """Whether what ``manager`` owns is taken over where we want the field."""
    return manager in WRITERS or manager == "kubectl"


def taken_over(manifest: Manifest, manager: str = "hookline", *, merge: bool = True) -> list[dict[str, Any]] | None:
    """Return managedFields in which the fields of the writers are ``manager``'s; ``None`` when there are no writers.

    Entries of another apiVersion than ours cannot be merged: their fields belong to nobody then. Without ``merge``,
    all of the writers' fields belong to nobody.
    """
    known = entries(manifest)
    theirs = [entry for entry in known if is_taken(entry)]
    if not theirs:
        return None
    ours = apply_entry(manifest, manager)
    kept = [entry for entry in known if entry is not ours and not is_taken(entry)]
    if not merge:
        return [*kept, ours] if ours else kept
    latest = ours or max(theirs, key=lambda entry: str(entry.get("time", "")))
    tree: FieldSet = {}
    for entry in ([ours] if ours else []) + theirs:
        if entry["apiVersion"] == latest["apiVersion"]:
            tree = merged(tree, entry["fieldsV1"]) if tree else entry["fieldsV1"]
    mine = {**latest, "manager": manager, "operation": "Apply", "fieldsV1": tree}
    return [*kept, mine]


def merged(one: FieldSet, other: FieldSet) -> FieldSet:
    """Return the union of two FieldsV1 trees; an empty node is the thing itself."""
    if not one or not other:
        whole = one or other
        return {".": {}, **whole} if whole else {}
    return {
        key: merged(one[key], other[key]) if key in one and key in other else one.get(key, other.get(key))
        for key in [*one, *(key for key in other if key not in one)]
    }


def is_taken(entry: dict[str, Any]) -> bool:
    """Whether an entry of managedFields is one of a writer, and so becomes ours."""
    if entry.get("subresource"):
        return False
    return entry.get("manager") in WRITERS or (entry.get("manager") == "kubectl" and entry.get("operation") == "Apply")
