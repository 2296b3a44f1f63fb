"""Throw-away age keys for tests, written as ``age-keygen`` writes them (C2SP, "The age file encryption format")."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from workers.renderers import sops

_SIGNS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Pair(NamedTuple):
    """A private key, and the recipient that it opens files of."""

    private: str
    recipient: str


def pair() -> Pair:
    """Make a key."""
    made = X25519PrivateKey.generate()
    return Pair(
        _bech32("age-secret-key-", made.private_bytes_raw()).upper(),
        _bech32("age", made.public_key().public_bytes_raw()),
    )


def encrypted(folder: Path, name: str, text: str, recipient: str, *said: str) -> str:
    """Return a text encrypted for a recipient, with flags ``said``; see `sealed`."""
    return sealed(folder, name, text, "--age", recipient, *said)


def sealed(folder: Path, name: str, text: str, *said: str, **variables: str) -> str:
    """Return a text encrypted by the real sops, as a person does it: by its file name's form, with flags ``said``."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], **variables}
    arguments = [sops._binary(), "encrypt", *said, str(file)]
    done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True)
    file.unlink()
    return done.stdout


def _bech32(prefix: str, data: bytes) -> str:
    """Encode bytes (BIP 173)."""
    number = int.from_bytes(data) << (-len(data) * 8) % 5
    count = -(-len(data) * 8 // 5)
    words = [number >> 5 * (count - 1 - at) & 31 for at in range(count)]
    head = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = _sum([*head, *words, *[0] * 6]) ^ 1
    return f"{prefix}1" + "".join(_SIGNS[one] for one in [*words, *(check >> 5 * (5 - at) & 31 for at in range(6))])


def _sum(words: Iterable[int]) -> int:
    total = 1
    for word in words:
        top, total = total >> 25, (total & 0x1FFFFFF) << 5 ^ word
        for at, step in enumerate(_STEPS):
            total ^= step if top >> at & 1 else 0
    return total
