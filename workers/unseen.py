"""Objects that no dry-run can try yet, judged by schema: the cluster's OpenAPI, or a definition beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Final

from workers import kube, schemas
from workers.errors import BadDocument, OperatorError
from workers.model import Manifest, Rendered
from workers.schemas import Schemas, types

MOST: Final = 5
"""Faults of one object that are told."""


def known(client: kube.Client, untried: Sequence[Manifest], wanted: Iterable[Manifest]) -> Schemas:
    """Return the schemas of ``untried`` objects, as far as the cluster or a definition among ``wanted`` has them.

    One request for each group and version of a kind that is served, and for ``v1``, which says what metadata holds.
    What the cluster does not show is left out.
    """
    defined = Schemas().with_definitions(wanted)
    versions = {"v1"} if defined.kinds else set()
    for one in untried:
        api_version, kind = one["apiVersion"], one["kind"]
        if defined.of(api_version, kind) is None and _is_served(client, api_version, kind):
            versions.add(api_version)
    served = Schemas()
    # What is refused, or is no OpenAPI, leaves objects unjudged, as before there was any schema.
    with contextlib.suppress(OperatorError, BadDocument):
        served = types.reduced([client.openapi(version) for version in sorted(versions)])
    return Schemas("", {**served.kinds, **defined.kinds}, served.types)


def _is_served(client: kube.Client, api_version: str, kind: str) -> bool:
    group, _, version = api_version.rpartition("/")
    try:
        client.resource(group, kind, version)
    except kube.UnknownKind:
        return False
    return True


def verdict(found: Schemas, rendered: Rendered) -> str | None:
    """Return why the API server will refuse an object, "" for nothing that its schema tells; ``None`` without one."""
    node = found.of(rendered.manifest["apiVersion"], rendered.ref.kind)
    if node is None:
        return None
    faults = schemas.faults(found, node, rendered.manifest)
    if not faults:
        return ""
    told = "; ".join(f"{one.field}: {one.text}" for one in faults[:MOST])
    more = f"; and {len(faults) - MOST} more" if len(faults) > MOST else ""
    return f"{rendered.origin}: {rendered.ref} would be refused: {told}{more}"
