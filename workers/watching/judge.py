"""Looks into suspicions: reads each object once, compares it as a whole, and asks for a look at apps that drifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import redis
import structlog

from workers import drift, kube, sweep
from workers.apps import App
from workers.context import Context
from workers.errors import TransientError
from workers.model import Manifest, Ref
from workers.watching.board import Board
from workers.watching.owners import Known

log = structlog.get_logger()

PARALLEL: Final = 8
"""Objects read, and apps judged, at the same time."""
BATCH: Final = 500
"""Apps asked about in one round trip."""

Suspects = Mapping[str, Iterable[Ref]]
Read = Manifest | Exception | None
"""An object, ``None`` where there is none, or why it could not be read."""


class Judge:
    """Settles what the board of ``cluster`` suspects."""

    def __init__(self, context: Context, cluster: str, board: Board) -> None:
        self._context = context
        self._cluster = cluster
        self._board = board
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix=f"judge {cluster}")

    def close(self) -> None:
        """End; what is under way is finished."""
        self._pool.shutdown()

    def settle(self, suspects: Suspects) -> dict[str, set[Ref]]:
        """Settle suspicions, app to objects; return those that have to wait.

        They wait for a sync that has the app or is about to: it sees what is live, and is judged by what it leaves.
        """
        doubted = {app: found for app, refs in suspects.items() if (found := self._board.doubted(app, refs))}
        if not doubted:
            return {}
        busy, apps = self._busy(sorted(doubted)), self._context.catalog.index().apps
        served = {name: app for name in doubted if name not in busy and (app := apps.get(name)) and not app.fault}
        looks = {ref: self._board.look(ref) for name in served for ref in doubted[name]}
        odd = [one for name in served for one in doubted[name].items()]
        read = dict(zip((ref for ref, _ in odd), self._pool.map(self._read, odd), strict=True))
        waits = self._pool.map(lambda name: self._judged(served[name], doubted[name], looks, read), served)
        later = {app: set(doubted[app]) for app in busy}
        return later | {name: set(doubted[name]) for name, waits in zip(served, waits, strict=True) if waits}

    def _busy(self, apps: list[str]) -> set[str]:
        """Return the apps that a worker has, or is going to look at as a whole."""
        records, found = self._context.records, set()
        for first in range(0, len(apps), BATCH):
            for app, one in records.watchers.standing(apps[first : first + BATCH]).items():
                if one.leased or (one.behind and not one.flies):
                    found.add(app)
                elif one.flies:
                    flight = records.progress.flight(app)
                    if flight and records.progress.app(app).wanted > flight.number:
                        found.add(app)  # somebody asked since that sync began
        return found

    def _read(self, doubted: tuple[Ref, Known]) -> Read:
        """Return an object as it is now; of one that may hold secret values only the metadata, which counts as changed.

        Never raises: what goes wrong is returned.
        """
        ref, known = doubted
        secret = "secret" in ref.kind.lower()
        try:
            client = self._context.clusters.client(self._cluster)
            resource = client.resource(ref.group, ref.kind, known.version)
            found = client.get(resource, ref.namespace, ref.name, metadata_only=secret)
        except kube.UnknownKind:
            return None  # its definition is gone, and it with it
        except Exception as error:
            return error
        if found and secret:
            found["apiVersion"], found["kind"] = resource.api_version, resource.kind
        return found

    def _judged(
        self, app: App, doubted: Mapping[Ref, Known], looks: Mapping[Ref, str | None], read: Mapping[Ref, Read]
    ) -> bool:
        """Settle one app's suspicions; true when they have to wait after all."""
        try:
            drifted = self._ask(app, sorted(doubted), _there(doubted, read))
        except (redis.RedisError, TransientError) as error:
            log.debug("drift not judged yet", app=app.name, reason=type(error).__name__)
            return True
        except Exception as error:  # one app's trouble; the sweep says it, too
            log.warning("drift not judged", app=app.name, reason=f"{type(error).__name__}: {error}")
            return False
        if drifted is None:
            return True
        for ref in doubted:
            self._board.judged(ref, looks[ref], drifted=ref in drifted)
        return False

    def _ask(self, app: App, refs: list[Ref], live: Mapping[Ref, Manifest]) -> set[Ref] | None:
        """Judge what was read and ask for a look if it drifted; ``None`` when a sync has the app by now.

        The one place where the watch meets `workers.drift`.
        """
        context = self._context
        owned = context.records.drift.owned(app.name)
        drifted = set(drift.differing({ref: owned[ref] for ref in refs if ref in owned}, live, app.ignored))
        if drift.is_busy(context, app.name):
            return None
        if drift.judge(context, app, live, refs):
            log.info("drift found", app=app.name, objects=[str(ref) for ref in sorted(drifted)])
            sweep.ask_repair(context, app)
        elif drifted and drift.is_busy(context, app.name):
            return None  # it was taken between the two questions
        return drifted


def _there(refs: Iterable[Ref], read: Mapping[Ref, Read]) -> dict[Ref, Manifest]:
    """Return what was read and is there. Raises the first error of a read. Pure."""
    live: dict[Ref, Manifest] = {}
    for ref in refs:
        found = read[ref]
        if isinstance(found, Exception):
            raise found
        if found is not None:
            live[ref] = found
    return live
