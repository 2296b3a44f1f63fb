"""Starts a Vault of one engine (transit), in memory, makes keys in it and tokens for them, and stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx2

from deploy.local.places import free_port
from deploy.local.server import Server

ENGINE: Final = "sops"


class Vault(Server):
    """One server that logs into folder ``data``; use it as a context manager. ``folder`` has the program.

    ``url`` is its address, ``token`` that of its root.
    """

    def __init__(self, data: Path, folder: Path) -> None:
        super().__init__(data)
        self._binary = folder / "vault"
        self.url = self.token = ""

    def start(self) -> None:
        """Serve with the engine mounted, and return. Raises :class:`ProcessFailed` when it does not come up."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        child = self._processes.start("vault", [str(self._binary), f"127.0.0.1:{port}"])
        self._processes.wait_until(lambda: "\n" in child.log.read_text("utf-8"), "Vault to answer")
        self.token = child.log.read_text("utf-8").splitlines()[0]
        self.ask("POST", f"sys/mounts/{ENGINE}", {"type": "transit"})

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a call as root and return the answer; raises where it is no good one."""
        headers = {"X-Vault-Token": self.token}
        answer = httpx2.request(method, f"{self.url}/v1/{path}", json=body, headers=headers, trust_env=False)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def make_key(self, name: str) -> str:
        """Make a key and return its URI, as sops takes it."""
        self.ask("POST", f"{ENGINE}/keys/{name}", {})
        return f"{self.url}/v1/{ENGINE}/keys/{name}"

    def token_for(self, name: str) -> str:
        """Return a token that may open with one key, and nothing else."""
        rule = f'path "{ENGINE}/decrypt/{name}" {{ capabilities = ["update"] }}'
        self.ask("POST", f"sys/policies/acl/open-{name}", {"policy": rule})
        made = self.ask("POST", "auth/token/create", {"policies": [f"open-{name}"]})
        return str(made["auth"]["client_token"])
