"""The schemas that come with Hookline, and those of another cluster from a dump.

``kubernetes.json.gz`` holds what an API server of Kubernetes serves under ``/openapi/v3``, reduced by
`workers.schemas.types`; Kubernetes and its API descriptions are under the Apache License 2.0, as Hookline is. It is
written by ``python -m deploy.local.schemas``.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from workers.errors import BadDocument
from workers.schemas.types import Schemas, reduced

FILE: Final = Path(__file__).with_name("kubernetes.json.gz")


@functools.cache
def bundled() -> Schemas:
    """Return the schemas that come with Hookline."""
    held = orjson.loads(gzip.decompress(FILE.read_bytes()))
    kinds = {(api_version, kind): {"$ref": name} for api_version, kind, name in held["kinds"]}
    return Schemas(held["version"], kinds, held["types"])


def packed(schemas: Schemas) -> bytes:
    """Return the text of :data:`FILE`, the same for the same schemas."""
    kinds = sorted([api_version, kind, node["$ref"]] for (api_version, kind), node in schemas.kinds.items())
    held = {"version": schemas.version, "kinds": kinds, "types": schemas.types}
    return gzip.compress(orjson.dumps(held, option=orjson.OPT_SORT_KEYS), mtime=0)


def dumped(path: Path) -> Schemas:
    """Return the schemas of a dump: a file (``kubectl get --raw /openapi/v2``) or a folder of parts of ``/openapi/v3``.

    Raises :class:`BadDocument` when it is none, or cannot be read.
    """
    return reduced(_documents(path), path.name)


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        try:
            document = orjson.loads(file.read_bytes())
        except OSError as error:
            raise BadDocument(f"cannot be read: {error.strerror}", str(file)) from None
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            raise BadDocument("expected JSON: `kubectl get --raw /openapi/v2 > FILE` writes it", str(file))
        yield document
