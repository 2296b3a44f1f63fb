"""``hookline sync|approve|token``: ask for something."""

from __future__ import annotations

import getpass
import os
import re
import time
import uuid
from typing import Annotated

import typer

from workers import broker, configuration, secretrefs, tokens
from workers.commands import opening, problems
from workers.commands.console import Config, Json, print_json, sentences
from workers.errors import BadConfiguration, UnknownName
from workers.model import Request, Why

_SCOPES = ("read", "sync", "approve")
_LIFETIME = re.compile(r"(\d+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def sync(
    app: Annotated[str, typer.Argument(help="The app to look at now.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Sync an app now, ahead of the queue; also an app that waits for a manual sync.

    Example: hookline sync myapp --reason "release 2.1"
    """
    with sentences():
        settings = configuration.load(config)
        if app not in problems.catalog(settings).apps:
            raise UnknownName(f"no app is called {app}: `hookline status` lists them all")
        records, who = opening.records(settings), user()
        records.audit.add("sync", app=app, who=who, reason=reason, address="command line")
        request = Request(app=app, number=0, why=Why.MANUAL, who=who, at=time.time())
        number = broker.Counter(settings, records).accept(None, [request]).numbers[app]
        if as_json:
            print_json({"app": app, "number": number})
        else:
            typer.echo(f"asked for request {number} of {app}: see `hookline status {app}`")


def approve(
    app: Annotated[str, typer.Argument(help="The app whose deletions wait for a person.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Approve the deletions an app asks about, and sync it: too many at once, or objects that say ``Prune=confirm``.

    Only what it has asked about by now is approved. See `hookline status APP`.

    Example: hookline approve myapp --reason "the old shop goes"
    """
    with sentences():
        settings = configuration.load(config)
        if app not in problems.catalog(settings).apps:
            raise UnknownName(f"no app is called {app}: `hookline status` lists them all")
        records, who = opening.records(settings), user()
        records.audit.add("approve", app=app, who=who, reason=reason, address="command line")
        records.drift.approve(app, time.time())
        request = Request(app=app, number=0, why=Why.MANUAL, who=who, at=time.time())
        number = broker.Counter(settings, records).accept(None, [request]).numbers[app]
        if as_json:
            print_json({"app": app, "number": number})
        else:
            typer.echo(f"approved, and asked for request {number} of {app}: see `hookline status {app}`")


def token(
    subject: Annotated[str, typer.Option("--sub", help="Who will use it.")],
    apps: Annotated[list[str], typer.Option("--app", help="An app, or a glob over apps; may be repeated.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="`sync`, `read` or `approve`; may be repeated.", show_default="sync"),
    ] = None,
    lifetime: Annotated[str, typer.Option("--for", help="How long it is good: 90s, 10m, 2h, 1d.")] = "10m",
    issuer: Annotated[str, typer.Option(help="The issuer, when there are several with a local key.")] = "",
    config: Config = None,
) -> None:
    """Mint a bearer token for the API, signed with the local key of a configured issuer. Printed once, kept nowhere.

    Example: hookline token --sub ci --app 'shop-*' --scope sync --for 10m
    """
    with sentences():
        declared = [
            item
            for item in configuration.load(config).issuers
            if issuer in ("", item.issuer) and "HS256" in item.algorithms
        ]
        names = sorted({item.issuer for item in declared})
        if len(names) != 1:
            found = f"found {', '.join(names)}: choose with --issuer" if names else "found none: see `issuers`"
            raise BadConfiguration(f"expected one issuer with algorithm HS256, {found} in the configuration")
        if unknown := sorted({*(scopes or []), *_SCOPES} - {*_SCOPES}):
            raise BadConfiguration(f"--scope {unknown[0]}: expected {' or '.join(_SCOPES)}")
        # Of two with one name (that is how a key is rotated) the first signs.
        chosen = declared[0]
        made = tokens.Issuer(
            chosen.issuer, chosen.audience, tuple(chosen.algorithms), lambda: secretrefs.read(chosen.key)
        )
        text = tokens.mint(made, subject, scopes or ["sync"], apps, _seconds(lifetime), time.time(), uuid.uuid4().hex)
        typer.echo(text)


def user() -> str:
    """Return who is at the command line, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"uid {os.getuid()}"


def _seconds(text: str) -> float:
    found = _LIFETIME.fullmatch(text)
    if not found:
        raise BadConfiguration(f"--for {text}: expected a number and s, m, h or d, such as 10m")
    return int(found[1]) * _SECONDS[found[2]]
