"""The keys of one Secret. What is wrong with one is said with the Secret, the key and what was expected. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from workers.errors import BadConfiguration
from workers.model import Manifest

HIDDEN: Final = (
    "password",
    "bearerToken",
    "sshPrivateKey",
    "identity",
    "githubAppPrivateKey",
    "tlsClientCertKey",
    "tls.key",
    "keyFile",
    "proxy",
    ".dockerconfigjson",
)
"""The keys whose values nobody may read anywhere else."""
_FLAGS: Final = {"": False, "false": False, "true": True}
_FALSE: Final = base64.b64encode(b"false").decode()
_OPENSSH: Final = b"openssh-key-v1\x00\x00\x00\x00\x04none"
"""How an OpenSSH key without a passphrase begins (PROTOCOL.key of OpenSSH): its cipher is ``none``."""


class Fields:
    """One Secret: ``place`` is what people call it, ``version`` tells it from what it was before."""

    def __init__(self, manifest: Manifest) -> None:
        metadata = manifest.get("metadata") or {}
        self.place = f"Secret {metadata.get('namespace', '')}/{metadata.get('name', '')}"
        self.version = f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}"
        self._data = {str(name): str(value) for name, value in (manifest.get("data") or {}).items()}

    def text(self, *names: str) -> str:
        """Return the value of the first of some keys that has one, ``""`` for none.

        Raises :class:`BadConfiguration` for one that is no text.
        """
        for name in names:
            if self._data.get(name):
                try:
                    return base64.b64decode(self._data[name], validate=True).decode().replace("\r\n", "\n").strip()
                except (binascii.Error, UnicodeDecodeError):
                    raise self.wrong(name, "a text in UTF-8") from None
        return ""

    def has(self, *names: str) -> bool:
        """Return whether some key says something but ``false``; what that is, nobody looks at."""
        return any(self._data.get(name) and self._data[name] != _FALSE for name in names)

    def needed(self, name: str, expected: str) -> str:
        """Return the value of a key. Raises :class:`BadConfiguration` without one."""
        if found := self.text(name):
            return found
        raise self.wrong(name, expected)

    def flag(self, name: str) -> bool:
        """Return whether a key says ``true``. Raises :class:`BadConfiguration` for any other word but ``false``."""
        said = self.text(name).lower()
        if said not in _FLAGS:
            raise self.wrong(name, "`true` or `false`")
        return _FLAGS[said]

    def key(self, name: str) -> str:
        """Return a private key for SSH. Raises :class:`BadConfiguration` for anything else, and for a passphrase."""
        text = self.needed(name, "a private key for SSH")
        head, *body = text.split("\n")
        if not (head.startswith("-----BEGIN ") and head.endswith("PRIVATE KEY-----")):
            raise self.wrong(name, "a private key as ssh-keygen writes it, beginning with `-----BEGIN`")
        if "OPENSSH" in head:
            try:
                is_open = base64.b64decode("".join(body[:-1])).startswith(_OPENSSH)
            except binascii.Error:
                raise self.wrong(name, "a whole private key, every line of it") from None
        else:
            is_open = "ENCRYPTED" not in text
        if not is_open:
            raise self.wrong(name, "a private key without a passphrase")
        return text

    def pair(self, certificate: str, key: str) -> tuple[str, str]:
        """Return a client's certificate and its key, both ``""`` for none; :class:`BadConfiguration` for half."""
        found = self.text(certificate), self.text(key)
        if bool(found[0]) != bool(found[1]):
            missing = key if found[0] else certificate
            raise self.wrong(missing, f"PEM, for there is {certificate if found[0] else key}")
        return found

    def hidden(self) -> set[str]:
        """Return what of it nobody may read anywhere else: whole values, and lines of keys."""
        found: set[str] = set()
        for name in HIDDEN:
            try:
                value = self.text(name)
            except BadConfiguration:
                continue
            found |= {value, *(line for line in value.splitlines() if not line.startswith("-----"))}
        return found - {""}

    def wrong(self, name: str, expected: str) -> BadConfiguration:
        """Return the error that a key is not what was expected."""
        return BadConfiguration(f"{self.place}: {name}: expected {expected}")
