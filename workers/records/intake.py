"""Deliveries and the requests they cause, recorded in one step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
import redis

from workers.errors import RecordsUnavailable
from workers.model import Accepted, Commit, Delivery, Report, Request, Sighting, State, Why
from workers.records import coding, scripts
from workers.records.keys import PREFIX, Client, key
from workers.records.watchers import NUDGED_SECONDS

RETENTION: Final = 7 * 24 * 3600
"""Seconds a delivery and a commit are remembered."""
MOST_DELIVERIES: Final = 10_000
WANTED: Final = ("pulls",)
"""The pull requests that a worker is to look at: each has a message."""
PLAN: Final = "plan:"
"""How the name begins of what a plan says of a commit, where an app's would be; no app's name has a colon."""

_WAITING: Final = coding.encode(Report(State.PENDING, "accepted, waiting for a worker"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery on record, with the requests it caused: app to number."""

    delivery: Delivery
    requests: dict[str, int]


class Post(Protocol):
    """Makes messages: `workers.broker.Post`."""

    report_queue: str

    def look(self, request: Request) -> tuple[str, str]:
        """Return queue and message that ask for a look at the request's app."""

    def publish(self, commit: str) -> str:
        """Return the message that asks for a look at a commit's statuses, "" for no commit."""

    def plan(self, pull: str) -> tuple[str, str]:
        """Return queue and message that ask for a look at a pull request."""


class Intake:
    """Takes deliveries and requests in."""

    def __init__(self, client: Client, clock: Callable[[], float]) -> None:
        self._redis = client
        self._clock = clock
        self._accept = client.register_script(scripts.ACCEPT)

    def accept(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        reports: Sequence[tuple[str, Commit, Report]] = (),
        sightings: Sequence[Sighting] = (),
        post: Post | None = None,
    ) -> Accepted:
        """Record a delivery (if any) with the requests it causes; their numbers are given here.

        All or nothing, in one round trip: once this returns, nothing can lose them. A delivery seen before
        causes nothing, unless it caused nothing then or the work it caused failed. A request for the revision that is
        already the newest wanted one of its app causes nothing new either. ``reports`` are what apps say at once of
        commits. ``post`` makes the messages that are queued in the same step; without it none are.

        Raises :class:`RecordsUnavailable`; then nothing was recorded, or it was and a repetition is recognised.
        """
        name = delivery.id if delivery else ""
        queue = post.report_queue if post else ""
        arguments: list[Any] = [PREFIX, self._clock(), RETENTION, MOST_DELIVERIES, name, coding.encode(delivery), queue]
        arguments += [len(sightings), int(NUDGED_SECONDS * 1000)]
        for seen in sightings:
            wanted = post is not None and seen.name == WANTED
            arguments += [":".join(seen.name), seen.field, seen.value]
            arguments += post.plan(seen.field) if post and wanted else ["", ""]
        published = functools.cache(post.publish) if post else str  # one of a commit, for however many apps
        for request in requests:
            commit = coding.commit_id(request.commit) if request.commit else ""
            last = f"{request.ref} {request.revision}" if request.revision and request.why is not Why.RERUN else ""
            arguments += [request.app, _without_number(request), last, commit, field(request.app), _WAITING]
            arguments += [*post.look(request), published(commit)] if post else ["", "", ""]
        for app, about, report in reports:
            commit = coding.commit_id(about)
            arguments += [app, "", "", commit, field(app), coding.encode(report)]
            arguments += ["", "", published(commit) if post else ""]
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

    def deliveries(self, most: int = 50, skip: int = 0) -> list[Kept]:
        """Return the newest deliveries, newest first, after the ``skip`` newest."""
        names = self._redis.zrevrange(key("deliveries"), skip, skip + most - 1)
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(key("delivery", name), "body", "requests")
            found = pipe.execute()
        return [_kept(body, requests) for body, requests in found if body]

    def delivery(self, name: str) -> Kept | None:
        """Return one delivery by its id, ``None`` when there is none or it is no longer kept."""
        body, requests = self._redis.hmget(key("delivery", name), "body", "requests")
        return _kept(body, requests) if body else None


def field(name: str) -> str:
    """Return the field of a commit's record in which an app, or a plan, says something of it."""
    return name if name.startswith(PLAN) else f"app:{name}"


def _kept(body: str, requests: str) -> Kept:
    return Kept(coding.delivery(body), orjson.loads(requests))


def _without_number(request: Request) -> str:
    value: dict[str, Any] = orjson.loads(coding.encode(request))
    del value["app"], value["number"]
    return coding.encode(value)
