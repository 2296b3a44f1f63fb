"""Keeps what a look decided about drift, and has the news of it told."""

from __future__ import annotations

from collections.abc import Mapping

from workers import noticing
from workers.drift import suspects
from workers.drift.rounds import Rounds
from workers.drift.verdicts import Does, Verdict
from workers.model import Ref
from workers.records.repairs import Note
from workers.run import Run
from workers.work import Work

NOTED = (Does.REPORT, Does.WAIT, Does.STOP)


def note(
    run: Run, work: Work, made: Mapping[Ref, Verdict], left: Mapping[Ref, Verdict], fights: Mapping[Ref, Rounds]
) -> bool:
    """Record what is left as it is, by what it was judged, how fights stand, and when to look again.

    Repairs are counted here, before they are made: one that is never heard of again counts, too. ``fights`` are as
    they were before. Returns whether any of it is news.
    """
    repairs, name, rules = run.context.records.repairs, run.app.name, run.app.ignored
    known = repairs.notes(name)
    notes = {
        ref: Note(one.text, one.since, one.finding.manager, one.finding.fields, one.does.value)
        for ref, one in left.items()
        if one.does in NOTED
    }
    repairs.judged(name, notes, {ref: suspects.seen(work.live.get(ref), rules, ref) for ref in left})
    repairs.fought(
        name,
        {
            ref: (one.fight.repaired, one.fight.stopped)
            for ref, one in {**made, **left}.items()
            if one.fight != fights[ref]
        },
    )
    if dues := [one.due for one in left.values() if one.due]:
        repairs.later(name, min(dues))
    news = {ref: one for ref, one in notes.items() if ref not in known or known[ref].text != one.text}
    stopped = {ref: one.text for ref, one in news.items() if one.does == Does.STOP}
    found = {ref: one.text for ref, one in news.items() if one.does != Does.STOP}
    if found:
        noticing.drift_found(run.context, run.app, run.revision, found)
    if stopped:
        noticing.fought_over(run.context, run.app, run.revision, stopped)
    if not notes and (back := {ref: "put back by somebody else" for ref in known if ref not in made}):
        noticing.drift_gone(run.context, run.app, run.revision, back)
    return bool(news)
