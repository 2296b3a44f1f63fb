"""Stage ``diff``: what the cluster must change to be as wanted, found without changing it.

The live objects of an app come from one LIST per kind. An object whose rendering and whose accepted fields are
as they were at the last apply is unchanged and costs nothing more; every other one is tried by a server-side
dry-run, which also validates it, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from workers import atonce, fields, ignored, inventory, kube, trying
from workers.errors import AuthorError
from workers.model import Action, Change, Manifest, Owned, Ref, Rendered
from workers.options import Options
from workers.policies import Ignored
from workers.trying import MissingKind, Take


@dataclass(frozen=True, slots=True)
class Difference:
    """The plan of one sync: a change per wanted object."""

    changes: dict[Ref, Change]

    @property
    def written(self) -> tuple[Change, ...]:
        """The changes that need a write."""
        return tuple(change for change in self.changes.values() if change.action is not Action.UNCHANGED)

    @property
    def writes(self) -> set[Ref]:
        """The objects that need a write."""
        return {change.ref for change in self.written}


def live_objects(
    client: kube.Client,
    applyset: str,
    kinds: Sequence[tuple[str, str, str]],
    parallel: int,
    seen: str = "",
    barred: set[tuple[str, str]] | None = None,
    ask: Callable[[kube.Resource], list[Manifest]] | None = None,
) -> dict[Ref, Manifest]:
    """Return every live object labelled as part of ``applyset``, by one LIST per (group, version, kind).

    ``seen`` is the resourceVersion of the app's last write, than which nothing read may be older. With ``barred``, the
    (group, kind) of what may not be listed is put there; without, that raises. ``ask`` may be what knows the objects of
    a kind without a LIST for this app alone.
    """

    def one(kind: tuple[str, str, str]) -> list[tuple[Ref, Manifest]]:
        group, version, name = kind
        try:
            resource = client.resource(group, name, version)
            selector = f"{inventory.PART_OF}={applyset}"
            items = ask(resource) if ask else client.list(resource, selector=selector, seen=seen).items
        except kube.UnknownKind:
            return []  # its CRD is in the same set, or is gone: either way nothing of it is live
        except kube.Forbidden:
            if barred is None:
                raise
            barred.add((group, name))
            return []
        return [
            (Ref(group, name, item["metadata"].get("namespace", ""), item["metadata"]["name"]), item) for item in items
        ]

    return {ref: item for found in atonce.each(one, kinds, parallel) for ref, item in found}


def is_settled(rendered: Rendered, live: Manifest | None, known: Owned | None, rules: Sequence[Ignored] = ()) -> bool:
    """Whether nothing moved since the last apply: same rendering, same accepted digest of the live object. Pure."""
    if live is None or known is None or not known.accepted or "deletionTimestamp" in live["metadata"]:
        return False
    if fields.writers(live):
        return False
    return known.rendered == ignored.rendered_digest(rendered) and ignored.is_accepted(
        known.accepted, live, rules, rendered.ref
    )


def compare(
    client: kube.Client,
    applyset: str,
    wanted: Sequence[Rendered],
    live: Mapping[Ref, Manifest],
    known: Mapping[Ref, Owned],
    how: Mapping[Ref, Options],
    rules: Sequence[Ignored],
    force: bool,
    parallel: int,
    take: Take,
    spared: Collection[Ref] = (),
) -> Difference:
    """Return what each wanted object needs. Raises the first refusal, naming file, object and field; writes nothing.

    ``how`` has the options of every object, ``rules`` the fields whose difference does not count. ``take`` is asked
    for every object that carries the label of another ApplySet, with that label, and raises unless it may be ours.
    What is ``spared`` is not going to be written: what is wrong with it fails nothing.
    """
    dry = client.dry()
    comes = coming([rendered for rendered in wanted if rendered.ref not in live])

    def one(rendered: Rendered) -> Change:
        options = how[rendered.ref]
        if options.ignore or (options.once and rendered.ref in live):
            return Change(rendered.ref, Action.UNCHANGED)
        if is_settled(rendered, live.get(rendered.ref), known.get(rendered.ref), rules):
            return Change(rendered.ref, Action.UNCHANGED)
        if rendered.ref not in live and comes(rendered.ref):
            return Change(rendered.ref, Action.CREATED)
        try:
            return trying.tried(dry, applyset, rendered, live.get(rendered.ref), options, force, take, rules).change
        except MissingKind:
            return Change(rendered.ref, Action.CREATED)
        except AuthorError:
            if rendered.ref not in spared:
                raise
            return Change(rendered.ref, Action.UNCHANGED if rendered.ref in live else Action.CREATED)

    return Difference({change.ref: change for change in atonce.each(one, wanted, parallel)})


def coming(new: Sequence[Rendered]) -> Callable[[Ref], bool]:
    """Return whether an object's namespace or kind is among the ``new`` ones: then no dry-run can know it yet."""
    namespaces = {rendered.ref.name for rendered in new if (rendered.ref.group, rendered.ref.kind) == ("", "Namespace")}
    kinds = {
        (spec.get("group"), (spec.get("names") or {}).get("kind"))
        for rendered in new
        if rendered.ref.kind == "CustomResourceDefinition" and isinstance(spec := rendered.manifest.get("spec"), dict)
    }
    return lambda ref: ref.namespace in namespaces or (ref.group, ref.kind) in kinds
