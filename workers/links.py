"""Links to the pages of syncs and of plans: who has one may read that page, and nobody can guess one.

A page needs no token, because a browser has none: its address holds a key instead, which only those see who can read
the status it stands in. Keys are made from a secret in the records, so that web processes and workers agree on them.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from workers.model import Commit
    from workers.records import Records

LENGTH: Final = 32
"""Hexadecimal digits of a key: 128 bits."""


def maker(url: str, records: Records) -> Callable[[str, int], str]:
    """Return what makes the link to a sync of an app; "" for number 0, which is none. ``url`` is our own address."""
    secret = functools.cache(records.secrets.pages)  # asked for once, and only when there is a sync to link to
    return lambda app, number: address(url, app, number, key(secret(), app, number)) if number else ""


def plan_maker(url: str, records: Records) -> Callable[[Commit, str], str]:
    """Return what makes the link to the plan of a pull request whose head a commit is, by number; "" for no number."""
    secret = functools.cache(records.secrets.pages)
    return lambda commit, number: plan_address(url, plan_key(secret(), commit, number)) if number.isdigit() else ""


def plan_address(url: str, made: str) -> str:
    """Return the address of a plan's page: nothing but its key, so that it names no repository. Pure."""
    return f"{url.rstrip('/')}/plans/{made}"


def plan_key(secret: str, commit: Commit, number: str) -> str:
    """Return the key to the page of a pull request's plan, the same for every head of it. Pure."""
    place = f"plan\n{commit.hook}\n{commit.repository}\n{number}"
    return hmac.new(secret.encode(), place.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def address(url: str, app: str, number: int, made: str) -> str:
    """Return the address of a sync's page. Pure."""
    return f"{url.rstrip('/')}/apps/{quote(app, safe='')}/syncs/{number}?key={made}"


def key(secret: str, app: str, number: int) -> str:
    """Return the key to a sync's page. Pure."""
    return hmac.new(secret.encode(), f"sync\n{app}\n{number}".encode(), hashlib.sha256).hexdigest()[:LENGTH]


def opens(secret: str, app: str, number: int, given: str) -> bool:
    """Whether a key is the right one; takes as long for a wrong one. Pure."""
    return hmac.compare_digest(key(secret, app, number).encode(), given.encode(errors="replace"))
