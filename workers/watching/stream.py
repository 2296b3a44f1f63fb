"""One kind on one cluster: listed once, then watched for as long as anything of it is owned, whatever breaks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from workers import inventory, kube
from workers.errors import HooklineError
from workers.watching.board import Board, Seen, look_of, ref_of
from workers.watching.owners import Kind

log = structlog.get_logger()

WATCH_SECONDS: Final = (300, 600)
"""How long one watch request lasts before it is made anew: the least and the most, so that not all end at once."""
FIRST_PAUSE: Final = 0.1
MOST_PAUSE: Final = 5.0
"""Seconds between two tries at what does not work, doubled each time."""
SHORTEST: Final = 1.0
"""A watch that ends sooner than this and brought nothing did not work."""


def pause(failures: int, chance: float) -> float:
    """Return how many seconds to wait after so many failures; ``chance`` (0 to 1) takes up to half off. Pure."""
    return min(MOST_PAUSE, FIRST_PAUSE * 2.0 ** min(max(failures, 1) - 1, 10)) * (1 - chance / 2)


class Stream:
    """Follows one kind, in a thread of its own, and tells the board. ``at`` is the resourceVersion it has come to."""

    def __init__(self, client: Callable[[], kube.Client], board: Board, kind: Kind, cluster: str) -> None:
        self._client = client
        self._board = board
        self._kind = kind
        self._cluster = cluster
        self._over = threading.Event()
        self._watch: kube.Watch | None = None
        self._resource: kube.Resource | None = None
        self.at = ""
        self._failures = 0
        self._unknown = 0
        self._said = ""
        self._thread = threading.Thread(target=self._run, name=f"watch {kind[1]} {cluster}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End soon: what the thread waits for is broken off."""
        self._over.set()
        if watch := self._watch:
            watch.close()

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._once()
            except kube.Expired:
                self._failed("", anew=True)  # too far behind
                if self._failures == 1:
                    continue
            except kube.UnknownKind as error:
                self._failed(str(error), anew=True)
                self._unknown += 1
                if self._unknown == 2:  # once may be an API server that just starts
                    self._board.listed(self._kind, {})
            except kube.Silent as error:
                # A resourceVersion of the future, from before a restore of the cluster, is silent for ever.
                self._failed(str(error), anew=True)
            except HooklineError as error:
                self._failed(str(error))
            except Exception as error:  # a stream is never to end because of one event
                self._failed(type(error).__name__, anew=True)
            if self._failures and not self._over.is_set():
                self._over.wait(pause(self._failures, random.random()))  # noqa: S311 -- no secret
        self._watch = None

    def _failed(self, reason: str, *, anew: bool = False) -> None:
        self._failures += 1
        if anew:
            self.at, self._resource = "", None
        if reason and reason != self._said and not self._over.is_set():
            self._said = reason
            log.warning("watch interrupted", kind=self._kind[1], cluster=self._cluster, reason=reason)

    def _once(self) -> None:
        """List if need be, then read one watch to its end."""
        client = self._client()
        if self._resource is None:
            group, kind = self._kind
            self._resource = client.resource(group, kind)
        if not self.at:
            self._list(client, self._resource)
        began = time.monotonic()
        seconds = random.randint(*WATCH_SECONDS)  # noqa: S311 -- no secret
        watch = client.watch(self._resource, inventory.PART_OF, self.at, seconds, metadata_only=True)
        self._watch = watch
        with watch:
            if self._over.is_set():
                return  # the end came while it was being opened
            brought = False
            for event in watch:
                if not brought:
                    brought, self._failures, self._said = True, 0, ""
                self._tell(event)
        if brought or time.monotonic() - began >= SHORTEST:
            self._failures = 0
        elif not self._over.is_set():
            self._failed("")

    def _list(self, client: kube.Client, resource: kube.Resource) -> None:
        seen: Seen = {}
        owners, at = self._board.owners, ""
        for page in client.pages(resource, inventory.PART_OF, metadata_only=True):
            for item in page.items:
                ref = ref_of(self._kind, item["metadata"])
                look, known = look_of(item["metadata"]), owners.of(ref)
                seen[ref] = known.ownership if known and known.ownership == look else look
            at = page.resource_version
            if self._over.is_set():
                return
        self._board.listed(self._kind, seen)
        self.at, self._unknown = at, 0

    def _tell(self, event: kube.WatchEvent) -> None:
        metadata = event.object["metadata"]
        at = metadata["resourceVersion"]
        if at.isdecimal() and self.at.isdecimal() and int(at) < int(self.at):
            raise kube.Expired("the cluster went back in time: it was restored from a backup")
        if event.type in ("ADDED", "MODIFIED", "DELETED"):
            self._board.saw(self._kind, metadata, gone=event.type == "DELETED")
        self.at = at
