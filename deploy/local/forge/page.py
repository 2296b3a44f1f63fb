"""The page at ``/``: repositories, their newest commits and each commit's statuses, for a person to look at."""

from __future__ import annotations

import time
from html import escape
from typing import Final

from deploy.local.forge.hooks import Delivery
from deploy.local.forge.ledger import Written
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import Commit, Repository, git
from deploy.local.forge.state import State
from deploy.local.forge.web import Response

COMMITS_SHOWN: Final = 20
DELIVERIES_SHOWN: Final = 12

_DOTS = {"success": "good", "failure": "bad", "error": "bad", "failed": "bad", "pending": "busy", "running": "busy"}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --busy: #bf8700; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --busy: #d29922; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem } h2 { font-size: 1.1rem; margin-top: 2rem } small, .quiet { opacity: .7 }
code { font: 13px ui-monospace, monospace } ul { list-style: none; padding: 0; margin: 0 }
section > ul > li { border: 1px solid var(--line); border-bottom: 0; padding: .6rem .8rem }
section > ul > li:last-child { border-bottom: 1px solid var(--line) }
li ul { margin: .3rem 0 0 .2rem } b { font-weight: 600 } a { color: inherit }
.dot::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 50%;
  margin-right: .5em; background: currentColor }
.good { color: var(--good) } .bad { color: var(--bad) } .busy { color: var(--busy) }
.text { color: CanvasText }
"""


def answer(state: State) -> Response:
    """Return the page; it loads itself anew every two seconds."""
    sections = [_repository(state, one) for one in state.repositories.values()]
    body = "\n".join(sections) or "<p>No repository yet.</p>"
    deliveries = "".join(_delivery(one) for one in state.courier.all()[-DELIVERIES_SHOWN:][::-1])
    body = (
        f"<h1>Stand-in forge <small>{escape(state.url)}</small></h1>{body}"
        f"<section><h2>Deliveries</h2><ul>{deliveries or '<li>None yet.</li>'}</ul></section>"
    )
    return whole("Stand-in forge", body, head='<meta http-equiv="refresh" content="2">')


def whole(title: str, body: str, style: str = "", head: str = "") -> Response:
    """Return a page of the forge around some HTML. It runs no script."""
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{head}'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style>{body}</html>"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "cache-control": "no-store",
    }
    return Response(200, html.encode(), headers)


def _repository(state: State, repository: Repository) -> str:
    commits = _commits(repository)
    heads: dict[str, list[str]] = {}
    for ref in repository.refs():
        heads.setdefault(repository.commit(ref), []).append(ref.partition("/")[2].partition("/")[2])
    pulls = "".join(_pull(repository, one) for one in state.pulls.of(repository)[::-1])
    items = "".join(_commit(state, repository, one, heads.get(one.id, [])) for one in commits)
    url = f"{state.url}/{repository.full_name}.git"
    return (
        f"<section><h2>{escape(repository.full_name)}</h2><p><code>git clone {escape(url)}</code></p>"
        f"{f'<ul>{pulls}</ul>' if pulls else ''}<ul>{items or '<li>No commit yet.</li>'}</ul></section>"
    )


def _pull(repository: Repository, pull: Pull) -> str:
    word = "merged" if pull.is_merged else "open" if pull.is_open else "closed"
    address = f"/{repository.full_name}/pull/{pull.number}"
    return f'<li><b>#{pull.number}</b> <a href="{escape(address)}">{escape(pull.title)}</a> {word}</li>'


def _commits(repository: Repository) -> list[Commit]:
    ids = git(repository.path, "rev-list", "--all", "--topo-order", f"--max-count={COMMITS_SHOWN}").splitlines()
    return [repository.read(one) for one in ids]


def _commit(state: State, repository: Repository, commit: Commit, names: list[str]) -> str:
    newest = {one.context: one for one in state.ledger.all(repository=repository.full_name, sha=commit.id)}
    statuses = "".join(status(one) for one in newest.values()) or '<li class="quiet">no status</li>'
    refs = "".join(f" <b>{escape(name)}</b>" for name in sorted(names))
    title = escape(commit.message.partition("\n")[0])
    return f"<li><code>{commit.id[:9]}</code>{refs} {title}<ul>{statuses}</ul></li>"


def status(written: Written) -> str:
    """Return a status as an item of a list."""
    link = f' <a href="{escape(written.target_url)}">details</a>' if written.target_url else ""
    return (
        f'<li class="dot {_DOTS.get(written.state, "quiet")}"><b>{escape(written.state)}</b> <span class="text">'
        f"<code>{escape(written.context)}</code> {escape(written.description)}{link}</span></li>"
    )


def _delivery(delivery: Delivery) -> str:
    last = delivery.attempts[-1] if delivery.attempts else None
    if last is None:
        words, dot = "not sent", "busy"
    else:
        words = f"{last.code or escape(last.error)} in {last.seconds * 1000:.0f} ms"
        dot = "good" if 200 <= last.code < 300 else "bad"
    at = time.strftime("%H:%M:%S", time.localtime(last.at)) if last else ""
    ref = delivery.payload.get("ref", "")
    return (
        f'<li class="dot {dot}"><span class="text">{at} <b>{escape(delivery.event)}</b> {escape(str(ref))}'
        f" <code>{escape(delivery.guid[:8])}</code> {words}</span></li>"
    )
