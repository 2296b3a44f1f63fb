"""Requests out, answers in: pooled connections to one API server, shared by all threads of a process.

This module never decides what to ask or what an answer means; it turns failures of the network and of TLS into ours.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import urllib3
from kubernetes.client.rest import RESTClientObject
from urllib3 import exceptions as broken

from workers.errors import AccessDenied, BadConfiguration, HooklineError
from workers.kube import credentials
from workers.kube.calls import Answer, Call
from workers.kube.failures import Unanswered
from workers.kube.identity import ITSELF, Identity

CONNECT_SECONDS = 5.0
READ_SECONDS = 65.0
"""The API server gives up on a request after 60 seconds; its own words are better than our impatience."""

RELOAD_SECONDS = 10.0
"""The least time between two reads of the credentials after a 401."""

_UNTRUSTED = ("certificate verify failed", "hostname mismatch", "doesn't match", "unknown ca", "self-signed")
_REJECTED = (
    "certificate required",
    "certificate expired",
    "bad certificate",
    "certificate unknown",
    "handshake failure",
)


@dataclass
class _Line:
    """An open way to the API server, as the credentials said; belongs to process ``pid``, as sockets do."""

    loaded: Any
    pool: urllib3.PoolManager
    born: float = field(default_factory=time.monotonic)
    pid: int = field(default_factory=os.getpid)


class Connection:
    """The way to one API server; ``load`` reads where it is and who we are, and is asked again after a 401.

    ``who`` is who to be there instead.
    """

    def __init__(self, load: Callable[[], Any], who: Identity = ITSELF) -> None:
        self._load = load
        self._who = who
        self._lock = threading.Lock()
        self._line = self._opened()
        self.requests = 0

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self._line.loaded.host)

    def send(self, call: Call) -> Answer:
        """Send one request and return the whole answer, whatever its status.

        A 401 makes it read the credentials again and ask once more: tokens and certificates are renewed on disk.
        Raises :class:`Unanswered` when no answer came, :class:`AccessDenied` when TLS failed for lack of trust.
        """
        with _translated(self.server):
            response = self._sent(call, READ_SECONDS, stream=False)
            return Answer(response.status, response.data, {k.lower(): v for k, v in response.headers.items()})

    def stream(self, call: Call, read_seconds: float) -> urllib3.BaseHTTPResponse:
        """Send one request and return the answer unread; the caller closes it.

        A silence of ``read_seconds`` ends it. Raises as :meth:`send`.
        """
        with _translated(self.server):
            return self._sent(call, read_seconds, stream=True)

    def _sent(self, call: Call, read_seconds: float, *, stream: bool) -> urllib3.BaseHTTPResponse:
        line = self._mine()
        response = self._once(line, call, read_seconds, stream)
        if response.status == 401 and (fresh := self._renewed(line)):
            response.close()
            response = self._once(fresh, call, read_seconds, stream)
        return response

    def _once(self, line: _Line, call: Call, read_seconds: float, stream: bool) -> urllib3.BaseHTTPResponse:
        with self._lock:
            self.requests += 1
            token = credentials.authorization(line.loaded)
        return line.pool.request(
            call.method,
            line.loaded.host + call.target,
            body=call.body,
            headers=self._headers(call, token),
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            retries=False,  # the client decides what may be sent again
            redirect=False,  # the credentials are for this server only; said although retries=False implies it
            preload_content=not stream,
        )

    def _headers(self, call: Call, token: str) -> urllib3.HTTPHeaderDict:
        headers = self._who.headers()
        headers.update(call.headers)
        if token:
            headers["Authorization"] = token
        return headers

    def _mine(self) -> _Line:
        line = self._line
        if line.pid == os.getpid():
            return line
        with self._lock:
            if self._line.pid != os.getpid():
                self._line = self._opened()  # forked: the parent's sockets are not ours to use
            return self._line

    def _renewed(self, used: _Line) -> _Line | None:
        """Return a line with credentials read anew, or ``None`` when ``used`` is too young for that to help."""
        with self._lock:
            if self._line is used:
                if time.monotonic() - used.born < RELOAD_SECONDS:
                    return None
                self._line = self._opened()
            return self._line

    def _opened(self) -> _Line:
        loaded = self._who.taken_on(self._load())
        try:
            return _Line(loaded, RESTClientObject(loaded).pool_manager)
        except (OSError, ValueError) as error:
            raise BadConfiguration(
                f"cannot connect as the kubeconfig says ({type(error).__name__}): correct it"
            ) from None


@contextlib.contextmanager
def _translated(server: str) -> Iterator[None]:
    """Turn what urllib3 raises inside the block into our errors."""
    try:
        yield
    except (broken.HTTPError, OSError) as error:
        raise translated(error, server) from None


def translated(error: Exception, server: str) -> HooklineError:
    """Return our error for a failure below HTTP. Pure."""
    words = " ".join(_chain(error)).lower()
    if any(sign in words for sign in _UNTRUSTED):
        return AccessDenied(
            f"the certificate of the API server {server} is not trusted ({_reason(words)}): "
            "put the right certificate authority in the kubeconfig, or renew the server's certificate"
        )
    if any(sign in words for sign in _REJECTED):
        return AccessDenied(f"the API server {server} does not take our client certificate: renew it in the kubeconfig")
    if isinstance(error, broken.LocationParseError):
        return BadConfiguration("the API server's address is no URL: correct the cluster's server in the kubeconfig")
    if isinstance(error, (FileNotFoundError, PermissionError)):
        return BadConfiguration(
            "a certificate or key file of the kubeconfig cannot be read: correct its path or rights"
        )
    slow = isinstance(error, broken.ReadTimeoutError)
    sent = not isinstance(error, (broken.NewConnectionError, broken.ConnectTimeoutError, broken.ProxyError))
    why = f"it gave no answer in {READ_SECONDS:.0f} s" if slow else type(error).__name__
    return Unanswered(f"the API server {server} did not answer ({why}); trying again", again=not slow, sent=sent)


def _chain(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        error = error.__cause__ or error.__context__


def _reason(words: str) -> str:
    _, found, rest = words.partition("certificate verify failed: ")
    return rest.partition(" (_ssl")[0][:80] if found else "it does not fit the server's name"
