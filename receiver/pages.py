"""The pages where the links of commit statuses lead: of one sync, and of a pull request's plan.

They need no token: the link's key is made for them. They show what the status says and the record of that sync or
plan, in which secrets were masked when it was made. There is no script and nothing from elsewhere in them; the policy
of their answers names their one style sheet by digest.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from receiver.answers import answer, refusal
from workers import links
from workers.plans import page as plans
from workers.plans.values import line
from workers.records.plans import PAGE_KEPT
from workers.records.progress import MOST_SYNCS

if TYPE_CHECKING:
    from starlette import requests

    from receiver.edge import Edge
    from workers.model import SyncRecord

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "page.css").read_text("utf-8")
DAYS = PAGE_KEPT // 86400
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def _plain(value: Any) -> Any:
    """Return a value as it is written: nothing in a stranger's text turns the direction of writing. Pure."""
    return line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    finalize=_plain,
)
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
"""The address is the key: no other site gets to see it, and no cache keeps what it opens."""


async def sync(request: requests.Request) -> Response:
    """``GET /apps/<app>/syncs/<number>?key=…``: what a sync did, as HTML, or as JSON for who asks for that.

    A wrong key and a sync that never was look the same.
    """
    edge: Edge = request.app.state.edge
    app, number = request.path_params["app"], request.path_params["number"]
    given = request.query_params.get("key", "")
    found = await run_in_threadpool(lambda: _found(edge, app, number, given))
    if "application/json" in request.headers.get("accept", ""):
        gone = refusal(404, f"there is no such page: the last {MOST_SYNCS} syncs of an app are kept")
        made = answer(200, **asdict(found)) if found else gone
    else:
        made = Response(page(found) if found else missing(), 200 if found else 404, media_type="text/html")
    made.headers.update(HEADERS)
    return made


async def plan(request: requests.Request) -> Response:
    """``GET /plans/<key>``: the last plan of a pull request, as HTML, or as JSON for who asks for that."""
    edge: Edge = request.app.state.edge
    given = request.path_params["key"]
    text = await run_in_threadpool(edge.records.plans.shown, given)
    found = await run_in_threadpool(plans.unpacked, text) if text else None
    if "application/json" in request.headers.get("accept", ""):
        gone = refusal(404, f"there is no such page: a plan is shown for {DAYS} days after it was made")
        made = answer(200, **found) if found else gone
    else:
        shown = await run_in_threadpool(plan_page, found) if found else _rendered("no_plan.html", days=DAYS)
        made = Response(shown, 200 if found else 404, media_type="text/html")
    made.headers.update(HEADERS)
    return made


def plan_page(found: dict[str, Any]) -> str:
    """Return a plan as HTML. Pure."""
    return _rendered("plan.html", plan=found, moment=_moment, sort=_sort)


def _sort(said: str) -> str:
    """Return how a line of a difference is shown. Pure."""
    return {"+": "created", "-": "deleted", "@": "dim"}.get(said[:1], "")


def _found(edge: Edge, app: str, number: int, given: str) -> SyncRecord | None:
    if not links.opens(edge.records.secrets.pages(), app, number, given):
        return None
    return next((one for one in edge.records.progress.syncs(app, MOST_SYNCS) if one.number == number), None)


def page(sync: SyncRecord) -> str:
    """Return a sync as HTML. Pure."""
    stages = list((sync.seconds or {}).items())
    most = max((seconds for _, seconds in stages), default=0.0)
    took = max(sync.ended - sync.began, 0.0)
    return _rendered("sync.html", sync=sync, took=took, stages=stages, most=max(most, 0.001), moment=_moment)


def missing() -> str:
    """Return the page of a sync that is not there, or that this link does not open. Pure."""
    return _rendered("gone.html", most=MOST_SYNCS)


def _rendered(name: str, **values: Any) -> str:
    return _PAGES.get_template(name).render(style=Markup(STYLE), **values)  # noqa: S704 - the style is our own file


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
