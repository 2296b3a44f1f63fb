"""Where a call may go: below the configured base URL of the API, and nowhere else. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from workers.errors import BadConfiguration, OperatorError

if TYPE_CHECKING:
    from workers.forges.account import Account


def address(api: str, path: str) -> str:
    """Return the URL of ``path`` below the base URL ``api``. Pure.

    Raises :class:`BadConfiguration` when ``api`` is not an http or https URL with a host.
    """
    try:
        parts = urlsplit(api)
    except ValueError:  # half an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadConfiguration(
            f"{api!r} is not the address of an API: expected a URL such as https://api.github.com", field="api"
        )
    return api.rstrip("/") + path


def target(account: Account, url: str, location: str) -> str:
    """Return where the redirect ``location`` of ``url`` leads. Pure.

    Raises :class:`OperatorError` when that is nowhere or another origin (scheme, host and port), whatever stands
    before an ``@`` in it; or another path than the API's, where something else may live on the same host.
    """
    try:
        there = urljoin(url, location)
        is_same = bool(location) and _origin(there) == _origin(url) and _is_below(there, account.api)
    except ValueError:  # half an IPv6 address
        there, is_same = "", False
    if not is_same:
        raise OperatorError(
            f"{account.host} redirects to {_host(there) if location else 'nowhere'}, and the token is sent to"
            " no other address: set `api` to where the API is now"
        )
    return there


def _is_below(url: str, api: str) -> bool:
    """Whether a URL's path is below the API's; dots or slashes hidden in percent signs are not looked through."""
    path = urlsplit(url).path
    hides = any(sign in path.lower() for sign in ("%2e", "%5c", "\\"))
    return path.startswith(urlsplit(api).path.rstrip("/") + "/") and not hides


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
