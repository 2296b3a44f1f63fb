"""Which URLs and addresses may be asked for charts and artifacts. Pure: nothing is looked up or contacted."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL that was looked at before."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)


def shown(url: str) -> str:
    """Return a URL for people: without a user, and without a query, in which a signature may be."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]


def refused(url: str, asked: str, *, plain_http: bool) -> str:
    """Return why a URL, which ``asked`` may have led to, is not asked; "" where it may be."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is no URL"
    if not url.isascii() or not url.isprintable() or set(url) & set(" \\\"'<>"):
        return "its URL holds characters that no URL has"
    if parts.scheme not in ("https", "http") or not host:
        return "expected https"
    if parts.username is not None or parts.password is not None:
        return "a URL with a user is never followed"
    if parts.scheme == "http" and not plain_http:
        return "http can be read and changed on the way: use https, or set `charts.plain_http`"
    if parts.scheme == "http" and asked.startswith("https://"):
        return "https led to http"
    return ""


def inside(address: str, host: str, internal: Sequence[str]) -> str:
    """Return why an address of ``host`` is not connected to, "" where it may be.

    ``internal`` are globs over the hosts that may be inside. Link-local addresses, where clouds keep the credentials
    of a machine, are asked for nobody (RFC 3927, RFC 4291; public addresses are those of the IANA registries).
    """
    found = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return f"{host} leads to {found}, which is no server's address"
    if found.is_global or any(fnmatchcase(host, glob.lower()) for glob in internal):
        return ""
    return f"{host} leads to {found}, an internal address: name the host in `charts.internal` if it may be asked"


def _embedded(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address that packets for ``address`` end at: IPv6 has several ways to write one of IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
