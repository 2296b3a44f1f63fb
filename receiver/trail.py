"""``GET /api/audit``: the audit trail, newest first, of the apps whose ``audit`` scope the token has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from receiver import identity, queries, tokens
from receiver.answers import answer, refusal

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge

MOST = 200
LOOKED_AT = 2000
"""Entries that are searched for those of the apps a token may see, or of one app."""


async def entries(request: requests.Request) -> Response:
    """``GET /api/audit?app=&limit=&below=``: entries before the line ``below``. Needs scope ``audit``.

    Entries that concern no app, or several, are for tokens whose scope has the glob ``*``.
    """
    edge: Edge = request.app.state.edge
    who = await identity.identified(edge, request)
    if not isinstance(who, tokens.Claims):
        return who
    if not any("audit" in granted.scopes for granted in who.grants):
        return refusal(403, "the token does not allow `audit`")
    try:
        limit, below = queries.number(request, "limit", 50, 1, MOST), queries.number(request, "below", 0, 0, 99_999_999)
    except ValueError as error:
        return refusal(400, str(error))
    app = request.query_params.get("app", "")
    return await run_in_threadpool(_found, edge, who, app, limit, below)


def _found(edge: Edge, who: tokens.Claims, app: str, limit: int, below: int) -> Response:
    everything = who.allows_all("audit")
    found = edge.records.audit.entries(limit if everything and not app else LOOKED_AT, below)
    visible = [
        entry
        for entry in found
        if app in ("", entry.get("app", ""))
        and (everything or (bool(entry.get("app")) and who.allows("audit", entry["app"])))
    ]
    return answer(200, entries=visible[:limit])
