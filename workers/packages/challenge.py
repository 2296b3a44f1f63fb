"""What a registry asks for before it answers: its ``WWW-Authenticate`` read, and who may hear a credential. Pure.

The protocol is that of the distribution project ("Token Authentication Specification"), on top of RFC 9110 §11.6.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

_PAIR: Final = re.compile(r'([A-Za-z_]{1,32})\s*=\s*(?:"([^"]{0,2048})"|([^\s",]{1,2048}))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked for: ``basic``, ``bearer`` (then with where a token comes from), or something unknown."""

    scheme: str
    realm: str = ""
    service: str = ""


def read(header: str) -> Challenge:
    """Return the challenge of a header; of several the one for a token."""
    text = header[:4096]
    begin = text.lower().find("bearer ")
    if begin < 0:
        return Challenge("basic" if text.lower().startswith("basic") else "")
    said = {match[1].lower(): match[2] or match[3] or "" for match in _PAIR.finditer(text[begin:])}
    return Challenge("bearer", said.get("realm", ""), said.get("service", ""))


def token_url(challenge: Challenge, repository: str) -> str:
    """Return where a token to read ``repository``, and nothing else, comes from."""
    query = {"service": challenge.service} if challenge.service else {}
    separator = "&" if "?" in challenge.realm else "?"
    return f"{challenge.realm}{separator}{urlencode({**query, 'scope': f'repository:{repository}:pull'})}"


def may_hear(registry: str, realm: str) -> bool:
    """Whether the credential of a registry may be shown where its tokens come from.

    That is the registry's own host, or one of the same parent domain: Docker Hub's and GitLab's stand beside them.
    """
    parts = urlsplit(realm)
    host, own = parts.hostname or "", urlsplit(f"//{registry}").hostname or ""
    local = own in ("localhost", "127.0.0.1")
    if parts.scheme != "https" and not local:
        return False
    if host == own:
        return (parts.port or 443) == (urlsplit(f"//{registry}").port or 443)
    parent = own.partition(".")[2]
    return "." in parent and (host == parent or host.endswith(f".{parent}"))
