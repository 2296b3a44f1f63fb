"""Judges what a look found: what of it is put back now, what waits, what is left and noted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from workers import inventory, keeping, moving, options
from workers.drift import findings, verdicts
from workers.drift.findings import Finding, What
from workers.drift.rounds import Pace, Rounds
from workers.drift.verdicts import Case, Does, Verdict
from workers.flight import Flight
from workers.model import Action, AppRecord, Change, Manifest, Ref, Why
from workers.policies import DriftMode
from workers.repairing import noting
from workers.repairing.looks import Look, kind
from workers.run import Run
from workers.stages import diff
from workers.work import Work


@dataclass
class Repair:
    """What a look does: the plan and what goes, less what is left alone.

    ``made`` is what it puts back, ``left`` what it does not, ``before`` what was live of ``made``. ``over`` says that
    there is nothing to write, ``news`` that something is noted that was not.
    """

    plan: diff.Difference
    stale: dict[Ref, str]
    made: dict[Ref, Verdict] = field(default_factory=dict)
    left: dict[Ref, Verdict] = field(default_factory=dict)
    before: dict[Ref, Manifest] = field(default_factory=dict)
    over: bool = False
    news: bool = False


def judge(
    run: Run,
    work: Work,
    plan: diff.Difference,
    stale: Mapping[Ref, str],
    record: AppRecord,
    inputs: str,
    before: Flight | None,
    going: Flight | None,
) -> Repair:
    """Decide about everything that drifted; note what is left as it is, and when to look at it again.

    ``before`` is the sync that was stored, ``going`` the same if it is gone on with.
    """
    look = kind(run, inputs, record, before, going)
    if not run.by_drift():
        alone = [one for one in work.objects if one.ref in work.spared]
        keeping.leave_out(run, alone, work.known.values(), stale)
    if look is Look.WHOLE:
        run.context.records.repairs.forget(run.app.name)
        return Repair(_without(plan, work.spared), dict(stale))
    moved = not record.inputs or inputs != record.inputs
    found = findings.found(work.objects, plan.changes, work.live, work.known, work.how, moved=moved)
    copies = _copies(run, work) if look is Look.DRIFT and going is None else {}
    sync, now = run.context.settings.sync, run.context.records.clock()
    pace = Pace(sync.drift_rounds, sync.drift_backoff)
    cases = _cases(run, work, record, {**found, **copies}, _held(run, work, stale, copies))
    every = {ref: verdicts.verdict(case, now, pace) for ref, case in cases.items()}
    if look is Look.SPARING:
        every = {ref: one for ref, one in every.items() if one.does is Does.STOP or ref in work.spared}
    made = {ref: one for ref, one in every.items() if one.does is Does.REPAIR}
    left = {ref: one for ref, one in every.items() if ref not in made}
    spared: set[Ref] = {*left, *work.spared}
    if look is Look.DRIFT and not moved:
        spared |= plan.writes - made.keys()  # what somebody else has to ask for
    stale = {**stale, **{ref: _version(work.live[ref]) for ref in copies if ref in made}}
    before_it = {ref: work.live[ref] for ref in made if ref in work.live}
    repair = Repair(_without(plan, spared), dict(stale), made, left, before_it)
    work.spared = frozenset(spared)
    work.unchanged = {ref: one for ref, one in work.unchanged.items() if ref not in spared}
    repair.news = noting.note(run, work, made, left, fights={ref: case.fight for ref, case in cases.items()})
    going_away = [ref for ref in stale if ref in work.live and ref not in work.kept]
    repair.over = run.by_drift() and going is None and (run.dry or not (repair.plan.writes or going_away))
    return repair


def _cases(
    run: Run, work: Work, record: AppRecord, found: Mapping[Ref, Finding], held: frozenset[Ref]
) -> dict[Ref, Case]:
    """Return each finding with its mode, its age and its fight."""
    repairs = run.context.records.repairs
    notes, fights = repairs.notes(run.app.name), repairs.fights(run.app.name)
    noticed = min((one.at for one in run.requests if one.why is Why.DRIFT), default=run.context.records.clock())
    sure = run.app.automated or bool(record.inputs)
    cases = {}
    for ref, one in found.items():
        mode = _mode(run, work, one)
        if mode is DriftMode.REPAIR and (run.stopped or ref in held or ref in work.spared or not sure):
            mode = DriftMode.REPORT
        since = notes[ref].since if ref in notes else noticed
        cases[ref] = Case(one, mode, since, run.app.drift_quiet, Rounds(*fights.get(ref, ((), 0.0))))
    return cases


def _mode(run: Run, work: Work, found: Finding) -> DriftMode:
    """Return the mode of an object: its own word, as it is in Git, or its app's. A copy's own word is that of live."""
    if found.what is not What.EXTRA:
        return work.how[found.ref].drift or run.app.drift
    try:
        return options.of(work.live[found.ref], run.app.options).drift or run.app.drift
    except ValueError:
        return DriftMode.REPORT


def _copies(run: Run, work: Work) -> dict[Ref, Finding]:
    """Return the copies with the app's label, but for what another app claims: that one puts its label back."""
    owned = {*work.known, *work.versions, *work.hook_versions}
    found = findings.copies(work.live, owned)
    if not found:
        return {}
    # The records may know less than the cluster's own list: nothing is a copy that stands there.
    listed = work.loaded or inventory.load(run.client, run.app)
    found = {ref: one for ref, one in found.items() if ref not in listed.refs}
    others = [name for name in run.index.apps if name != run.app.name]
    claimed = {*run.context.records.drift.owners(others, list(found)), *moving.wanted_elsewhere(run, found)}
    return {ref: one for ref, one in found.items() if ref not in claimed}


def _held(run: Run, work: Work, stale: Mapping[Ref, str], copies: Mapping[Ref, Finding]) -> frozenset[Ref]:
    """Return the copies that must not be deleted, by the same rules as what leaves Git."""
    if not copies:
        return frozenset()
    going = {**stale, **{ref: _version(work.live[ref]) for ref in copies}}
    return keeping.kept(run, going, work.live, len(work.known))


def _version(manifest: Manifest) -> str:
    return str(manifest["apiVersion"]).rpartition("/")[2]


def _without(plan: diff.Difference, spared: Collection[Ref]) -> diff.Difference:
    """Return the plan that leaves the spared objects as they are."""
    changes = {ref: Change(ref, Action.UNCHANGED) if ref in spared else change for ref, change in plan.changes.items()}
    return replace(plan, changes=changes)
