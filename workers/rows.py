"""The rows of an inventory as the data of a ConfigMap, and back. Pure.

A short list is JSON that people can read. A long one is packed, because a ConfigMap holds 1 MiB: then only its
ApplySet's label tells an older Hookline, or kubectl, what belongs.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from workers.model import Ref

PLAIN: Final = "inventory"
PACKED: Final = "inventory.gz"
PLAIN_BYTES: Final = 128 * 1024
"""Longest list that is written as it is: some 2,000 objects."""
MOST_BYTES: Final = 1024 * 1024
"""What the API server takes as the data of a ConfigMap. Source: ``MaxSecretSize`` in k8s.io/kubernetes, pkg/apis/core.
"""
_MOST_UNPACKED: Final = 64 * MOST_BYTES
"""More than a packed list of that size is ever meant to hold: whoever may write the ConfigMap may write a bomb."""


def written(refs: Mapping[Ref, str]) -> dict[str, dict[str, str]]:
    """Return the ``data`` or ``binaryData`` that says which objects are owned, in which API version.

    Raises :class:`ValueError` with the bytes it would need when it does not fit.
    """
    text = orjson.dumps([[*ref, version] for ref, version in sorted(refs.items())])
    if len(text) <= PLAIN_BYTES:
        return {"data": {PLAIN: text.decode()}}
    packer = zlib.compressobj(level=9, wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's header, as its name says
    packed = packer.compress(text) + packer.flush()
    if len(packed) + len(PACKED) > MOST_BYTES:
        raise ValueError(len(packed))
    return {"binaryData": {PACKED: base64.b64encode(packed).decode()}}


def read(config_map: Mapping[str, Any]) -> dict[Ref, str] | None:
    """Return what :func:`written` wrote, ``None`` when it wrote nothing there.

    Raises :class:`ValueError` naming the key when it is anything else.
    """
    text = (config_map.get("data") or {}).get(PLAIN)
    packed = (config_map.get("binaryData") or {}).get(PACKED)
    if text is None and packed is None:
        return None
    name = f"data.{PLAIN}" if packed is None else f"binaryData[{PACKED!r}]"
    try:
        rows = orjson.loads(_unpacked(packed) if packed is not None else text or "")
        return {Ref(group, kind, namespace, name): version for group, kind, namespace, name, version in rows}
    except (ValueError, TypeError, zlib.error, binascii.Error):
        raise ValueError(name) from None


def _unpacked(text: str) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    found = unpacker.decompress(base64.b64decode(text, validate=True), _MOST_UNPACKED)
    if not unpacker.eof:
        raise ValueError("cut off, or too large")
    return found
