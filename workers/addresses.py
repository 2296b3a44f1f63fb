"""Addresses of APIs in the configuration: is this one, and may a credential travel to it? Nothing is contacted."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def base(text: str) -> str:
    """Return the base URL of an API without the slash at its end. Pure.

    Raises ``ValueError``, a sentence without the text (a password may be in it), for anything but scheme, host, port
    and path: a user, a query, a fragment, ``..`` and whatever is hidden in percent signs have no place in it.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:  # half an IPv6 address, or a port that is none
        host, parts = "", urlsplit("")
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \\%?#@")
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise ValueError("expected a URL such as https://api.github.com, without user, query or fragment")
    path = parts.path.rstrip("/")
    if any(segment in ("", ".", "..") for segment in path.split("/")[1:]):
        raise ValueError("expected a URL whose path has no empty segment, `.` or `..`")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def is_safe(api: str) -> bool:
    """Whether a credential may be sent to a base URL unasked: over TLS, or within this machine. Pure."""
    parts = urlsplit(api)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by name or number; no name is looked up. Pure."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
