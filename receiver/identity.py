"""Who is asking the API, and may they? Every call passes here; what fails is counted by address, in the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from receiver import tokens
from receiver.answers import refusal
from workers.errors import BadConfiguration, KeysUnavailable, RecordsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

log = structlog.get_logger()


async def identified(edge: Edge, request: requests.Request) -> tokens.Claims | Response:
    """Return who is asking, or the refusal to send. Published keys are fetched here, without holding a thread."""
    token = tokens.taken_apart(request.headers)
    if token and isinstance(token.issuer, str):
        for published in edge.published.get(token.issuer, ()):
            await published.ready(token.kid)
    return await run_in_threadpool(judged, edge, request.headers, address_of(request))


def judged(edge: Edge, headers: Mapping[str, str], address: str) -> tokens.Claims | Response:
    """Return whose token is in ``headers``, or the refusal; a token that failed is counted. Asks Redis."""
    try:
        if seconds := edge.records.failures.wait(address, edge.settings.edge.max_failures):
            return refusal(429, "too many tokens failed", retry_after=str(int(seconds) + 1))
        return tokens.claims(headers, edge.issuers, edge.clock())
    except tokens.BadToken as error:
        return failed(edge, error, address, counted="authorization" in headers)
    except BadConfiguration as error:
        log.error("token issuer unusable", reason=str(error))
        return refusal(503, "tokens cannot be checked now: the log has the details")
    except (KeysUnavailable, RecordsUnavailable) as error:
        log.error("token not checked", reason=str(error))
        return refusal(503, "tokens cannot be checked now: send it again", retry_after="5")


def failed(edge: Edge, error: tokens.BadToken, address: str, *, counted: bool = True) -> Response:
    """Return the refusal of a token that is none of ours, and count it. Asks Redis."""
    try:
        if counted:
            edge.records.failures.add(address)
    except RecordsUnavailable as reason:
        log.error("failed token not counted", reason=str(reason))
    return refusal(401, str(error), www_authenticate="Bearer")


async def allowed(edge: Edge, request: requests.Request, scope: str, app: str | None) -> tokens.Claims | Response:
    """Return who is asking if they may do ``scope`` to ``app``, ``None`` for all of them, or the refusal to send.

    An app nobody declared and one the token may not touch look alike. All apps are those of the future, too: globs that
    fit the present ones are not enough.
    """
    who = await identified(edge, request)
    if not isinstance(who, tokens.Claims) or (who.allows_all(scope) if app is None else who.allows(scope, app)):
        return who
    return refusal(403, f"the token does not allow `{scope}` for {'every app (`*`)' if app is None else 'this app'}")


def address_of(request: requests.Request) -> str:
    """Return where a request comes from; a trusted proxy's word for it counts."""
    return request.client.host if request.client else ""
