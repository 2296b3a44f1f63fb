"""How apps, syncs and audit entries look on a terminal.

What to say is decided by pure functions over records; :func:`line` and :func:`block` print it. Nothing printed here is
read as markup, and control characters are left out: the texts quote repositories and clusters, which are strangers.
On a terminal, lines are cut or wrapped to its width; elsewhere each is whole, for `grep`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.padding import Padding
from rich.text import Text

from workers.apps import App
from workers.commands.console import out, printable
from workers.flight import Flight
from workers.model import AppRecord, Outcome, SyncRecord

STYLES: Final = {
    "succeeded": "green",
    "not affected": "green",
    "failed": "bold red",
    "broken": "bold red",
    "held": "yellow",
    "drifted": "yellow",
    "never synced": "dim",
}
"""Every other state is under way."""
WAITING: Final = "cyan"
AGES: Final = (("d", 86400), ("h", 3600), ("m", 60))


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said of one app: its state in a word, since when (0: nothing happened yet), and one sentence."""

    state: str
    since: float
    says: str


def shown(
    app: App | None,
    record: AppRecord,
    flight: Flight | None,
    attempts: int,
    asked: float,
    drift: Mapping[str, str],
    kept: str = "",
) -> Shown:
    """Say what matters most of an app: that it cannot be served, is being worked on, drifted, or how it ended. Pure.

    ``app`` is ``None`` when it is no longer declared; ``attempts`` were made at its newest request, asked for at
    ``asked``. ``kept`` is the hold or window that keeps it from being synced.
    """
    if app and app.fault:
        return Shown("broken", 0.0, app.fault)
    if flight:
        return Shown("waiting", flight.began, flight.text or f"{flight.revision[:7]} is applied, not healthy yet")
    if record.wanted > record.done:
        said = f"request {record.wanted}, attempt {attempts}" if attempts else "accepted, waiting for a worker"
        return Shown("waiting", asked, said)
    if kept:
        noted = "".join(f"; {ref} drifted: {text}" for ref, text in drift.items())
        return Shown("held", record.at, kept + noted)
    if drift and record.outcome != Outcome.FAILED:
        return Shown("drifted", record.at, "; ".join(f"{ref}: {text}" for ref, text in drift.items()))
    return Shown(record.outcome or "never synced", record.at, record.text)


def rows(found: Mapping[str, tuple[Shown, str]], now: float) -> list[Text]:
    """Return a heading and one line per app: (what is said, revision) by name, all times as ages. Pure."""
    table = [("app", "state", "revision", "age", "says")]
    table += [
        (printable(name), said.state, revision[:7], age(now - said.since) if said.since else "", said.says)
        for name, (said, revision) in found.items()
    ]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    lines = []
    for row in table:
        style = "bold" if row is table[0] else STYLES.get(row[1], WAITING)
        text = Text()
        for column, width in enumerate(widths):
            text.append(row[column].ljust(width) + "  ", style if column == 1 or row is table[0] else "")
        lines.append(text.append(printable(row[4]), "bold" if row is table[0] else ""))
    return lines


def finished(sync: SyncRecord) -> Text:
    """Return the heading of one finished sync: when, how, what, who and how long. Pure."""
    return Text.assemble(
        f"{stamp(sync.began)}  ",
        (sync.outcome, STYLES.get(sync.outcome, WAITING)),
        f"  {sync.revision[:7]}" if sync.revision else "",
        printable(f"  {sync.why} by {sync.who}, took {age(sync.ended - sync.began)}"),
    )


def age(seconds: float) -> str:
    """Return a length of time the way kubectl does: ``42s``, ``5m``, ``7h``, ``3d``. Pure."""
    for unit, size in AGES:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def stamp(at: float) -> str:
    """Return a moment in UTC. Pure."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def line(text: Text) -> None:
    """Print one line; a terminal that is too narrow gets its beginning."""
    if out.is_terminal:
        out.print(text, no_wrap=True, overflow="ellipsis", crop=True, highlight=False)
    else:
        out.print(text, soft_wrap=True, highlight=False)


def block(texts: Sequence[str], indent: int = 2) -> None:
    """Print whole texts, indented and wrapped."""
    for text in texts:
        if out.is_terminal:
            out.print(Padding(Text(printable(text)), (0, 0, 0, indent)), highlight=False)
        else:
            out.print(Text(" " * indent + printable(text)), soft_wrap=True, highlight=False)
