"""One wanted object tried by a server-side dry-run: what writing it would do, found without writing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from workers import changing, ignored, immutable, inventory, kube, manifests, writing
from workers.errors import ObjectConflict
from workers.model import Action, Change, Manifest, Rendered
from workers.options import Options
from workers.policies import Ignored

Take = Callable[[Rendered, str], None]


class MissingKind(Exception):
    """The kind is not served yet, and the object says that it will be."""


class Tried(NamedTuple):
    """What writing an object would do: the change, the object before (``None`` for none) and after.

    ``anew`` is whether it would be deleted and made anew; ``wanted`` is then as in Git, without defaults.
    Both objects may hold secrets.
    """

    change: Change
    live: Manifest | None
    wanted: Manifest
    anew: bool = False


def tried(
    dry: kube.Client,
    applyset: str,
    rendered: Rendered,
    live: Manifest | None,
    how: Options,
    force: bool,
    take: Take,
    rules: Sequence[Ignored] = (),
) -> Tried:
    """Try one object by dry-run. ``dry`` must be a dry client; ``live`` is what the app's label found, if anything.

    A difference in nothing but what ``rules`` ignore is none. Raises :class:`MissingKind` for a kind that is not served
    where the options say not to mind.
    """
    if not dry.dry_run:
        raise ValueError("a plan is made with a dry client only")
    owned = manifests.with_owner(rendered.manifest, applyset)
    try:
        applied = _written(dry, rendered, owned, live, how, force)
    except ObjectConflict:
        if live is not None:
            raise
        live = _adopted(dry, applyset, rendered, take)  # its managers may be such that give way
        owned = ignored.asked(owned, live, rules, rendered.ref, how)
        applied = _written(dry, rendered, owned, live, how, force)
    if applied.created:
        return Tried(Change(rendered.ref, Action.CREATED), None, applied.manifest)
    if live is None:
        live = _adopted(dry, applyset, rendered, take)
        if how.once:
            return Tried(Change(rendered.ref, Action.UNCHANGED), live, applied.manifest)
        kept = ignored.asked(owned, live, rules, rendered.ref, how)
        if kept is not owned:
            applied = _written(dry, rendered, kept, live, how, force)
    change = changing.change(rendered.ref, live or {}, applied.manifest, rules)
    return Tried(change, live, applied.manifest, applied.anew)


def _written(
    dry: kube.Client, rendered: Rendered, owned: Manifest, live: Manifest | None, how: Options, force: bool
) -> kube.Applied:
    with writing.located(rendered):
        try:
            return writing.write(dry, owned, live, how, force=force)
        except kube.ImmutableField as error:
            raise immutable.explained(error, owned, live or writing.get(dry, owned)) from None
        except kube.UnknownKind as error:
            if how.skip_missing:
                raise MissingKind(str(error)) from None
            raise


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
