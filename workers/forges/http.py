"""Talking to a forge's API: one call, one bounded answer.

The only module of the package that does I/O. It follows redirects within the configured origin and never
sends a token to another; an answer is read up to a limit and a deadline, and the token is blanked in it
before anything can quote it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2
import orjson

from workers.errors import BadConfiguration, ForgeUnreachable, OperatorError
from workers.forges.text import cut

if TYPE_CHECKING:
    from workers.forges.account import Account

BODY_LIMIT: Final = 1024 * 1024
"""Bytes read of an answer; what comes after is not read."""
SECONDS_LIMIT: Final = 30.0
"""Seconds for a whole answer to arrive. The client's time-outs are per read, which a slow drip outlives."""

_HOPS = 3
_REDIRECTS = frozenset({301, 302, 307, 308})
_MESSAGE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ``path`` is relative to the API's base and already quoted; ``body`` is sent as JSON.

    ``headers`` holds no credential; :func:`send` adds it.
    """

    method: str
    path: str
    body: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a forge said. ``headers`` has lower-case keys; ``body`` is cut at :data:`BODY_LIMIT` bytes."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON, or ``None`` when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def says(self) -> str:
        """Return the forge's own words for an error message: one line, at most 200 characters.

        GitHub writes ``message`` and ``errors[].message``, GitLab ``message`` (text, list or fields) or
        ``error``. A body that is not such JSON (a proxy's page) says nothing.
        """
        body = self.json()
        if not isinstance(body, dict):
            return ""
        return cut(": ".join(_texts([body.get("message"), body.get("error"), body.get("errors")])), _MESSAGE_LIMIT)


def _texts(value: object) -> list[str]:
    """Every text a person would read in an error body, outermost first."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [text for item in value[:10] for text in _texts(item)]
    if isinstance(value, dict):
        if "message" in value:
            return _texts(value["message"])
        return [f"{key} {text}" for key, item in list(value.items())[:10] for text in _texts(item)]
    return []


def send(account: Account, client: httpx2.Client, call: Call) -> Answer:
    """Make one call and return the answer, whatever its code.

    A redirect within the API's origin is followed with the same method and body, three times at most: that
    is how forges answer for a renamed repository.

    Raises :class:`ForgeUnreachable` when there is no whole answer, :class:`BadConfiguration` for an API
    address that is none, :class:`OperatorError` for a redirect out of the API's origin.
    """
    token = account.secret()
    url = address(account.api, call.path)
    for _ in range(_HOPS + 1):
        answer = _once(account, client, call, url, token)
        if answer.code not in _REDIRECTS:
            return answer
        url = target(account, url, answer.headers.get("location", ""))
    raise OperatorError(f"{account.host} answers with redirects without end: check `api`")


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

    Raises :class:`OperatorError` when that is nowhere or another origin (scheme, host and port), whatever
    stands before an ``@`` in it.
    """
    try:
        there = urljoin(url, location)
        is_same = bool(location) and _origin(there) == _origin(url)
    except ValueError:  # half an IPv6 address
        there, is_same = "", False
    if not is_same:
        raise OperatorError(
            f"{account.host} redirects to {_host(there) if location else 'nowhere'}, and the token is sent to"
            " no other address: set `api` to where the API is now"
        )
    return there


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _once(account: Account, client: httpx2.Client, call: Call, url: str, token: str) -> Answer:
    # identity: a compressed answer could be small on the wire and unbounded in memory
    headers = {
        "accept-encoding": "identity",
        "user-agent": "hookline",
        **call.headers,
        "authorization": f"Bearer {token}",
    }
    content = None
    if call.body is not None:
        headers["content-type"] = "application/json"
        content = orjson.dumps(call.body)
    try:
        with client.stream(call.method, url, content=content, headers=headers, follow_redirects=False) as response:
            body = _read(account, response)
            return Answer(
                response.status_code,
                {key.lower(): value for key, value in response.headers.items()},
                body.replace(token.encode("ascii"), b"***"),
            )
    except httpx2.InvalidURL as error:
        raise BadConfiguration(f"{account.api!r} is not the address of an API: {error}", field="api") from None
    except httpx2.TransportError as error:
        # not chained: the library's error holds the request, and with it the token
        words = cut(str(error), _MESSAGE_LIMIT) or type(error).__name__
        raise ForgeUnreachable(f"{account.host} did not answer: {words}") from None


def _read(account: Account, response: httpx2.Response) -> bytes:
    began = time.monotonic()
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk[: BODY_LIMIT - len(body)]
        if len(body) >= BODY_LIMIT:
            break
        if time.monotonic() - began > SECONDS_LIMIT:
            raise ForgeUnreachable(f"{account.host} did not answer: its answer took longer than {SECONDS_LIMIT:.0f} s")
    return bytes(body)
