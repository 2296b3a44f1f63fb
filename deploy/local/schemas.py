"""Writes the schemas that come with Hookline, from the API server that is built for tests and demo.

python -m deploy.local.schemas
"""

from __future__ import annotations

from typing import Any

import orjson

from deploy.local.control_plane import ControlPlane
from workers.schemas import bundled, types


def documents(plane: ControlPlane) -> list[dict[str, Any]]:
    """Return every part of ``/openapi/v3``."""
    paths = orjson.loads(plane.kubectl("get", "--raw", "/openapi/v3"))["paths"]
    urls = [one["serverRelativeURL"] for name, one in sorted(paths.items()) if name.startswith("api")]
    return [orjson.loads(plane.kubectl("get", "--raw", url)) for url in urls]


def main() -> None:
    """Write the file."""
    with ControlPlane(full=False) as plane:
        version = orjson.loads(plane.kubectl("get", "--raw", "/version"))["gitVersion"]
        found = types.reduced(documents(plane), version)
    bundled.FILE.write_bytes(bundled.packed(found))
    print(f"{bundled.FILE}: {len(found.kinds)} kinds of Kubernetes {version}")


if __name__ == "__main__":
    main()
