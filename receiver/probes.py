"""``/livez`` and ``/readyz``: the only things a stranger is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from starlette.concurrency import run_in_threadpool

from receiver.answers import answer

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from receiver.edge import Edge


async def livez(_request: requests.Request) -> Response:
    """Say that the process answers."""
    return answer(200, status="ok")


async def readyz(request: requests.Request) -> Response:
    """Say whether a delivery could be recorded now."""
    edge: Edge = request.app.state.edge
    try:
        await run_in_threadpool(edge.records.redis.ping)
    except redis.RedisError:
        return answer(503, status="no records")
    return answer(200, status="ok")
