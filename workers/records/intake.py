"""Deliveries and the requests they cause, recorded in one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import redis

from workers.errors import RecordsUnavailable
from workers.model import Accepted, Delivery, Report, Request, State
from workers.records import coding, scripts
from workers.records.keys import PREFIX, Client, key

RETENTION: Final = 7 * 24 * 3600
"""Seconds a delivery and a commit are remembered."""
MOST_DELIVERIES: Final = 10_000


class Intake:
    """Takes deliveries and requests in."""

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock
        self._accept = client.register_script(scripts.ACCEPT)

    def accept(self, delivery: Delivery | None, requests: Sequence[Request]) -> Accepted:
        """Record a delivery (if any) with the requests it causes; their numbers are given here.

        All or nothing, in one round trip: once this returns, nothing can lose them. A delivery seen before
        causes nothing, unless the work it caused failed. A request for the revision that is already the newest
        wanted one of its app causes nothing new either. Raises :class:`RecordsUnavailable`; then nothing was
        recorded, or it was and a repetition is recognised.
        """
        name = f"{delivery.hook}:{delivery.key}" if delivery else ""
        arguments: list[Any] = [
            PREFIX,
            self._clock(),
            RETENTION,
            MOST_DELIVERIES,
            name,
            coding.encode(delivery),
        ]
        for request in requests:
            arguments += [
                request.app,
                _without_number(request),
                f"{request.ref} {request.revision}" if request.revision else "",
                coding.commit_id(request.commit) if request.commit else "",
                coding.encode(Report(State.PENDING, "accepted, waiting for a worker")),
            ]
        try:
            answer: list[str] = self._accept(args=arguments)
        except redis.RedisError as error:
            raise RecordsUnavailable(f"Redis did not record the request ({type(error).__name__}): try again") from error
        triples = [answer[i : i + 3] for i in range(1, len(answer), 3)]
        return Accepted(
            duplicate=answer[0] == "duplicate",
            numbers={app: int(number) for app, number, _ in triples},
            fresh=tuple(app for app, _, fresh in triples if fresh == "1"),
        )

    def ask(self, request: Request) -> Accepted:
        """Record one request that no delivery caused; as :meth:`accept`."""
        return self.accept(None, [request])

    def deliveries(self, most: int = 50) -> list[dict[str, Any]]:
        """Return the newest deliveries as recorded, each with ``requests`` (app to number)."""
        names = self._redis.zrevrange(key("deliveries"), 0, most - 1)
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(key("delivery", name), "body", "requests")
            found = pipe.execute()
        return [orjson.loads(body) | {"requests": orjson.loads(requests)} for body, requests in found if body]


def _without_number(request: Request) -> str:
    value: dict[str, Any] = orjson.loads(coding.encode(request))
    del value["app"], value["number"]
    return coding.encode(value)
