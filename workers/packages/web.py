"""One bounded GET of a stranger's URL: which hosts may be asked, where a redirect may lead, and how much is read.

A name is looked up once, its addresses are judged, and the connection goes to the one that was judged: a name server
that changes its mind leads nowhere. A credential is sent to the scheme, host and port it was given for and to no other.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from workers.cutting import Cut
from workers.errors import AccessDenied, BadConfiguration, HooklineError, SourceMissing, SourceUnreachable
from workers.packages import hosts
from workers.redaction import blank
from workers.rendering import Charts

HOPS: Final = 5
WAIT: Final = 10.0
"""Seconds without a byte after which a server is given up."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MANY: Final = 3
"""Addresses of a host that are tried."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a URL, the most bytes of an answer, headers, and the credential for its origin.

    ``setting`` is what to raise in the configuration where the answer is too large.
    """

    url: str
    most: int
    setting: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's code and headers (lower-case); ``body`` is empty where it was written to a file."""

    code: int
    headers: Mapping[str, str]
    body: bytes = b""


def get(rules: Charts, wish: Wish, target: BinaryIO | None = None, takes: frozenset[int] = frozenset()) -> Answer:
    """Return the answer; its body goes to ``target`` where there is one. Codes but 200 raise unless in ``takes``.

    Raises :class:`SourceUnreachable` (try again), :class:`SourceMissing` (404, or what nobody may be asked for),
    :class:`AccessDenied`, naming the URL without query and user.
    """
    url, origin, deadline = wish.url, hosts.origin(wish.url), time.monotonic() + rules.seconds
    for _ in range(HOPS + 1):
        if why := hosts.refused(url, wish.url, plain_http=rules.plain_http):
            raise SourceMissing(f"{hosts.shown(url)} is not fetched: {why}")
        mine = wish.authorization if hosts.origin(url) == origin else ""
        headers = {**wish.headers, "accept-encoding": "identity", "user-agent": "hookline"}
        headers |= {"authorization": mine} if mine else {}
        sink = target or BytesIO()
        answer = _once(rules, wish, url, headers, sink, deadline)
        if answer.code not in _REDIRECTS:
            _judged(answer, url, takes)
            return answer if target else Answer(answer.code, answer.headers, sink.getvalue())  # type: ignore[attr-defined]
        url = urljoin(url, answer.headers.get("location", ""))
    raise SourceUnreachable(f"{hosts.shown(wish.url)} answers with more than {HOPS} redirects: correct its URL")


def _judged(answer: Answer, url: str, takes: frozenset[int]) -> None:
    code, shown = answer.code, hosts.shown(url)
    if code == 200 or code in takes:
        return
    if code in (401, 403):
        raise AccessDenied(f"{shown} answered {code}: add a credential for it to `repository_credentials`")
    if code in (404, 410):
        raise SourceMissing(f"{shown} is not there (it answered {code}): correct the URL, the chart or the version")
    raise SourceUnreachable(f"{shown} answered {code}")


def _once(rules: Charts, wish: Wish, url: str, headers: Mapping[str, str], sink: BinaryIO, deadline: float) -> Answer:
    """Ask one URL, at the addresses that may be asked, until one answers."""
    parts = urlsplit(url)
    host, shown = parts.hostname or "", hosts.shown(url)
    failed: Exception | None = None
    for address in _addresses(rules, url, host)[:_MANY]:
        pinned = parts._replace(netloc=f"[{address}]" if ":" in address else address)
        if parts.port:
            pinned = pinned._replace(netloc=f"{pinned.netloc}:{parts.port}")
        try:
            return _read(wish, pinned.geturl(), {**headers, "host": parts.netloc}, host, sink, deadline, shown)
        except httpx2.ConnectError as error:
            failed = error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            failed = error
            break
    if time.monotonic() >= deadline:
        raise _too_late(shown)
    words = blank(str(failed) or type(failed).__name__, wish.authorization.partition(" ")[2])
    raise SourceUnreachable(f"{shown} cannot be fetched: {words.replace(parts.query, '…') if parts.query else words}")


def _addresses(rules: Charts, url: str, host: str) -> list[str]:
    """Return the addresses of a host. Raises for one that leads inside where the configuration does not say so."""
    shown = hosts.shown(url)
    try:
        every = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceUnreachable(f"{shown} cannot be fetched: the name {host} is not known here") from None
    found = list(dict.fromkeys(str(one[4][0]) for one in every))
    for address in found:
        if why := hosts.inside(address, host, rules.internal):
            raise BadConfiguration(f"{shown} is not fetched: {why}")
    return found


def _read(
    wish: Wish, url: str, headers: Mapping[str, str], host: str, sink: BinaryIO, deadline: float, shown: str
) -> Answer:
    # Nothing is kept open: a connection's certificate was checked for one name and must serve no other.
    limits = httpx2.Limits(max_keepalive_connections=0)
    with (
        httpx2.Client(
            verify=_trusted(os.environ.get("SSL_CERT_FILE", "")), trust_env=False, timeout=WAIT, limits=limits
        ) as client,
        Cut(deadline) as cut,
        client.stream("GET", url, headers=headers, extensions={"sni_hostname": host, "trace": cut.trace}) as response,
    ):
        said = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status_code, said)
        if answer.code != 200:
            return answer
        if said.get("content-encoding", "identity") != "identity":
            raise SourceMissing(f"{shown} comes compressed although nobody asked for it: serve it as it is")
        if (length := said.get("content-length", "")).isdigit() and int(length) > wish.most:
            raise _too_large(wish, shown, f"{length} bytes")
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > wish.most:
                raise _too_large(wish, shown, "more")
            sink.write(chunk)
        if cut.is_over():  # without a length, what was cut looks whole
            raise _too_late(shown)
        return answer


def _too_late(shown: str) -> HooklineError:
    return SourceUnreachable(f"{shown} was not here in time: raise `charts.seconds`, or look at its server")


def _too_large(wish: Wish, shown: str, size: str) -> HooklineError:
    return SourceMissing(f"{shown} has {size}, and no more than {wish.most} bytes are read: raise `{wish.setting}`")


@functools.lru_cache(maxsize=4)
def _trusted(file: str) -> ssl.SSLContext:
    """Whom this machine trusts; OpenSSL reads the variable that names ``file`` by itself."""
    del file
    return ssl.create_default_context()
