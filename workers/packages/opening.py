"""Opens the shelf of a source: which server it is, and which credential is for it. Reads no secret yet."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from workers import packaged
from workers.errors import BadConfiguration
from workers.git.access import PLAIN, Access, Login
from workers.packages.offers import Source
from workers.packages.registry import Registry
from workers.packages.repository import Repository
from workers.packages.shelf import Shelf
from workers.rendering import Charts


def shelf(
    data: Path, rules: Charts, access: Callable[[str], Access | None], url: str, chart: str, scope: str = ""
) -> Shelf:
    """Return the shelf of a chart or artifact below the folder ``data``; ``access`` finds the credential of a URL.

    What a credential of only some apps fetches is in a ``scope`` of its own.
    """

    def authorization(asked: str) -> str:
        found = access(asked)
        return header(found) if found else ""

    folder = data / "charts"
    host, name = packaged.repository(url, chart)
    source: Source = (
        Registry(rules, host, name, authorization)
        if url.startswith(packaged.OCI)
        else Repository(folder, rules, url, chart, authorization, scope)
    )
    return Shelf(folder, source, rules, url, chart, scope=scope)


def header(access: Access) -> str:
    """Return the header that shows a login (RFC 7617, RFC 6750). Raises :class:`BadConfiguration` for what is none."""
    secret = access.secret()
    if isinstance(secret, Login) and secret.way != PLAIN:
        words = "certificates and a proxy of a Secret are for Git alone: let this machine trust a chart's server"
        raise BadConfiguration(f"{access.setting}: {words} (SSL_CERT_FILE), and reach it without a proxy")
    if isinstance(secret, Login) and secret.bearer and secret.password.isascii() and secret.password.isprintable():
        return f"Bearer {secret.password}"
    if not isinstance(secret, Login) or ":" in secret.username or not (secret.username + secret.password).isprintable():
        raise BadConfiguration(f"{access.setting} is no username and password that a chart's server takes")
    return f"Basic {base64.b64encode(f'{secret.username}:{secret.password}'.encode()).decode()}"
