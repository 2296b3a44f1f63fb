"""How an app's holds, windows, exception, rollback and approval are shown. Reads records and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from workers import gate, holds, rollbacks, standing
from workers.apps import Index
from workers.model import Request, Why
from workers.records import Records
from workers.settings import Settings
from workers.standing import Standing

NOTHING = Standing(0.0)


@dataclass(frozen=True, slots=True)
class Situation:
    """How an app stands, and what of that stops it: ``text``, "" for nothing."""

    standing: Standing
    text: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said beside that: its exception, its rollback, the objects that are held, the commit that waits."""
        now, found = self.standing.now, []
        if self.standing.exception:
            one = self.standing.exception
            until = holds.moment(one.until, now)
            found.append(f"follows {one.revision} as an exception until {until} by {one.who}: {one.reason}")
        if self.standing.rollback:
            found.append(rollbacks.shown(self.standing.rollback))
        found += [f"{one.object} is left alone: {holds.sentence(one, now)}" for one in self.standing.objects]
        if self.standing.approved:
            found.append(f"{self.standing.approved.revision[:7]} was approved by {self.standing.approved.who}")
        elif self.standing.awaiting:
            found.append(f"{self.standing.awaiting[:7]} waits for approval")
        return tuple(found)


def of(index: Index, settings: Settings, records: Records, names: Iterable[str]) -> dict[str, Situation]:
    """Return how each of these apps stands; nothing stands in the way of one that is not declared."""
    now, (holds, known) = records.clock(), records.exceptions.standing()
    found = {}
    for name in names:
        app = index.apps.get(name)
        stands = standing.of(app, index, settings, records, now, holds, known) if app else NOTHING
        closed = gate.stopped(app, Request(name, 0, Why.SWEEP, "", now), stands) if app else None
        found[name] = Situation(stands, closed.text if closed else "")
    return found


def plain(situation: Situation) -> dict[str, Any]:
    """Return it as the API and ``--json`` show it."""
    found = situation.standing
    return {
        "held": situation.text,
        "holds": [asdict(hold) for hold in (*found.holds, *found.objects)],
        "exception": asdict(found.exception) if found.exception else None,
        "rollback": asdict(found.rollback) if found.rollback else None,
        "awaiting": found.awaiting,
        "approved": asdict(found.approved) if found.approved else None,
    }
