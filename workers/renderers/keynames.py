"""Which key of which service a file was encrypted for, and whether an app may have it asked for. Pure.

A key is called as ``.sops.yaml`` calls it. What could mean another place than its name says is no key: the name is
compared with what the configuration lists, and then goes to a client that holds credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import urlsplit

from workers.given import Service

_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]+", re.A)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.A)
_RESOURCE: Final = re.compile(r"projects/[\w:.-]+/locations/[\w-]+/keyRings/[\w-]+/cryptoKeys/[\w-]+", re.A)
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?", re.A)
_PATH: Final = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.A)


def named(key: Any) -> tuple[str, str]:
    """Return the kind of service (a field of `decryption`) and the name of a `keymessages` key.

    Raises :class:`ValueError` for one of no kind that can be listed, and for a name that is not plain.
    """
    kind = key.WhichOneof("key_type")
    if kind == "kms_key":
        one = key.kms_key
        if _ARN.fullmatch(one.arn) and (not one.role or _ROLE.fullmatch(one.role)):
            return "kms", f"{one.arn}+{one.role}" if one.role else one.arn
    elif kind == "gcp_kms_key":
        if _RESOURCE.fullmatch(key.gcp_kms_key.resource_id):
            return "gcp_kms", key.gcp_kms_key.resource_id
    elif kind == "azure_keyvault_key":
        one = key.azure_keyvault_key
        path = "/".join(filter(None, (one.name, one.version)))
        return "azure_keyvault", f"{_origin(one.vault_url, ('https',))}/keys/{_plain(path)}"
    elif kind == "vault_key":
        one = key.vault_key
        origin = _origin(one.vault_address, ("http", "https"))
        return "hc_vault_transit_uri", f"{origin}/v1/{_plain(one.engine_path)}/keys/{_plain(one.key_name)}"
    raise ValueError("a key of a kind or form that cannot be listed")


def _origin(url: str, schemes: Iterable[str]) -> str:
    """Return scheme, host and port; raise where there is anything else."""
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in schemes or not _HOST.fullmatch(parts.netloc) or parts.path or parts.query or parts.fragment:
        raise ValueError("a service whose address is not plain")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _plain(path: str) -> str:
    path = path.strip("/")
    if not _PATH.fullmatch(path) or ".." in path:
        raise ValueError("a key whose name is not plain")
    return path


def service_for(services: Iterable[Service], kind: str, name: str) -> Service | None:
    """Return the first service that may be asked for a key."""
    return next((one for one in services if any(k == kind and fnmatchcase(name, glob) for k, glob in one.keys)), None)
