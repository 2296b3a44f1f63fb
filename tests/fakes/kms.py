"""Amazon's KMS as moto keeps it: real keys and ciphertexts, at an address of its own. Nothing of Amazon runs here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"


@dataclass
class Kms:
    """A server, and the variables with which sops' client finds it."""

    client: Any
    environment: dict[str, str]

    def make(self) -> str:
        """Return the ARN of a new key."""
        return str(self.client.create_key()["KeyMetadata"]["Arn"])


@contextmanager
def serving() -> Iterator[Kms]:
    """Serve until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        held = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "geheim" * 5}
        client = boto3.client("kms", region_name=REGION, endpoint_url=url, **held)
        yield Kms(client, {name.upper(): value for name, value in held.items()} | {"AWS_ENDPOINT_URL_KMS": url})
    finally:
        server.stop()
