"""A plan as Markdown, for a comment on a pull request: counts and warnings first, then a fold per object.

Names of files and objects are the words of whoever opened the pull request: here they can break out of nothing, link to
nothing and call nobody.
"""

from __future__ import annotations

import html
import re
from typing import Final

from workers.plans.values import CHANGES, Effect, Plan, Planned, line

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>|~]")
_CALLS: Final = re.compile(r"[@#!$%&~](?=\w)|:(?=//)|\bwww(?=\.)|\bGH(?=-\d)")
"""What forges make a mention, a reference or a link of: a word joiner behind it keeps it from that."""
_TICKS: Final = re.compile(r"`+")
SIGNS: Final = {
    Effect.CREATED: "+",
    Effect.CONFIGURED: "~",
    Effect.RECREATED: "±",
    Effect.DELETED: "-",
    Effect.REFUSED: "✗",
    Effect.UNCHANGED: "=",
}


def rendered(plan: Plan) -> str:
    """Return the Markdown of one app's plan, which ends in a line break."""
    where = f" at {code(plan.revision[:7])}" if plan.revision else ""
    parts = [f"### {code(plan.app)} on {code(plan.cluster)}{where}: {plan.summary}\n"]
    if plan.warnings:
        parts.append("".join(f"- ⚠️ {plain(one)}\n" for one in plan.warnings))
    if plan.refused:
        parts.append("".join(f"- ❌ {plain(one.note)}\n" for one in plan.refused))
    noted = [one for one in plan.objects if one.effect is Effect.UNCHANGED and one.note]
    if noted:
        parts.append("".join(f"- {code(str(one.ref))} stays: {plain(one.note)}\n" for one in noted))
    parts += [fold(one) for one in plan.objects if one.effect in CHANGES]
    return "\n".join(parts)


def fold(one: Planned) -> str:
    """Return one object: a line that opens to its difference."""
    origin = f" · {code(one.origin)}" if one.origin else ""
    head = f"<summary>{SIGNS[one.effect]} {one.effect.value} {code(str(one.ref))}{origin}</summary>"
    note = f"\n{plain(one.note)}\n" if one.note else ""
    said = "".join(f"- {code(field)}\n" for field in one.fields)
    body = fenced(one.diff) if one.diff else said
    return f"<details>\n{head}\n{note}\n{body}\n</details>\n"


def code(text: str) -> str:
    """Return a stranger's words as code, in HTML, which is the same inside and outside of HTML."""
    escaped = html.escape(line(text), quote=False)
    # HTML's code does not keep Markdown from reading what stands in it.
    return f"<code>{_SPECIAL.sub(_entity, escaped)}</code>"


def plain(text: str) -> str:
    """Return a sentence in which nothing is Markdown, a link or a mention."""
    quiet = _CALLS.sub(lambda found: f"{found[0]}\u2060", line(text)).replace("&", "&amp;")
    return _SPECIAL.sub(lambda found: _entity(found) if found[0] in "<>" else f"\\{found[0]}", quiet)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def fenced(diff: str) -> str:
    """Return a difference as a block of code whose fence is longer than any in it."""
    longest = max((len(found) for found in _TICKS.findall(diff)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{diff}{'' if diff.endswith(chr(10)) else chr(10)}{fence}\n"
