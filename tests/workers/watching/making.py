"""Metadata as the API server writes it, and what was accepted."""

from __future__ import annotations

import json
from typing import Any

from workers import fields
from workers.inventory import PART_OF
from workers.model import Owned, Ref

CONFIG_MAPS = ("", "ConfigMap")
ONE = Ref("", "ConfigMap", "default", "one")
TWO = Ref("", "ConfigMap", "default", "two")
APPLYSET = "applyset-a"


def metadata(ref: Ref = ONE, *, owns: str = "key", version: int = 1, **more: Any) -> dict[str, Any]:
    """Return an object's metadata, of which we own one key of its data."""
    managed = {
        "manager": "hookline",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {f"f:{owns}": {}}},
    }
    return {
        "name": ref.name,
        "namespace": ref.namespace,
        "resourceVersion": str(version),
        "labels": {PART_OF: APPLYSET},
        "managedFields": [managed],
        **more,
    }


def owned(ref: Ref = ONE, *, owns: str = "key", accepted: str = "accepted") -> Owned:
    """Return what is recorded of an object after it was applied."""
    return Owned(ref, "v1", "rendered", accepted, fields.ownership({"metadata": metadata(ref, owns=owns)}))


def partial(ref: Ref = ONE, **more: Any) -> dict[str, Any]:
    """Return the object as a watch brings it."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata(ref, **more)}


def event(kind: str, ref: Ref = ONE, **more: Any) -> bytes:
    """Return one line of a watch."""
    return json.dumps({"type": kind, "object": partial(ref, **more)}).encode() + b"\n"


def page(*refs: Ref, at: str = "5", more: str = "") -> bytes:
    """Return one page of a list."""
    found = {"metadata": {"resourceVersion": at, "continue": more}, "items": [partial(ref) for ref in refs]}
    return json.dumps(found).encode()
