"""How a look at drift ends: without a write, or with what it put back."""

from __future__ import annotations

from workers import inventory, noticing
from workers.drift import naming
from workers.drift.findings import What
from workers.drift.verdicts import Does, Verdict
from workers.model import Action, Outcome, Ref
from workers.records.repairs import Repaired
from workers.repairing.judging import Repair
from workers.repairing.noting import NOTED
from workers.run import Run
from workers.stages import apply
from workers.work import Work


def end(run: Run, work: Work, repair: Repair) -> None:
    """End a look that writes nothing: what differs and is as Git wants it is accepted, the rest was noted."""
    fresh = apply.owned(work.objects, {}, work.unchanged, work.known, work.how, run.app.ignored)
    accepted = {one.ref: one for one in fresh if one.ref in work.known and work.known[one.ref].accepted}
    if any(one != work.known[ref] for ref, one in accepted.items()):
        run.held.check()
        owned = list({**work.known, **accepted}.values())
        run.context.records.drift.save(run.app.name, inventory.applyset(run.app), run.cluster, owned)
    noted = {ref: one.text for ref, one in repair.left.items() if one.does in NOTED}
    if not noted:
        run.rest(Outcome.NOT_AFFECTED, "no drift: what differs is as Git wants it", remembered=False)
        return
    reported = all(one.does is Does.REPORT for one in repair.left.values() if one.does in NOTED)
    what = "drift, reported and left as it is" if reported else "drift, not put back now"
    what = f"{run.stopped}; {what}" if run.stopped else what
    run.rest(Outcome.HELD, f"{what}: {naming.listed(noted)}", remembered=repair.news)


def give_way(run: Run) -> None:
    """End a look at drift in favour of the sync that what is wanted now needs."""
    text = "what is wanted has changed since the last sync: drift is looked at after the next one"
    run.rest(Outcome.NOT_AFFECTED, text, remembered=False)


def note(repair: Repair) -> str:
    """Return what a success adds: what was put back. Pure."""
    said = {ref: one.text for ref, one in repair.made.items() if one.finding.what is not What.HELD}
    return f"; repaired {naming.listed(said)}" if said else ""


def told(run: Run, work: Work, repair: Repair) -> None:
    """Tell of what was really put back, and keep it on record with the seconds since it was noticed."""
    deleted = {change.ref for change in run.changes if change.action is Action.DELETED}

    def is_done(ref: Ref, one: Verdict) -> bool:
        if one.finding.what is What.EXTRA:
            return ref in deleted
        return one.finding.what is not What.HELD and work.live.get(ref) is not repair.before.get(ref)

    done = {ref: one for ref, one in repair.made.items() if is_done(ref, one)}
    if not done:
        return
    now = run.context.records.clock()
    found = [Repaired(now, str(ref), one.text, now - one.since) for ref, one in done.items()]
    run.context.records.repairs.repaired(run.app.name, found)
    seconds = max(one.seconds for one in found)
    noticing.drift_repaired(run.context, run.app, run.revision, {ref: one.text for ref, one in done.items()}, seconds)
