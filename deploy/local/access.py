"""Who may talk to the API server, and with what: certificates, kubeconfigs, the administrator's client."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable
from pathlib import Path

import httpx2

from deploy.local import components
from deploy.local.components import LOOPBACK, Layout
from deploy.local.kubeconfig import kubeconfig
from deploy.local.pki import Authority, signing_pair

ADMIN = "admin"
MASTERS = "system:masters"
"""The group to which RBAC denies nothing."""


class Access:
    """The identities of one control plane, made new for every start; writes what its programs need into ``layout``."""

    def __init__(self, layout: Layout, port: int) -> None:
        self.url = f"https://{LOOPBACK}:{port}"
        self._layout = layout
        self._authority = Authority()
        serving, tokens = self._authority.server(components.SERVER_HOSTS), signing_pair()
        files = {
            "ca.crt": self._authority.certificate,
            "apiserver.crt": serving.certificate,
            "apiserver.key": serving.key,
            "service-accounts.pub": tokens.certificate,
            "service-accounts.key": tokens.key,
            "audit-policy.json": json.dumps(components.AUDIT_POLICY).encode(),
        }
        for name, content in files.items():
            write_private(layout.secret(name), content)
        self.write_kubeconfig(layout.kubeconfig, ADMIN, [MASTERS])
        for part in ("controller-manager", "scheduler", "kwok"):
            user = "system:kwok" if part == "kwok" else f"system:kube-{part}"
            self.write_kubeconfig(layout.secret(f"{part}.kubeconfig"), user, [MASTERS])

    def write_kubeconfig(self, file: Path, user: str, groups: Iterable[str]) -> Path:
        """Write a kubeconfig that authenticates as ``user`` in ``groups``, and return ``file``."""
        text = kubeconfig(self.url, self._authority.certificate, user, self._authority.client(user, groups))
        write_private(file, text.encode())
        return file

    def admin_client(self) -> httpx2.Client:
        """Return an HTTP client with the API server as its base URL, as the administrator; the caller closes it."""
        trust = ssl.create_default_context(cadata=self._authority.certificate.decode())
        pair = self._authority.client(ADMIN, [MASTERS])
        files = self._layout.secret("admin.crt"), self._layout.secret("admin.key")
        for file, content in zip(files, (pair.certificate, pair.key), strict=True):
            write_private(file, content)
        trust.load_cert_chain(*files)
        return httpx2.Client(base_url=self.url, verify=trust, timeout=30, trust_env=False)


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from the first byte on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
