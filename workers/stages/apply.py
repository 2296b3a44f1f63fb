"""Stage ``apply``: write what differs by server-side apply, in order, equals in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from workers import atonce, fields, ignored, kube, manifests, writing
from workers.errors import ClusterUnreachable, ObjectRefused
from workers.model import Action, Manifest, Owned, Ref, Rendered
from workers.options import Options
from workers.policies import Ignored


def changes(
    client: kube.Client,
    applyset: str,
    wanted: Sequence[Rendered],
    writes: Mapping[Ref, Action],
    live: dict[Ref, Manifest],
    how: Mapping[Ref, Options],
    force: bool,
    parallel: int,
    check: Callable[[], None],
    rules: Sequence[Ignored] = (),
) -> dict[Ref, Manifest]:
    """Write the objects of ``wanted`` that are in ``writes``; return each as the API server accepted it.

    That takes its place in ``live`` as well, at once: thousands are not to be in memory as they were and as they are.
    One that is there without the app's label (``writes`` says ``configured``, ``live`` has none) is read first.
    ``how`` has the options of every object, ``rules`` the fields that others write. ``check`` is asked before every
    write and may raise (a lost lease). All of a group is tried; the first refusal is raised after it, and later groups
    are not begun.
    """
    accepted: dict[Ref, Manifest] = {}

    def one(rendered: Rendered) -> Exception | None:
        try:
            check()
            owned = manifests.with_owner(rendered.manifest, applyset)
            before = live.get(rendered.ref)
            if before is None and writes[rendered.ref] is Action.CONFIGURED:
                before = writing.get(client, owned)
                owned = ignored.asked(owned, before, rules, rendered.ref, how[rendered.ref])
            done = writing.write(client, owned, before, how[rendered.ref], force=force)
            accepted[rendered.ref] = live[rendered.ref] = done.manifest
        except ObjectRefused as error:
            return ObjectRefused(f"{rendered.origin}: {error}", error.field)
        except kube.UnknownKind:
            return ClusterUnreachable(f"{rendered.origin}: the API server does not serve {rendered.ref.kind} yet")
        except Exception as error:
            return error
        return None

    for group in manifests.apply_groups([rendered for rendered in wanted if rendered.ref in writes]):
        for error in atonce.each(one, group, parallel):
            if error:
                raise error
    return accepted


def owned(
    wanted: Sequence[Rendered],
    accepted: Mapping[Ref, Manifest],
    unchanged: Mapping[Ref, Manifest],
    known: Mapping[Ref, Owned],
    how: Mapping[Ref, Options],
    rules: Sequence[Ignored] = (),
) -> list[Owned]:
    """Return the digests to know each object by next time. Pure.

    Of what was ``accepted`` now, else of what was live and found ``unchanged``, else as ``known`` before. An object
    that is left alone once it is there has none: what becomes of it is nobody's drift.
    """
    found = []
    for rendered in wanted:
        manifest = accepted.get(rendered.ref) or unchanged.get(rendered.ref)
        if manifest is None:
            if rendered.ref in known:
                found.append(known[rendered.ref])
            continue
        version = rendered.manifest["apiVersion"].rpartition("/")[2]
        free = how[rendered.ref].once or how[rendered.ref].ignore
        digest = "" if free else ignored.accepted(manifest, rules, rendered.ref)
        ownership = "" if free else fields.ownership(manifest)
        found.append(Owned(rendered.ref, version, ignored.rendered_digest(rendered), digest, ownership))
    return found
