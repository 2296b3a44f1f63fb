"""Links to the pages of syncs: who has one may read that page, and nobody can guess one.

A page needs no token, because a browser has none: its address holds a key instead, which only those see who can read
the status it stands in. Keys are made from a secret in the records, so that web processes and workers agree on them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from workers.records import Records

LENGTH: Final = 32
"""Hexadecimal digits of a key: 128 bits."""


def maker(url: str, records: Records) -> Callable[[str, int], str]:
    """Return what makes the link to a sync of an app; "" for number 0, which is none. ``url`` is our own address."""
    secret = records.secrets.pages()
    return lambda app, number: address(url, app, number, key(secret, app, number)) if number else ""


def address(url: str, app: str, number: int, made: str) -> str:
    """Return the address of a sync's page. Pure."""
    return f"{url.rstrip('/')}/apps/{quote(app, safe='')}/syncs/{number}?key={made}"


def key(secret: str, app: str, number: int) -> str:
    """Return the key to a sync's page. Pure."""
    return hmac.new(secret.encode(), f"sync\n{app}\n{number}".encode(), hashlib.sha256).hexdigest()[:LENGTH]


def opens(secret: str, app: str, number: int, given: str) -> bool:
    """Whether a key is the right one; takes as long for a wrong one. Pure."""
    return hmac.compare_digest(key(secret, app, number).encode(), given.encode(errors="replace"))
