"""The page of a pull request: its statuses, and its comments as a forge shows them, for a person to look at.

What people wrote is cleaned of all markup that a comment need not have, and the page runs no script.
"""

from __future__ import annotations

import time
from html import escape
from typing import Final

import nh3
from markdown_it import MarkdownIt

from deploy.local.forge import page
from deploy.local.forge.pulls import Pull
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.talk import Comment
from deploy.local.forge.web import Response

_STYLE: Final = """
.comment { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; overflow: hidden }
.comment > header { padding: .4rem .9rem; border-bottom: 1px solid var(--line); background: #8881 }
.comment > div { padding: .2rem .9rem .6rem; overflow-x: auto }
.comment h2 { font-size: 1.3rem; margin: .8rem 0; border-bottom: 1px solid var(--line); padding-bottom: .3rem }
.comment h3 { font-size: 1.1rem } .comment ul { list-style: disc; padding-left: 1.5rem }
.comment code { background: #8882; border-radius: 4px; padding: .1em .35em }
table { border-collapse: collapse } th, td { border: 1px solid var(--line); padding: .3rem .7rem }
pre { background: #8881; border-radius: 6px; padding: .6rem .8rem; overflow-x: auto }
.comment pre code { background: none; padding: 0; display: block; width: max-content; min-width: 100% }
.add, .del, .at, .same { display: block }
.add { background: #2da44e33 } .del { background: #cf222e33 } .at { opacity: .6 }
details { margin: .4rem 0 } details details { margin-left: 1rem } summary { cursor: pointer }
"""
_SIGNS: Final = {"+": "add", "-": "del", "@": "at"}
_ALLOWED: Final = {**nh3.ALLOWED_ATTRIBUTES, "details": {"open"}, "span": {"class"}, "th": {"style"}, "td": {"style"}}


def answer(state: State, repository: Repository, pull: Pull) -> Response:
    """Return the page."""
    said = state.talk.comments(repository.full_name, pull.number)
    written = state.ledger.all(repository=repository.full_name, sha=pull.head_sha)
    statuses = "".join(map(page.status, {one.context: one for one in written}.values()))
    word = "merged" if pull.is_merged else "open" if pull.is_open else "closed"
    body = (
        f'<p><a href="/">{escape(repository.full_name)}</a></p>'
        f"<h1>{escape(pull.title)} <small>#{pull.number}</small></h1>"
        f"<p><b>{word}</b> · {escape(pull.author)} would merge <code>{escape(pull.head)}</code> "
        f"(<code>{pull.head_sha[:9]}</code>) into <code>{escape(pull.base)}</code></p>"
        f"<section><ul>{statuses or '<li>No status yet.</li>'}</ul></section>"
        f"{''.join(map(_comment, said)) or '<p>No comment yet.</p>'}"
    )
    return page.whole(f"{pull.title} #{pull.number}", body, _STYLE)


def rendered(markdown: str) -> str:
    """Return Markdown as HTML with nothing in it but what a comment may have."""
    return nh3.clean(_MARKDOWN.render(markdown), attributes=_ALLOWED, link_rel=None)


def _comment(comment: Comment) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(comment.created))
    edited = f" · edited {comment.version} times" if comment.version else ""
    head = f"<b>{escape(comment.author)}</b> <small>at {at}{edited}</small>"
    return f'<article class="comment"><header>{head}</header><div>{rendered(comment.body)}</div></article>'


def _coloured(code: str, language: str, _attributes: str) -> str:
    """Return a fence as HTML, the lines of a difference in their colours; ``""``: as it is."""
    if language != "diff":
        return ""
    lines = [f'<span class="{_SIGNS.get(one[:1], "same")}">{escape(one)}</span>' for one in code.splitlines()]
    return "\n".join(lines).replace("</span>\n", "</span>")


_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True, "highlight": _coloured}).enable(["table", "strikethrough"])
