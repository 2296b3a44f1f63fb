"""Private repositories at the stand-in: whom Git's smart HTTP protocol lets in, by HTTP Basic (RFC 7617).

Field facts: GitHub docs, "Authenticating as a GitHub App installation" (HTTP-based Git access): any user, the token is
the password, and it needs the permission Contents. Whoever shows nothing or something wrong gets 401.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from deploy.local.forge.github.apps import Denied
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response

_CHALLENGE = Response(401, b"", {"www-authenticate": 'Basic realm="stand-in"'})


def turned_away(state: State, request: Request, name: str) -> Response | None:
    """Return the refusal for a Git client at a private repository, ``None`` for one that may pass."""
    if name not in state.private:
        return None
    password = _password(request)
    if password.startswith("ghs_"):
        try:
            state.apps.holder(password, name, ("contents", "read"))
        except Denied as denied:
            return _CHALLENGE if denied.code == 401 else Response(denied.code, denied.words.encode())
        return None
    known = state.private[name]
    return None if known and hmac.compare_digest(password.encode(), known.encode()) else _CHALLENGE


def _password(request: Request) -> str:
    kind, _, code = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(code, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
