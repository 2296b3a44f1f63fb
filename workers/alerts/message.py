"""What one message to a target says: alerts grouped by kind, long lists cut with their counts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from workers.alert import SEVERITY, Alert, Kind, Severity, cut
from workers.records.alerts import Waiting

LONGEST_TITLE: Final = 120
LONGEST_LINE: Final = 220
LONGEST: Final = 1800
"""Characters of a message: the strictest of the common services takes 2,000."""
SHORTEST_LINE: Final = 60
"""Characters below which a line says nothing: the alert is counted instead."""
MOST_LINES: Final = 10
"""Lines of one kind."""
_AGES: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_CALLS: Final = re.compile(r"@(?=[A-Za-z])|<(?=[!@#])")
BLANK: Final = "\u200b"


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``severity`` is that of its worst alert."""

    title: str
    body: str
    severity: Severity


def compose(waiting: Waiting) -> Message:
    """Return the message for all that waits in an outbox, which holds something."""
    by_kind: dict[Kind, dict[str, tuple[Alert, float]]] = {}
    told: dict[Kind, int] = dict(waiting.more)
    for alert, since in waiting.alerts:
        told[alert.kind] = told.get(alert.kind, 0) + 1
        by_kind.setdefault(alert.kind, {}).pop(alert.app, None)
        by_kind[alert.kind][alert.app] = (alert, since)
    kinds = [kind for kind in Kind if kind in told]
    parts, left = [], LONGEST
    for position, kind in enumerate(kinds):
        share = left // (len(kinds) - position)
        part = section(kind, list(by_kind.get(kind, {}).values()), waiting.more.get(kind, 0), share, len(kinds) == 1)
        left -= len(part) + 2
        parts.append(part)
    severity = min((SEVERITY[kind] for kind in kinds), key=list(Severity).index)
    return Message(cut(title(by_kind, waiting.more), LONGEST_TITLE), "\n\n".join(parts), severity)


def title(by_kind: dict[Kind, dict[str, tuple[Alert, float]]], more: dict[Kind, int]) -> str:
    """Return the title: each kind with its app, or with how many there are."""
    parts = []
    for kind in Kind:
        apps, beyond = by_kind.get(kind, {}), more.get(kind, 0)
        if len(apps) == 1 and not beyond:
            parts.append(f"{kind.value}: {plain(next(iter(apps)))}")
        elif apps or beyond:
            parts.append(f"{kind.value}: {len(apps)} apps" if not beyond else f"{kind.value}: {len(apps) + beyond}")
    return "; ".join(parts)


def section(kind: Kind, alerts: list[tuple[Alert, float]], beyond: int, most: int, alone: bool) -> str:
    """Return the lines about one kind, of ``most`` characters; its heading is left out when it stands alone."""
    lines = [] if alone else [f"{kind.value}:"]
    used, shown = 45, 0  # the heading, and how many more there are
    for alert, since in alerts[:MOST_LINES]:
        said = f"- {line(alert, since, min(LONGEST_LINE, most - used))}"
        if used + len(said) > most and shown:
            break
        lines.append(said)
        used, shown = used + len(said) + 1, shown + 1
        if most - used < SHORTEST_LINE:
            break
    if rest := len(alerts) - shown + beyond:
        lines.append(f"- and {rest} more")
    return "\n".join(lines)


def line(alert: Alert, since: float, most: int) -> str:
    """Return what one alert says in a message."""
    at = f" at {alert.revision[:7]}" if alert.revision else ""
    after = f" (after {age(alert.at - since)})" if since else ""
    return cut(f"{plain(alert.app)}{at}{after}: {plain(alert.text)}", most - 2)


def plain(text: str) -> str:
    """Return a text on one line in which nothing calls anybody: it quotes repositories, which are strangers.

    ``@here`` and ``<!channel>`` would ring every phone; an invisible blank after the sign takes that away.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return _CALLS.sub(lambda found: found[0] + BLANK, printable)


def age(seconds: float) -> str:
    """Return a time in its largest unit."""
    size, unit = next(((size, unit) for size, unit in _AGES if seconds >= size), _AGES[-1])
    return f"{int(seconds // size)} {unit}"
