"""Talking to a forge's API: one call, one bounded answer.

The only module of the package that does I/O. It follows redirects within the configured API and never sends a
token anywhere else; an answer is read up to a limit and a deadline, and the token is blanked in it, in whatever form,
before anything can quote it.
"""

from __future__ import annotations

import contextlib
import time
import weakref
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import httpx2
import orjson

from workers.cutting import Cut, Kept
from workers.errors import BadConfiguration, ForgeUnreachable, OperatorError
from workers.forges.redirects import address, target
from workers.forges.text import cut
from workers.redaction import blank

if TYPE_CHECKING:
    from workers.forges.account import Account

BODY_LIMIT: Final = 1024 * 1024
"""Bytes read of an answer unless a call has another ``room``; what comes after is not read."""
SECONDS_LIMIT: Final = 30.0
"""Seconds for a whole answer to arrive, headers and all. The client's time-outs are per read, which a slow drip
outlives."""

_HOPS = 3
_REDIRECTS = frozenset({301, 302, 307, 308})
_MESSAGE_LIMIT = 200
_kept: weakref.WeakKeyDictionary[httpx2.Client, defaultdict[str, Kept]] = weakref.WeakKeyDictionary()
"""The connections that clients keep open, by host: a call may go over one of an earlier call."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ``path`` is relative to the API's base and already quoted; ``body`` is sent as JSON.

    ``headers`` holds no credential; :func:`send` adds it. ``room`` is how many bytes of the answer are read.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    room: int = BODY_LIMIT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a forge said. ``headers`` has lower-case keys; ``body`` is cut at the ``room`` of the call.

    ``moved`` is the URL that answered when that was not the one asked: the repository has another name now.
    """

    code: int
    headers: Mapping[str, str]
    body: bytes
    moved: str = ""

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
    """Make one call and return the answer, whatever its code. ``client`` counts where the account has none of its own.

    A redirect within the API's base URL is followed with the same method and body, three times at most: that is how
    forges answer for a renamed repository. A token that is refused (401) is renewed once, if the account can.

    Raises :class:`ForgeUnreachable` when there is no whole answer, :class:`BadConfiguration` for an API
    address that is none, :class:`OperatorError` for a redirect out of the API or a certificate nobody vouches for.
    """
    token = account.secret()
    answer = _followed(account, client, call, token)
    if answer.code == 401 and account.renew is not None:
        answer = _followed(account, client, call, account.fit(account.renew(token)))
    return answer


def _followed(account: Account, client: httpx2.Client, call: Call, token: str) -> Answer:
    url, moved = address(account.api, call.path), ""
    for _ in range(_HOPS + 1):
        answer = _once(account, client, call, url, token)
        if answer.code not in _REDIRECTS:
            return replace(answer, moved=moved)
        url = moved = target(account, url, answer.headers.get("location", ""))
    raise OperatorError(f"{account.host} answers with redirects without end: check `api`")


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
    client = account.client or client
    late = Cut(time.monotonic() + SECONDS_LIMIT, _kept.setdefault(client, defaultdict(Kept))[account.host])
    asked = client.stream(
        call.method, url, content=content, headers=headers, follow_redirects=False, extensions={"trace": late.trace}
    )
    words = ""
    try:
        with late, asked as response:
            body = _read(response, call.room)
            if not late.is_over():  # without a length, what was cut looks whole
                said = {key.lower(): blank(value, token) for key, value in response.headers.items()}
                return Answer(response.status_code, said, _blanked(body, token))
    except httpx2.InvalidURL as error:
        words = blank(str(error), token)
        raise BadConfiguration(f"{account.api!r} is not the address of an API: {words}", field="api") from None
    except httpx2.RequestError as error:
        # not chained: the library's error holds the request, and with it the token
        words = cut(blank(str(error), token), _MESSAGE_LIMIT) or type(error).__name__
    if late.is_over():
        words = f"its answer took longer than {SECONDS_LIMIT:.0f} s"
    if "CERTIFICATE_VERIFY_FAILED" in words:
        raise OperatorError(
            f"the certificate of {account.host} is not one to trust ({words}): name the authority's file in `ca`"
        )
    raise ForgeUnreachable(f"{account.host} did not answer: {words}")


def _blanked(body: bytes, token: str) -> bytes:
    """A body without the token, whatever JSON's escapes hide of it."""
    if b"\\" in body:
        with contextlib.suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
            body = orjson.dumps(orjson.loads(body))
    # latin-1 maps every byte and back
    return blank(body.decode("latin-1"), token).encode("latin-1")


def _read(response: httpx2.Response, room: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk[: room - len(body)]
        if len(body) >= room:
            break
    return bytes(body)
