"""The choke point: every request of a client is made and sent here, dry if the client is.

This module never decides which request to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import urllib3

from workers.kube import calls, refusals, status
from workers.kube.calls import Answer, Call
from workers.kube.connection import Connection
from workers.kube.failures import Unanswered, UnknownKind
from workers.kube.patience import patiently
from workers.kube.sentences import About
from workers.model import Manifest


class Asker:
    """Sends requests over ``connection``; with ``dry_run``, none that could write goes without ``dryRun=All``.

    ``on_unknown`` is told when the API server does not know a path that discovery named.
    """

    def __init__(self, connection: Connection, on_unknown: Callable[[], None], *, dry_run: bool) -> None:
        self.connection = connection
        self.dry_run = dry_run
        self._on_unknown = on_unknown

    def ask(
        self,
        method: str,
        path: str,
        about: About,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = calls.JSON,
        headers: Mapping[str, str] | None = None,
        allowed: int = 200,
        repeatable: bool = False,
    ) -> Answer:
        """Make one call and return its answer; raises our error for every failure but status ``allowed``.

        ``repeatable`` says that a write may be sent again when it is not known whether it arrived.
        """
        call = self._call(method, path, query or {}, body, content_type, headers)
        return patiently(lambda: self._sent(call, about, allowed), repeatable=repeatable or method in calls.READS)

    def stream(
        self,
        path: str,
        about: About,
        query: Mapping[str, str],
        silence: float,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """GET ``path`` and return the answer unread, for the caller to close; ``silence`` is in seconds."""
        call = self._call("GET", path, query, None, calls.JSON, headers)
        response = patiently(lambda: self.connection.stream(call, silence), repeatable=True)
        if response.status == 200:
            return response
        body = response.data
        response.close()
        raise self._judged(Answer(response.status, body), about)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        content_type: str,
        headers: Mapping[str, str] | None,
    ) -> Call:
        return calls.build(method, path, query, body, dry_run=self.dry_run, content_type=content_type, headers=headers)

    def _sent(self, call: Call, about: About, allowed: int) -> Answer:
        answer = self.connection.send(call)
        if answer.status < 300 or (answer.status == allowed and _is_plain(answer)):
            return answer
        raise self._judged(answer, about)

    def _judged(self, answer: Answer, about: About) -> Exception:
        error = refusals.judged(answer, about)
        if isinstance(error, UnknownKind):
            self._on_unknown()
        return error


def _is_plain(answer: Answer) -> bool:
    """Whether a 304, or a 404 in which the API server itself names the object that is not there."""
    if answer.status == 304:
        return True
    said = status.read(answer)
    return said.spoken and bool(said.name)


def document(answer: Answer, about: About) -> Manifest:
    """Return the JSON object of an answer. Raises :class:`Unanswered` when there is none: a login page, for one."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unanswered(f"the answer about {about} is not the API server's: is there a proxy or login page before it?")
    return found
