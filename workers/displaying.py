"""Puts a pull request's plan on a page of its own, whole where its comment may be too short for that."""

from __future__ import annotations

from workers import links
from workers.context import Context
from workers.model import Commit
from workers.plans import PullPlan, page
from workers.pull import Pull


def show(context: Context, pull: Pull, plan: PullPlan, at: float) -> str:
    """Keep what the page of a pull request shows, in the place of what it showed before; return its address.

    ``at`` is when the plan was made, in seconds since the epoch.
    """
    records, url = context.records, context.settings.url
    commit = Commit(pull.hook, pull.repository, pull.head, pull.ref)
    made = links.plan_key(records.secrets.pages(), commit, str(pull.number))
    records.plans.show(made, page.packed(plan, pull.repository, pull.number, pull.ref, at))
    return links.plan_address(url, made)
