"""Stage ``prune``: delete what the app owns and no longer wants, carefully, in the reverse order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping

import structlog

from workers import kube, manifests, options
from workers.apps import App
from workers.errors import AuthorError, HooklineError
from workers.model import Manifest, Ref
from workers.options import Consent, Propagation

log = structlog.get_logger()

_FEW = 10
"""Below so many objects, a share of them means little."""
_TRIES = 5
"""How often an object that keeps changing is read anew before it is left for the next sync."""


def stale(owned: Mapping[Ref, str], wanted: Mapping[Ref, str]) -> dict[Ref, str]:
    """Return the owned objects that are no longer wanted. Pure."""
    return {ref: version for ref, version in owned.items() if ref not in wanted}


def guard(app: App, owned: Mapping[Ref, str], wanted: Mapping[Ref, str], *, declares: bool = False) -> None:
    """Refuse a sync that would empty the app: more often a wrong path than a wish. Pure.

    ``declares`` is whether it declares apps, and so is not empty.
    """
    if owned and not wanted and not declares and not app.allow_empty:
        raise AuthorError(
            f"{app.path} of {app.url} renders to nothing, which would delete all {len(owned)} objects of {app.name}: "
            "set syncPolicy.automated.allowEmpty if that is meant"
        )


def is_mass(going: int, owned: int, most: int, percent: float) -> bool:
    """Whether so many deletions at once need a person's word: more than ``most``, or of ten objects at least more than
    ``percent`` of all that is ``owned``. Pure.
    """
    return going > most or (owned >= _FEW and going * 100 > owned * percent)


def note(app: App, unwanted: Iterable[Ref], live: Mapping[Ref, Manifest], kept: Collection[Ref]) -> str:
    """Return what a success adds about objects that are no longer wanted and stay, "" for nothing. Pure."""
    left = [ref for ref in unwanted if ref in kept and ref in live] if app.prune else []
    volumes = sorted(ref for ref in left if is_volume(ref) and consent(app, live[ref]) == "false")
    waits = sorted(ref for ref in left if consent(app, live[ref]) != "false")
    said = ""
    if waits:
        said += f"; {len(waits)} to be deleted once that is approved (hookline approve {app.name}): {waits[0]}"
    if volumes:
        said += f"; {len(volumes)} kept with its data until Prune=true says otherwise: {volumes[0]}"
    return said


def is_volume(ref: Ref) -> bool:
    """Whether data goes with the object."""
    return (ref.group, ref.kind) in options.VOLUMES


def consent(app: App, manifest: Manifest) -> Consent:
    """Return whether a live object may be pruned, in its own words or its app's. Pure.

    What nobody understands keeps the object.
    """
    try:
        said = options.of(manifest, app.options)
    except ValueError:
        return "false"
    return "false" if said.ignore else options.consent(manifest, said.prune)


def unconfirmed(app: App, unwanted: Iterable[Ref], live: Mapping[Ref, Manifest]) -> list[Ref]:
    """Return the objects that go only when a person says so. Pure."""
    return [ref for ref in unwanted if ref in live and consent(app, live[ref]) == "confirm"]


def delete(
    client: kube.Client,
    propagation: Propagation,
    unwanted: Mapping[Ref, str],
    live: Mapping[Ref, Manifest],
    kept: Collection[Ref],
    check: Callable[[], None],
) -> list[Ref]:
    """Delete ``unwanted``, the last first, and return what went or is on its way.

    ``live`` holds the objects that carry the app's label: one that is not there is gone, or was taken over by
    somebody else, and is let go without a touch. What is in ``kept`` or cannot be deleted stays.
    """
    gone: list[Ref] = []
    for ref in manifests.prune_order(unwanted):
        manifest = live.get(ref)
        if (
            manifest is not None
            and ref not in kept
            and _deleted(client, propagation, ref, unwanted[ref], manifest, check)
        ):
            gone.append(ref)
    return gone


def _deleted(
    client: kube.Client, propagation: Propagation, ref: Ref, version: str, manifest: Manifest, check: Callable[[], None]
) -> bool:
    check()
    try:
        resource = client.resource(ref.group, ref.kind, version)
        return _gone(client, resource, propagation, ref, manifest)
    except HooklineError as error:
        log.warning("not pruned", object=str(ref), reason=str(error))
        return False


def _gone(client: kube.Client, resource: kube.Resource, propagation: str, ref: Ref, manifest: Manifest) -> bool:
    """Delete this very object, as long as it is the app's; one that another app took over meanwhile is let be."""
    owner, current = _owner(manifest), manifest
    for _ in range(_TRIES):
        metadata = current["metadata"]
        with contextlib.suppress(kube.StaleObject):
            client.delete(resource, ref.namespace, ref.name, propagation, metadata["uid"], metadata["resourceVersion"])
            return True
        found = client.get(resource, ref.namespace, ref.name)
        if found is None or _owner(found) != owner or found["metadata"]["uid"] != metadata["uid"]:
            return found is None
        current = found
    return False


def _owner(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(manifests.OWNER_LABEL, ""))
