"""Reads signatures of commits and tags, with ``gpg`` and ``ssh-keygen`` as git runs them, and given public keys.

Only those keys are there: each look has a home of its own for gpg, made of them and thrown away, without an agent, a
key server, or anything of this machine's user. Field facts: git-verify-commit(1), doc/DETAILS of GnuPG ("Format of the
--status-fd output"), ssh-keygen(1).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workers.errors import BadConfiguration, SourceMissing
from workers.git import transport
from workers.git.mirror import Mirror
from workers.signed import Seen, State

SECONDS: Final = 15
MOST_BYTES: Final = 1024 * 1024
"""Bytes of a commit or tag whose signature is read."""
_MOST_KNOWN: Final = 2_000
_GPG: Final = "batch\nno-autostart\nno-greeting\ntrust-model always\nno-auto-key-retrieve\nno-auto-key-import\n"
_SSH: Final = re.compile(r'^Good "git" signature (?:for (?P<who>.+) )?with \S+ key (?P<key>SHA256:\S+)$', re.M)
_known: dict[tuple[str, str], Seen] = {}


@dataclass(frozen=True, slots=True)
class Keyring:
    """Public keys: armored GPG keys, and SSH keys as an allowed signers file has them; ``place`` is their origin."""

    place: str
    gpg: tuple[str, ...] = field(default=(), repr=False)
    ssh: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """Tells whether two are the same."""
        return hashlib.sha256(repr((self.gpg, self.ssh)).encode()).hexdigest()


def seen(mirror: Mirror, name: str, *, tag: bool, keys: Keyring) -> Seen:
    """Return how the commit or tag object of id ``name`` is signed. What is known of the same keys is not read again.

    Raises :class:`SourceMissing` for one that is too large, :class:`BadConfiguration` for keys that cannot be used.
    """
    at = (name, keys.digest)
    if at not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[at] = _looked(mirror, name, "verify-tag" if tag else "verify-commit", keys)
    return _known[at]


def tagged(mirror: Mirror, name: str) -> str:
    """Return what a tag object says it is called, "" for one that does not say."""
    text = str(mirror.repo.git.cat_file("tag", name))
    return next(
        (line.removeprefix("tag ") for line in text.split("\n\n", 1)[0].splitlines() if line.startswith("tag ")), ""
    )


def _looked(mirror: Mirror, name: str, verb: str, keys: Keyring) -> Seen:
    if int(mirror.repo.git.cat_file("-s", name)) > MOST_BYTES:
        raise SourceMissing(
            f"{name[:7]} of {mirror.url} has more than {MOST_BYTES >> 20} MiB of text: its signature is not read"
        )
    with tempfile.TemporaryDirectory(prefix="hookline-keys-") as made:
        home = Path(made)
        signers = home / "allowed_signers"
        signers.write_text(f"{keys.ssh}\n")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": made,
            "GNUPGHOME": made,
            "LC_ALL": "C",
            **transport.environment(),
        }
        if keys.gpg:
            _import(home, keys, environment)
        command = [
            "git",
            f"--git-dir={mirror.path}",
            "-c",
            f"gpg.ssh.allowedSignersFile={signers}",
            verb,
            "--raw",
            name,
        ]
        done = _run(command, environment)
    said = done.stderr.decode(errors="replace")
    for program, package in (("ssh-keygen", "openssh-client"), ("gpg", "gnupg")):
        if f"cannot run {program}" in said:
            raise BadConfiguration(f"{program} is not installed, and signatures are to be checked: install {package}")
    return read(said, done.returncode)


def _import(home: Path, keys: Keyring, environment: dict[str, str]) -> None:
    (home / "gpg.conf").write_text(_GPG)
    try:
        done = _run(["gpg", "--import"], environment, "\n".join(keys.gpg).encode())
    except FileNotFoundError:
        raise BadConfiguration("gpg is not installed, and signatures are to be checked: install gnupg") from None
    if done.returncode and not (home / "pubring.kbx").exists():
        said = " ".join(done.stderr.decode(errors="replace").split())[-200:]
        raise BadConfiguration(f"{keys.place}: these are no GPG public keys ({said})")


def _run(command: list[str], environment: dict[str, str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, env=environment, input=given, capture_output=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise SourceMissing(f"{command[0]} took longer than {SECONDS} s for a signature and was stopped") from None


def read(said: str, code: int) -> Seen:
    """Read what ``git verify-commit --raw`` says: gpg's status lines, or the words of ssh-keygen. Pure."""
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        if line.startswith("[GNUPG:] "):
            word, *rest = line.removeprefix("[GNUPG:] ").split(" ")
            found.setdefault(word, rest)
    if found:
        return _of_gpg(found, code)
    if good := _SSH.search(said):
        known = code == 0 and bool(good["who"])
        return Seen(State.GOOD if known else State.UNKNOWN, good["key"], "", good["who"] or "")
    if "signature" in said.lower():
        return Seen(State.BAD)
    return Seen(State.NONE)


def _of_gpg(found: dict[str, list[str]], code: int) -> Seen:
    valid = found.get("VALIDSIG", [])
    key, primary = (valid[0], valid[-1]) if valid else ("", "")
    for word, state in (
        ("BADSIG", State.BAD),
        ("REVKEYSIG", State.REVOKED),
        ("EXPKEYSIG", State.EXPIRED),
        ("EXPSIG", State.EXPIRED),
        ("GOODSIG", State.GOOD),
    ):
        if said := found.get(word):
            good = state is not State.GOOD or (code == 0 and bool(key))
            return Seen(state if good else State.BAD, key or said[0], primary, " ".join(said[1:]))
    if missing := found.get("ERRSIG") or found.get("NO_PUBKEY"):
        whole = missing[6] if len(missing) > 6 and missing[6] != "-" else missing[0]
        return Seen(State.UNKNOWN, whole)
    return Seen(State.NONE if "NODATA" in found else State.BAD)
