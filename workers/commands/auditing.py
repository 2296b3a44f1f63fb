"""``hookline audit``: the trail of who asked for what; shown, exported and verified. Changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.text import Text

from workers import chain, configuration
from workers.commands import opening, showing
from workers.commands.console import Config, Json, err, marked, out, print_json, printable, sentences
from workers.errors import BadConfiguration, HooklineError
from workers.records import Records

LONGEST_LINE = 4 * 1024 * 1024
_HEAD = ("action", "app", "delivery", "who", "address")
_BELOW = ("reason", "issuer", "token", "expiry", "number", "asked", "revision", "outcome", "text", "changes")


def audit(
    file: Annotated[Path | None, typer.Argument(help="With --verify: an export, or the file of `audit.file`.")] = None,
    most: Annotated[int, typer.Option(help="How many entries.", min=1)] = 50,
    app: Annotated[str, typer.Option(help="Only of this app.")] = "",
    export: Annotated[Path | None, typer.Option(help="Write the trail there as JSON lines; `-` prints it.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Find changed, removed, inserted or moved lines.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show who asked for what, newest first; export it; or verify it, in a file or as Redis holds it.

    Example: hookline audit --most 10

    Example: hookline audit --export trail.jsonl

    Example: hookline audit --verify trail.jsonl
    """
    with sentences():
        if file and not verify:
            raise BadConfiguration(f"say what to do with {file}: --verify {file} or --export {file}")
        if export and verify:
            raise BadConfiguration("say either --export or --verify")
        if export:
            _export(opening.records(configuration.load(config)), export)
        elif verify:
            _verify(config, file, as_json)
        else:
            _show(opening.records(configuration.load(config)), most, app, as_json)


def _show(records: Records, most: int, app: str, as_json: bool) -> None:
    found = records.audit.entries(most if not app else 10 * most + 1000)
    found = [entry for entry in found if app in ("", entry.get("app"))][:most]
    if as_json:
        print_json(found)
        return
    for entry in found:
        fields = [str(entry.get(name, "")) for name in _HEAD]
        showing.line(Text(printable("  ".join([showing.stamp(float(entry["at"])), *filter(None, fields)]))))
        showing.block([f"{name}: {_said(entry[name])}" for name in _BELOW if entry.get(name)])


def _said(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _export(records: Records, place: Path) -> None:
    rows = b"".join(row + b"\n" for row in records.audit.read().export())
    if str(place) == "-":
        sys.stdout.buffer.write(rows)
        sys.stdout.buffer.flush()
        return
    try:
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(rows)
            os.fsync(opened.fileno())
    except OSError as error:
        raise BadConfiguration(f"{place} cannot be written ({error.strerror})") from None


def _verify(config: Path | None, place: Path | None, as_json: bool) -> None:
    """Say whether the chain is whole; exit with 1 when it is not."""
    if place is None:
        found = chain.check(opening.records(configuration.load(config)).audit.read().export())
    else:
        found = _of_file(config, place)
    lines = found.head.line - found.first.line
    if as_json:
        shown = {"ok": not found.wrong, "lines": lines, "first": found.first.line + 1, "last": found.head.line}
        print_json(shown | {"head": found.head.hash, "wrong": found.wrong})
    elif found.wrong:
        err.print(marked("✗", "red", found.wrong), soft_wrap=True)
    else:
        earlier = f", after line {found.first.line} whose hash is {found.first.hash}" if found.first.line else ""
        text = f"the trail is whole: {lines} lines{earlier}; line {found.head.line} has the hash {found.head.hash}"
        out.print(marked("✓", "green", text), soft_wrap=True)
    if found.wrong:
        raise typer.Exit(1)


def _of_file(config: Path | None, place: Path) -> chain.Found:
    """Check a file; one without a head must end where the trail in Redis does."""
    try:
        with place.open("rb") as opened:
            found = chain.check(_rows(opened))
    except OSError as error:
        raise BadConfiguration(f"{place} cannot be read ({error.strerror})") from None
    if found.wrong or found.sealed:
        return found
    try:
        held = opening.records(configuration.load(config)).audit.read().head
    except HooklineError as error:
        raise BadConfiguration(f"{place} does not end with its head, and the trail cannot be asked: {error}") from None
    return chain.ends_at(found, held)


def _rows(opened: IO[bytes]) -> Iterator[bytes]:
    """Yield rows without their line ends; one that is too long, or has none, is no row of ours and comes as it is."""
    while row := opened.readline(LONGEST_LINE):
        yield row[:-1] if row.endswith(b"\n") else row + b" (cut off)"
