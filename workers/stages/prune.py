"""Stage ``prune``: delete what the app owns and no longer wants, carefully, in the reverse order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import structlog

from workers import kube, manifests, options
from workers.apps import App
from workers.errors import AuthorError, HooklineError
from workers.model import Manifest, Ref
from workers.options import Consent, Propagation

log = structlog.get_logger()


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


def consent(app: App, manifest: Manifest) -> Consent:
    """Return whether a live object may be pruned, in its own words or its app's. Pure.

    What nobody understands keeps the object.
    """
    try:
        said = options.of(manifest, app.options)
    except ValueError:
        return "false"
    return "false" if said.ignore else said.prune


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
        client.delete(resource, ref.namespace, ref.name, propagation=propagation, uid=manifest["metadata"]["uid"])
    except HooklineError as error:
        log.warning("not pruned", object=str(ref), reason=str(error))
        return False
    return True
