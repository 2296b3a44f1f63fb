"""Kubeconfig files, as text."""

from __future__ import annotations

import base64
import json

from deploy.local.pki import Pair

NAME = "hookline-local"


def kubeconfig(url: str, authority: bytes, user: str, pair: Pair) -> str:
    """Return a kubeconfig of one context for ``user``, with all certificates inside. JSON is valid YAML."""
    cluster = {"server": url, "certificate-authority-data": _data(authority)}
    login = {"client-certificate-data": _data(pair.certificate), "client-key-data": _data(pair.key)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": NAME,
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user, "namespace": "default"}}],
            "clusters": [{"name": NAME, "cluster": cluster}],
            "users": [{"name": user, "user": login}],
        },
        indent=2,
    )


def _data(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
