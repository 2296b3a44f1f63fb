"""Credentials are blanked where errors are made, so that logs, records and statuses cannot leak what they never hold.

Two ways, used together: :func:`redact` knows credentials by their shape, in anybody's words; :func:`blank` knows one
credential exactly, in the words of a server or library that was just handed it. Over-redacting is fine. Every pattern
takes time linear in the text.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from workers import known

MASK: Final = "***"

_SHAPES = (
    # a private key, also one that was cut off
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.S), MASK),
    # user:password@ in any URL; the user may be absent and the password may be a whole token; JSON may escape slashes
    (re.compile(r"(?<![a-zA-Z0-9+.-])(?P<to>[a-zA-Z0-9+.-]+:(?:\\?/){2})[^/\s@'\"]+@"), rf"\g<to>{MASK}@"),
    # GitHub (ghp_, gho_, ghu_, ghs_, ghr_, github_pat_), including ghs_<appid>_<jwt>; GitLab (glpat-, glptt- …)
    (re.compile(r"\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_.\-]+"), MASK),
    (re.compile(r"\bgl[a-z]{1,6}-[A-Za-z0-9_.\-]{8,}"), MASK),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+"), MASK),
    # any JSON Web Token
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (
        re.compile(r"(?i)\b(authorization|private-token|x-gitlab-token)(\s*[:=]\s*)(?:(?:bearer|token|basic)\s+)?\S+"),
        rf"\1\2{MASK}",
    ),
    # the header's value alone; a digit tells it from prose
    (re.compile(r"(?i)\b(bearer|basic|token)(\s+)(?=[!-~]*\d)[A-Za-z0-9+/_.~\-]{16,}=*"), rf"\1\2{MASK}"),
    (re.compile(r"(?i)([?&](?:access_token|private_token|job_token|client_secret|token)=)[^&\s'\"]+"), rf"\1{MASK}"),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_WORD = re.compile(r"[^\s'\"<>]+")
_SHORTEST = 4


def redact(text: str) -> str:
    """Return ``text`` with every credential that can be told by its shape replaced by ``***``.

    Called where an error is made from someone else's words (git's standard error, an API's answer). Covers
    credentials in URLs, GitHub, GitLab and Standard Webhooks tokens, JSON Web Tokens, private keys and authorization
    headers; and the same in percent signs or base64. What was decrypted lately is covered in any shape.
    """
    text = _shapes(known.without(text))
    if "%" in text:
        text = _WORD.sub(_unquoted, text)
    return _BASE64.sub(_unwrapped, text)


def _shapes(text: str) -> str:
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def _unquoted(found: re.Match[str]) -> str:
    """A word: itself, unless a credential is hidden in it behind percent signs."""
    plain = unquote(found[0])
    shown = _shapes(plain)
    return found[0] if shown == plain else shown


def _unwrapped(found: re.Match[str]) -> str:
    """A run of base64: itself, unless a credential is in it, wherever in the run the base64 really begins."""
    run = found[0].rstrip("=").translate(str.maketrans("-_", "+/"))
    for start in range(4):
        part = run[start:]
        part = part[: len(part) - (len(part) % 4 == 1)]
        plain = b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
        if _shapes(plain) != plain:
            return MASK
    return found[0]


def blank(text: str, secret: str) -> str:
    """Return ``text`` with one credential replaced by ``***``: as it is, in percent signs, in JSON, in base64.

    Base64 is found wherever the credential stands in what was encoded, such as behind ``user:``.
    """
    if not secret:
        return text
    return _forms(secret).sub(MASK, text)


@lru_cache(maxsize=64)
def _forms(secret: str) -> re.Pattern[str]:
    """The pattern of every form of a credential. Kept for few: tokens of an App change every hour."""
    raw = secret.encode("utf-8")
    forms = {re.escape(secret), re.escape(json.dumps(secret)[1:-1])}
    if len(raw) >= _SHORTEST:
        forms |= {f"(?i:{re.escape(text)})" for text in (quote(secret, safe=""), "".join(f"%{one:02x}" for one in raw))}
        for before in range(3):
            # what is left out at both ends depends on the neighbours; padding may follow
            whole = b64encode(b"\0" * before + raw).decode("ascii").rstrip("=")
            core = whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            forms |= {re.escape(one) + "[A-Za-z0-9+/_-]?=*" for one in (core, core.translate(_URL_SAFE))}
    return re.compile("|".join(sorted(forms, key=len, reverse=True)))


_URL_SAFE = str.maketrans("+/", "-_")
