"""Stage ``diff``: what the cluster must change to be as wanted, found without changing it.

The live objects of an app come from one LIST per kind. An object whose rendering and whose accepted fields are
as they were at the last apply is unchanged and costs nothing more; every other one is tried by a server-side
dry-run, which also validates it, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from workers import fields, ignored, immutable, inventory, kube, manifests, masking, writing
from workers.errors import HooklineError, ObjectConflict, ObjectRefused
from workers.model import Action, Change, Manifest, Owned, Ref, Rendered
from workers.options import Options
from workers.policies import Ignored

Take = Callable[[Rendered, str], None]


class MissingKind(Exception):
    """The kind is not served yet, and the object says that it will be."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The plan of one sync: a change per wanted object, and what was live under the app's label."""

    changes: dict[Ref, Change]
    live: dict[Ref, Manifest]

    @property
    def writes(self) -> set[Ref]:
        """The objects that need a write."""
        return {ref for ref, change in self.changes.items() if change.action is not Action.UNCHANGED}


def live_objects(
    client: kube.Client, applyset: str, kinds: Sequence[tuple[str, str, str]], parallel: int, seen: str = ""
) -> dict[Ref, Manifest]:
    """Return every live object labelled as part of ``applyset``, by one LIST per (group, version, kind).

    ``seen`` is the resourceVersion of the app's last write, than which nothing read may be older.
    """

    def one(kind: tuple[str, str, str]) -> list[tuple[Ref, Manifest]]:
        group, version, name = kind
        try:
            resource = client.resource(group, name, version)
        except kube.UnknownKind:
            return []  # its CRD is in the same set, or is gone: either way nothing of it is live
        listing = client.list(resource, selector=f"{inventory.PART_OF}={applyset}", seen=seen)
        return [
            (
                Ref(group, name, item["metadata"].get("namespace", ""), item["metadata"]["name"]),
                item,
            )
            for item in listing.items
        ]

    with ThreadPoolExecutor(parallel) as pool:
        return {ref: item for found in pool.map(one, kinds) for ref, item in found}


def is_settled(rendered: Rendered, live: Manifest | None, known: Owned | None, rules: Sequence[Ignored] = ()) -> bool:
    """Whether nothing moved since the last apply: same rendering, same accepted digest of the live object. Pure."""
    if live is None or known is None or not known.accepted or "deletionTimestamp" in live["metadata"]:
        return False
    if fields.writers(live):
        return False
    return known.rendered == manifests.rendered_digest(rendered.manifest) and known.accepted == fields.digest(
        ignored.without(live, rules, rendered.ref)
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
) -> Difference:
    """Return what each wanted object needs. Raises the first refusal, naming file, object and field; writes nothing.

    ``how`` has the options of every object, ``rules`` the fields whose difference does not count. ``take`` is asked
    for every object that carries the label of another ApplySet, with that label, and raises unless it may be ours.
    """
    dry = client.dry()
    coming = _coming([rendered for rendered in wanted if rendered.ref not in live])

    def one(rendered: Rendered) -> Change:
        options = how[rendered.ref]
        if options.ignore or (options.once and rendered.ref in live):
            return Change(rendered.ref, Action.UNCHANGED)
        if is_settled(rendered, live.get(rendered.ref), known.get(rendered.ref), rules):
            return Change(rendered.ref, Action.UNCHANGED)
        if rendered.ref not in live and coming(rendered.ref):
            return Change(rendered.ref, Action.CREATED)
        try:
            return tried(dry, applyset, rendered, live.get(rendered.ref), options, force, take)
        except MissingKind:
            return Change(rendered.ref, Action.CREATED)

    with ThreadPoolExecutor(parallel) as pool:
        changes = list(pool.map(one, wanted))
    return Difference({change.ref: change for change in changes}, dict(live))


def tried(
    dry: kube.Client, applyset: str, rendered: Rendered, live: Manifest | None, how: Options, force: bool, take: Take
) -> Change:
    """Try one object by dry-run. ``dry`` must be a dry client; ``live`` is what the app's label found, if anything.

    Raises :class:`MissingKind` for a kind that is not served where the options say not to mind.
    """
    if not dry.dry_run:
        raise ValueError("a plan is made with a dry client only")
    owned = manifests.with_owner(rendered.manifest, applyset)
    with located(rendered):
        try:
            applied = writing.write(dry, owned, live, how, force=force)
        except ObjectConflict:
            if live is not None:
                raise
            live = _adopted(dry, applyset, rendered, take)  # its managers may be such that give way
            applied = writing.write(dry, owned, live, how, force=force)
        except kube.ImmutableField as error:
            raise immutable.explained(error, owned, live or writing.get(dry, owned)) from None
        except kube.UnknownKind as error:
            if how.skip_missing:
                raise MissingKind(str(error)) from None
            raise
    if applied.created:
        return Change(rendered.ref, Action.CREATED)
    if live is None:
        live = _adopted(dry, applyset, rendered, take)
        if how.once:
            return Change(rendered.ref, Action.UNCHANGED)
    return _changed(rendered.ref, live or {}, applied.manifest)


def _changed(ref: Ref, live: Manifest, wanted: Manifest) -> Change:
    taken = [f"fields of {name}" for name in fields.writers(live)]
    if live and not taken and fields.semantically_equal(live, wanted):
        return Change(ref, Action.UNCHANGED)
    return Change(ref, Action.CONFIGURED, (*masking.change_fields(live, wanted), *taken))


def _adopted(dry: kube.Client, applyset: str, rendered: Rendered, take: Take) -> Manifest | None:
    """Return the live object without our label; ``take`` raises when it carries another one and may not be ours."""
    group, _, version = rendered.manifest["apiVersion"].rpartition("/")
    live: Manifest | None = dry.get(
        dry.resource(group, rendered.ref.kind, version), rendered.ref.namespace, rendered.ref.name
    )
    owner = ((live or {}).get("metadata", {}).get("labels") or {}).get(inventory.PART_OF)
    if owner and owner != applyset:
        take(rendered, owner)
    return live


def _coming(new: Sequence[Rendered]) -> Callable[[Ref], bool]:
    """Return whether an object's namespace or kind is among the ``new`` ones: then no dry-run can know it yet."""
    namespaces = {rendered.ref.name for rendered in new if (rendered.ref.group, rendered.ref.kind) == ("", "Namespace")}
    kinds = {
        (spec.get("group"), (spec.get("names") or {}).get("kind"))
        for rendered in new
        if rendered.ref.kind == "CustomResourceDefinition" and isinstance(spec := rendered.manifest.get("spec"), dict)
    }
    return lambda ref: ref.namespace in namespaces or (ref.group, ref.kind) in kinds


class located:  # noqa: N801 -- used as a verb: with located(rendered): ...
    """Name the file in every refusal raised inside the block."""

    def __init__(self, rendered: Rendered) -> None:
        self._rendered = rendered

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise a refusal again with the file in front; let everything else pass."""
        if isinstance(error, ObjectRefused):
            raise ObjectRefused(f"{self._rendered.origin}: {error}", error.field) from error
        if isinstance(error, kube.UnknownKind):
            raise ObjectRefused(f"{self._rendered.origin}: {error}") from error
        if isinstance(error, HooklineError):
            return
