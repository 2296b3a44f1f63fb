"""Whom the end of a sync concerns: the commits it was asked for, and those that ended held before it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from workers import further, gate, outcomes, returning
from workers.apps import App
from workers.context import Context
from workers.model import Commit, Outcome, Report, Request, Why
from workers.records.progress import MOST_SYNCS
from workers.standing import Standing


def told(
    context: Context,
    app: App,
    requests: Sequence[Request],
    outcome: Outcome,
    text: str,
    revision: str,
    ref: str,
    standing: Callable[[], Standing],
    also: Sequence[tuple[str, str]] = (),
) -> tuple[dict[Commit, Report], list[Commit]]:
    """Return what every commit is told when a sync of ``revision`` ended so, and those that go on waiting.

    Both oldest first. A commit that ended held is told again: it was held, and now it is part of what was synced. A
    look that only drift asked for tells nobody anything. How the app stands is read only where that counts. ``also`` is
    ref and commit of each further source: a commit is told by where the source stands that it belongs to.
    """
    before = context.records.exceptions.held(app.name)
    if all(request.why is Why.DRIFT for request in requests):
        return {}, before
    stands = standing() if revision else None
    back = stands.rollback if stands and stands.rollback and stands.rollback.to == revision else None
    apart = returning.apart(app, back) if back else gate.apart(app, requests, stands) if stands else ""
    asked = [*(replace(requests[-1], commit=commit) for commit in before), *requests]
    views, silent = app.views, not revision or requests[-1].why is Why.DRIFT
    refs = [ref, *(its for its, _ in also)]
    reports: dict[Commit, Report] = {}
    for at, view in enumerate(views if revision else views[:1]):
        # Where the fetch of a source failed, its commits get the outcome itself.
        its_ref, its = ((ref, revision), *also)[at] if at <= len(also) else ("", "")
        reports |= outcomes.reports(
            [one for one in asked if not revision or further.of(views, one.commit, refs) == at],
            outcome,
            text,
            its,
            context.served(view, its, its_ref) if its and not silent else None,
            functools.partial(_includes, context, view, its),
            its_ref,
            "" if at else apart,
            requests[-1].number,
        )
    reports |= outcomes.kept(reports, revision, lambda: context.records.progress.syncs(app.name, MOST_SYNCS))
    if outcome is Outcome.HELD:
        return reports, list(reports)
    if back:
        reports |= returning.told(context, app, back, reports, outcome, text, ref)
    waiting = [commit for commit, report in reports.items() if report.text == apart] if revision else before
    return reports, waiting


def _includes(context: Context, view: App, commit: str, old: str) -> bool:
    return context.mirror(view).is_ancestor(old, commit)


def awaits(app: App, waiting: Sequence[Commit]) -> str:
    """Return the commit that a person is asked about after a sync, "" for none. Pure."""
    own = of_first(app, waiting)
    return own[-1].revision if own and not app.automated else ""


def of_first(app: App, commits: Sequence[Commit]) -> list[Commit]:
    """Return the commits of an app's first source: the only ones that a person can be asked about. Pure."""
    return [commit for commit in commits if not app.more or further.of(app.views, commit) == 0]
