"""``/_standin/``: what no forge has, for a demo or test in another process.

==========================================  =====================================================================
``GET  /_standin/wait``                     long poll for a status: ``sha``, ``context``, ``state`` (several with
                                            commas), ``timeout`` (seconds, 30), ``after`` (number, 0),
                                            ``repository``; 200 and the status, or 504
``GET  /_standin/statuses``                 all statuses, oldest first; ``repository``, ``sha``, ``context``
``GET  /_standin/deliveries``               all deliveries with their attempts, oldest first
``POST /_standin/deliveries/GUID/attempts`` send a delivery once more
``POST /_standin/silence?on=true|false``    stop or resume sending deliveries
``POST /_standin/delay?seconds=0.05``       let each API call take that long
==========================================  =====================================================================
"""

from __future__ import annotations

import dataclasses
from typing import Any

from deploy.local.forge.hooks import Delivery
from deploy.local.forge.ledger import Closed
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json


def answer(state: State, request: Request) -> Response:
    """Answer a call below ``/_standin/``."""
    match request.method, request.path.split("/")[2:]:
        case "GET", ["wait"]:
            return _wait(state, request)
        case "GET", ["statuses"]:
            wanted = {key: request.query.get(key, "") for key in ("repository", "sha", "context")}
            return json(200, [dataclasses.asdict(one) for one in state.ledger.all(**wanted)])
        case "GET", ["deliveries"]:
            return json(200, [_delivery(one) for one in state.courier.all()])
        case "POST", ["deliveries", guid, "attempts"]:
            count = state.courier.redeliver(guid)
            return json(202 if count else 404, {"sent": count})
        case "POST", ["silence"]:
            state.courier.is_silent = request.query.get("on") == "true"
            return json(200, {"silent": state.courier.is_silent})
        case "POST", ["delay"]:
            state.delay = float(request.query.get("seconds", "0"))
            return json(200, {"delay": state.delay})
        case _:
            return json(404, {"message": "not found"})


def _wait(state: State, request: Request) -> Response:
    query = request.query
    try:
        written = state.ledger.wait(
            sha=query["sha"],
            context=query["context"],
            states=query["state"].split(","),
            timeout=min(float(query.get("timeout", "30")), 600.0),
            after=int(query.get("after", "0")),
            repository=query.get("repository", ""),
        )
    except (KeyError, ValueError) as error:
        return json(400, {"message": f"sha, context and state are needed, timeout and after are numbers: {error}"})
    except Closed:
        return Response(0)
    if written is None:
        seen = state.ledger.all(sha=query["sha"])
        return json(504, {"message": "no such status in time", "seen": [dataclasses.asdict(one) for one in seen]})
    return json(200, dataclasses.asdict(written))


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "guid": delivery.guid,
        "event": delivery.event,
        "url": delivery.url,
        "payload": delivery.payload,
        "attempts": [dataclasses.asdict(attempt) for attempt in delivery.attempts],
    }
