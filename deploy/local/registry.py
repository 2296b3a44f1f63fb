"""A real OCI registry on this machine, in memory and over http: that of go-containerregistry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import httpx2

from deploy.local import binaries
from deploy.local.places import free_port
from deploy.local.server import Server


class Registry(Server):
    """One registry, empty; use it as a context manager. ``host`` is what stands after ``oci://``."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.host = ""

    def start(self) -> None:
        """Serve, and return when it answers. Raises :class:`ProcessFailed` when it does not come up."""
        port = free_port()
        self.host = f"localhost:{port}"
        self._processes.start("registry", [str(binaries.locate()["registry"]), "-port", str(port)])
        self._processes.wait_until(self._answers, "the registry to answer")

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
