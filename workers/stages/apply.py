"""Stage ``apply``: write what differs by server-side apply, in order, equals in parallel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from workers import fields, kube, manifests
from workers.errors import ClusterUnreachable
from workers.model import Manifest, Owned, Ref, Rendered


def changes(
    client: kube.Client,
    applyset: str,
    wanted: Sequence[Rendered],
    writes: set[Ref],
    force: bool,
    parallel: int,
    check: Callable[[], None],
) -> dict[Ref, Manifest]:
    """Apply the objects of ``wanted`` that are in ``writes``; return each as the API server accepted it.

    ``check`` is asked before every write and may raise (a lost lease). All of a group is tried; the first
    refusal is raised after it, and later groups are not begun.
    """
    accepted: dict[Ref, Manifest] = {}

    def one(rendered: Rendered) -> Exception | None:
        try:
            check()
            accepted[rendered.ref] = client.apply(
                manifests.with_owner(rendered.manifest, applyset), force=force
            ).manifest
        except kube.UnknownKind:
            return ClusterUnreachable(f"{rendered.origin}: the API server does not serve {rendered.ref.kind} yet")
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(parallel) as pool:
        for group in manifests.apply_groups([rendered for rendered in wanted if rendered.ref in writes]):
            for error in list(pool.map(one, group)):
                if error:
                    raise error
    return accepted


def owned(wanted: Sequence[Rendered], accepted: Mapping[Ref, Manifest], live: Mapping[Ref, Manifest]) -> list[Owned]:
    """Return the digests to know each object by next time, of what was accepted now or was live and unchanged. Pure."""
    found = []
    for rendered in wanted:
        manifest = accepted.get(rendered.ref) or live.get(rendered.ref)
        version = rendered.manifest["apiVersion"].rpartition("/")[2]
        found.append(
            Owned(
                rendered.ref,
                version,
                manifests.rendered_digest(rendered.manifest),
                fields.digest(manifest) if manifest else "",
            )
        )
    return found
