"""What is done about one object that drifted: nothing, tell, wait, repair, or leave alone what is fought over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.drift import rounds
from workers.drift.findings import Finding, What
from workers.drift.rounds import NO_FIGHT, Pace, Rounds, Step
from workers.policies import DriftMode


class Does(StrEnum):
    """What is done now."""

    NOTHING = "nothing"
    REPORT = "report"
    WAIT = "wait"
    REPAIR = "repair"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done about a finding, in which words that is told, and when to look again (0: when it changes)."""

    finding: Finding
    does: Does
    text: str
    since: float
    due: float = 0.0
    fight: Rounds = NO_FIGHT


@dataclass(frozen=True, slots=True)
class Case:
    """One finding with all that counts: its mode, since when it is known, for how long it has to last, its fight."""

    finding: Finding
    mode: DriftMode
    since: float
    quiet: float = 0.0
    fight: Rounds = NO_FIGHT


def verdict(case: Case, now: float, pace: Pace) -> Verdict:
    """Return what is done about a finding now."""
    finding, text = case.finding, case.finding.text
    held = finding.what is What.HELD
    if case.mode is DriftMode.OFF or (held and case.mode is DriftMode.REPORT):
        return Verdict(finding, Does.NOTHING, text, case.since)
    if finding.what is What.LEAVING:
        again = "; it is made anew once it is gone" if case.mode is DriftMode.REPAIR else ""
        return Verdict(finding, Does.REPORT, f"{text}{again}", case.since)
    if case.mode is DriftMode.REPORT:
        return Verdict(finding, Does.REPORT, text, case.since)
    if now < case.since + case.quiet and not held:
        said = f"{text}; put back once that is {case.quiet:g} s old"
        return Verdict(finding, Does.WAIT, said, case.since, case.since + case.quiet, case.fight)
    step, due = rounds.decide(case.fight, now, pace)
    fight = rounds.after(case.fight, step, now)
    if step is Step.REPAIR:
        return Verdict(finding, Does.REPAIR, text, case.since, 0.0, fight)
    times = len(fight.repaired)
    if step is Step.WAIT:
        said = f"{text} again after {times} repair{'' if times == 1 else 's'}; put back once more after a pause"
        return Verdict(finding, Does.WAIT, said, case.since, due, fight)
    by = f"fought over by {finding.manager or 'an unknown manager'}"
    said = f"{text}; {by}: left alone after {times} repairs, until a new commit, `hookline sync` or an hour"
    return Verdict(finding, Does.STOP, said, case.since, due, fight)
