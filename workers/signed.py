"""What of a revision has to be signed, and what is said of one that is not. Pure.

The words are Flux's (``GitRepository.spec.verify.mode``) and one of ours for Argo CD's rule: of an annotated tag the
tag has to be signed, of anything else the commit (``AppProject.spec.signatureKeys``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


def plain(text: str) -> str:
    """Return a stranger's words in one line and not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:80]


class Mode(StrEnum):
    """What has to be signed."""

    NOTHING = "None"
    """Nothing, unless a project or a GitRepository asks for it."""
    REVISION = "Revision"
    """The tag for an annotated tag, else the commit."""
    HEAD = "HEAD"
    """The commit."""
    TAG = "Tag"
    """The tag."""
    BOTH = "TagAndHEAD"
    """The tag and the commit."""


@dataclass(frozen=True, slots=True)
class Verify:
    """One demand for signatures, with who demands it in words.

    ``keys`` are the ids of GPG keys that count, empty for every known one. ``secret`` are namespace and name of a
    Secret with the public keys, ``None`` where they are the configuration's.
    """

    mode: Mode
    by: str
    keys: tuple[str, ...] = ()
    secret: tuple[str, str] | None = None


class State(StrEnum):
    """How well something is signed."""

    GOOD = "good"
    NONE = "none"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Seen:
    """A signature: by which key (fingerprint, and that of its primary key), and whose that is."""

    state: State
    key: str = ""
    primary: str = ""
    who: str = ""

    @property
    def named(self) -> str:
        """The key, with its owner where that is known."""
        return f"{self.key or 'nobody knows which key'}{f' ({plain(self.who)})' if self.who else ''}"


def counts(seen: Seen, verify: Verify) -> bool:
    """Whether a signature is good and of a key that is listed."""
    if seen.state is not State.GOOD:
        return False
    listed = [one.upper() for one in verify.keys]
    return not listed or any(key.endswith(one) for one in listed for key in (seen.key, seen.primary) if key)


def refusal(what: str, url: str, seen: Seen, verify: Verify, place: str) -> str:
    """Return why ``what`` ("commit abc1234") does not count; ``place`` is where the known keys come from."""
    does = {
        State.NONE: "is not signed",
        State.UNKNOWN: f"is signed by {seen.named}, which is not among the keys of {place}",
        State.EXPIRED: f"is signed by {seen.named}, and that key or signature has expired",
        State.REVOKED: f"is signed by {seen.named}, and that key is revoked",
        State.BAD: f"has a signature by {seen.named} that does not fit it: it was changed after it was signed",
        State.GOOD: f"is signed by {seen.named}, which {verify.by} does not list",
    }[seen.state]
    todo = "sign it with a key that counts, or have this one added" if seen.key else "sign it"
    return f"{what} of {url} {does}; {verify.by} asks for a signature: {todo}"
