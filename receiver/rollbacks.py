"""``/api/apps/<app>/rollback``: back to a commit the app had before, and on again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from receiver.answers import answer
from receiver.orders import Order, ordered
from workers import rolling

if TYPE_CHECKING:
    from starlette import requests
    from starlette.responses import Response

    from workers.asker import Asker
    from workers.holding import Desk


async def rollback(request: requests.Request) -> Response:
    """``POST`` and ``DELETE /api/apps/<app>/rollback``. Both need scope ``rollback`` for the app.

    To go back takes ``{"reason": "..."}``, and ``"to": "<commit>"`` for another commit than the last that ended well.
    With ``"force": true`` it passes holds and windows, which needs scope ``sync:force``, too. ``DELETE`` ends it: the
    app's revision is deployed, whatever it names.
    """
    if request.method == "DELETE":
        return await ordered(request, "release", _clear, scope="rollback")
    return await ordered(request, "rollback", _back)


def _back(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
    forced = order.get("force", False)
    made, number = rolling.back(desk, asker, name, order["reason"], order.get("to", ""), forced=forced)
    return answer(202, result="accepted", app=name, number=number, rollback=asdict(made))


def _clear(desk: Desk, asker: Asker, name: str, order: Order) -> Response:
    ended, number = rolling.clear(desk, asker, name, order.get("reason", ""))
    return answer(202, result="accepted", app=name, number=number, rollback=asdict(ended))
