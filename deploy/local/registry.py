"""A real OCI registry on this machine, in memory and over http: that of go-containerregistry, built once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import httpx2

from deploy.local.binaries import Recipe, cache_folder
from deploy.local.build import build
from deploy.local.places import free_port
from deploy.local.processes import Processes
from deploy.local.progress import Progress

REGISTRY: Final = Recipe("registry", (("registry", "github.com/google/go-containerregistry/cmd/registry"),))


def ensure(progress: Progress | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the binary, after building it when the cache does not have it: 40 seconds on 2 cores from nothing.

    Raises what `deploy.local.build.ensure` raises.
    """
    return build(REGISTRY, cache_folder(environ), progress or Progress(), environ) / "registry"


class Registry:
    """One registry, empty; use it as a context manager. ``host`` is what stands after ``oci://``."""

    def __init__(self, data: Path) -> None:
        self.host = ""
        self._processes = Processes(data / "logs")

    def __enter__(self) -> Self:
        port = free_port()
        self.host = f"localhost:{port}"
        self._processes.start("registry", [str(ensure()), "-port", str(port)])
        self._processes.wait_until(self._answers, "the registry to answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"http://{self.host}/v2/", trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def push(self, repository: str, tag: str, layers: Mapping[str, bytes], config: str = "application/json") -> str:
        """Push an artifact with a layer for each media type; return its manifest's digest."""
        base = f"http://{self.host}/v2/{repository}"
        with httpx2.Client(trust_env=False) as client:

            def blob(kind: str, content: bytes) -> dict[str, object]:
                digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
                begun = client.post(f"{base}/blobs/uploads/")
                place = httpx2.URL(f"http://{self.host}").join(begun.headers["location"])
                client.put(place, params={"digest": digest}, content=content).raise_for_status()
                return {"mediaType": kind, "digest": digest, "size": len(content)}

            manifest = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(config, b"{}"),
                "layers": [blob(kind, content) for kind, content in layers.items()],
            }
            content = json.dumps(manifest).encode()
            headers = {"content-type": str(manifest["mediaType"])}
            client.put(f"{base}/manifests/{tag}", content=content, headers=headers).raise_for_status()
        return f"sha256:{hashlib.sha256(content).hexdigest()}"
