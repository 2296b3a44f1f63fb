"""Stage ``prune``: delete what the app owns and no longer wants, carefully, in the reverse order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from workers import kube, manifests
from workers.apps import App
from workers.errors import AuthorError, HooklineError
from workers.model import Manifest, Ref

log = structlog.get_logger()

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"


def stale(owned: Mapping[Ref, str], wanted: Mapping[Ref, str]) -> dict[Ref, str]:
    """Return the owned objects that are no longer wanted. Pure."""
    return {ref: version for ref, version in owned.items() if ref not in wanted}


def guard(app: App, owned: Mapping[Ref, str], wanted: Mapping[Ref, str]) -> None:
    """Refuse a sync that would empty the app: more often a wrong path than a wish. Pure."""
    if owned and not wanted and not app.allow_empty:
        raise AuthorError(
            f"{app.path} of {app.url} renders to nothing, which would delete all {len(owned)} objects of {app.name}: "
            "set syncPolicy.automated.allowEmpty if that is meant"
        )


def keeps(manifest: Manifest) -> bool:
    """Whether a live object says that it is not to be pruned, in Argo CD's or Flux's words. Pure."""
    annotations = manifest["metadata"].get("annotations") or {}
    options = {part.strip() for part in str(annotations.get(SYNC_OPTIONS, "")).split(",")}
    return "Prune=false" in options or str(annotations.get(FLUX_PRUNE, "")).lower() == "disabled"


def delete(
    client: kube.Client,
    app: App,
    unwanted: Mapping[Ref, str],
    live: Mapping[Ref, Manifest],
    check: Callable[[], None],
) -> tuple[list[Ref], dict[Ref, str]]:
    """Delete ``unwanted`` and return (what went, what survived and is still owned).

    ``live`` holds the objects that carry the app's label: one that is not there is gone, or was taken over by
    somebody else, and is let go without a touch. What must not or could not be deleted survives.
    """
    if not app.prune:
        return [], {ref: version for ref, version in unwanted.items() if ref in live}
    gone: list[Ref] = []
    survivors: dict[Ref, str] = {}
    for ref in manifests.prune_order(unwanted):
        manifest = live.get(ref)
        if manifest is None:
            continue
        if keeps(manifest) or not _deleted(client, app, ref, unwanted[ref], manifest, check):
            survivors[ref] = unwanted[ref]
        else:
            gone.append(ref)
    return gone, survivors


def _deleted(
    client: kube.Client, app: App, ref: Ref, version: str, manifest: Manifest, check: Callable[[], None]
) -> bool:
    check()
    try:
        resource = client.resource(ref.group, ref.kind, version)
        client.delete(resource, ref.namespace, ref.name, propagation=app.propagation, uid=manifest["metadata"]["uid"])
    except HooklineError as error:
        log.warning("not pruned", object=str(ref), reason=str(error))
        return False
    return True
