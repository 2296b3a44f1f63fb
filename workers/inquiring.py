"""Answers one inquiry: has an app planned for somebody who asked over the API, and keeps what came of it.

As `hookline plan` makes it, with the bounds of pull requests' plans: who asks may have written what is planned. Of a
fork only what somebody who may write wants planned, as for its comment.
"""

from __future__ import annotations

from typing import Final

import orjson
import structlog

from workers import bounds, finding, foretold, plan, replanning, vouching
from workers.apps import App
from workers.context import Context
from workers.errors import BadOrder, HooklineError, LeaseLost, TransientError, UnknownName
from workers.forges.apps import PULLS
from workers.inquiry import Inquiry, Reply
from workers.plans import Plan, PullPlan, hidden, shown
from workers.pull import Pull, Wanted
from workers.records.plans import MOST_BYTES
from workers.stages import lock

log = structlog.get_logger()

MOST_TRIES: Final = 3
AGAIN: Final = 5.0
"""Seconds until the next try where that may help."""
BROKEN: Final = "it could not be planned: Hookline's log has the details"
LOST: Final = f"it was begun {MOST_TRIES} times and never ended: the worker that makes it dies of it"


def look(context: Context, name: str) -> None:
    """Answer the inquiry of that id, if it is open; leave it for later where that may help."""
    records = context.records
    with (
        structlog.contextvars.bound_contextvars(plan=name),
        lock.hold(records.leases, f"plan:{name}", context.settings.sync.lease) as held,
        replanning.place(context, held) as free,
    ):
        inquiry = records.plans.wanted(name) if held else None
        if held is None or inquiry is None:
            return
        if not free:
            records.plans.later(name, records.clock() + replanning.SOON)
            return
        reply = _reply(context, inquiry, records.plans.begin(name))
        if not held.is_safe():
            log.warning("plan stopped", reason="its lease ran out")
        elif reply is None:
            records.plans.later(name, records.clock() + AGAIN)
        else:
            records.plans.answer(name, reply)
            log.info("plan answered", app=inquiry.app, who=inquiry.who, changes=reply.changes, error=reply.error)
    replanning.ask(context, 1)


def _reply(context: Context, inquiry: Inquiry, tries: int) -> Reply | None:
    """Return the reply to an inquiry at its try of that number, ``None`` where it is to be tried again."""
    if tries > MOST_TRIES:
        return Reply(error=LOST)
    secrets: set[str] = set()
    try:
        found = _planned(context, inquiry, secrets)
    except LeaseLost:
        return None
    except HooklineError as error:
        if isinstance(error, TransientError) and tries < MOST_TRIES:
            log.warning("not planned yet", app=inquiry.app, reason=hidden.sentence(error, secrets))
            return None
        return Reply(error=hidden.sentence(error, secrets))
    except Exception:
        log.exception("plan failed", app=inquiry.app)
        return Reply(error=BROKEN)
    return reply(found, inquiry)


def _planned(context: Context, inquiry: Inquiry, secrets: set[str]) -> Plan | PullPlan:
    """Plan what is asked for. Raises as `workers.plan.made` and `workers.foretold.planned`, and :class:`BadOrder`."""
    app = context.catalog.index().apps.get(inquiry.app)
    if app is None:
        raise UnknownName(f"no app is called {inquiry.app} any more: it has left the catalog")
    if inquiry.pull:
        pull = _pull(context, app, inquiry.pull)
        if inquiry.show:
            _show(context, pull)
        return foretold.planned(context, pull, only=app.name)
    with bounds.within(bounds.for_app()):
        return plan.made(context, app, inquiry.revision, secrets=secrets)


def _pull(context: Context, app: App, number: int) -> Pull:
    """Return a pull request as its forge tells it now. Raises :class:`BadOrder` for a fork that nobody vouches for."""
    pull = finding.at_forge(context, app, number)
    if not pull.fork:
        return pull
    account = context.accounts.of(pull.hook, pull.repository, PULLS)
    label, words = context.settings.hooks[pull.hook].plan_label, context.records.pulls.words(_name(pull))
    if told := vouching.why_not(account, context.http, pull, label, words):
        raise BadOrder(f"{pull.place}: {told.text}")
    return pull


def _show(context: Context, pull: Pull) -> None:
    """Have a pull request's comment and status made anew. Raises :class:`BadOrder` where it has none."""
    hook = context.settings.planning(pull.hook)
    if hook is None or not hook.plans:
        raise BadOrder(f"{pull.place} shows no plan: hooks.{pull.hook}.plans is off")
    if not context.records.pulls.anew(_name(pull), context.records.clock()):
        raise BadOrder(f"{pull.place} shows no plan yet: have its forge deliver it again, or push to it")
    context.counter.plan(_name(pull))


def _name(pull: Pull) -> str:
    return Wanted(pull.hook, pull.repository, pull.repository_id, pull.number, (), 0.0).name


def reply(found: Plan | PullPlan, inquiry: Inquiry) -> Reply:
    """Return a plan as it is kept; of one that is too long only whether it changes anything. Pure."""
    value = shown.as_json(found) if isinstance(found, Plan) else shown.pull_as_json(found)
    plans = [found] if isinstance(found, Plan) else [one.plan for one in found.answers if one.plan]
    changes, text = any(one.changes or one.hooks for one in plans), orjson.dumps(value)
    if len(text) <= MOST_BYTES:
        return Reply(text.decode(), changes=changes)
    which = f" --pr {inquiry.pull}" if inquiry.pull else f" --revision {inquiry.revision}" if inquiry.revision else ""
    size, most = f"{len(text) / 2**20:.1f} MiB", f"{MOST_BYTES >> 20} MiB"
    said = f"the plan has {size}, and {most} of one are kept: see it with `hookline plan {inquiry.app}{which}`"
    return Reply(error=said, changes=changes)
