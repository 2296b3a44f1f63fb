"""``hookline sync|approve|token``: ask for something."""

from __future__ import annotations

import re
import time
import typing
import uuid
from typing import Annotated

import typer

from workers import configuration, issuers, tokens, trust
from workers.commands import holding
from workers.commands.console import Config, Json, print_json, sentences
from workers.errors import BadConfiguration, BadOrder
from workers.holds import moment

_SCOPES: tuple[str, ...] = typing.get_args(issuers.Scope)
_LIFETIME = re.compile(r"(\d+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def sync(
    app: Annotated[str, typer.Argument(help="The app to look at now.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    revision: Annotated[str, typer.Option(help="A branch, tag or commit to follow for some time instead.")] = "",
    length: Annotated[str, typer.Option("--for", help="How long it follows that revision: 30m, 2h.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Pass holds and sync windows; never project policy.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Sync an app now, ahead of the queue; also an app that waits for a manual sync.

    With --revision the app follows that revision as an exception until its end, and then goes back by itself.

    Examples: hookline sync myapp --reason "release 2.1"; hookline sync myapp --revision hotfix/login --for 2h --reason
    "logins fail"
    """
    with sentences():
        mine, person = holding.desk(config), holding.asker()
        if length and not revision:
            raise BadOrder("--for is how long another revision is followed: name it with --revision")
        if revision:
            made, number = mine.begin(person, app, revision, length, reason, forced=force)
            until = f", which follows {revision} until {moment(made.until, made.since)}"
        else:
            number, until = mine.sync(person, app, reason, forced=force), ""
        if as_json:
            print_json({"app": app, "number": number})
        else:
            typer.echo(f"asked for request {number} of {app}{until}: see `hookline status {app}`")


def approve(
    apps: Annotated[list[str], typer.Argument(help="The apps that wait for a person.")],
    revision: Annotated[str, typer.Option(help="The commit to approve, of one app; another one may have come.")] = "",
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Approve what apps wait for, and sync them.

    That is the commit that waits, of an app that does not sync by itself, and no later one; the deletions it asks
    about: too many at once, or objects that say ``Prune=confirm``; and the removal of apps that left the catalog with
    many others. Only what has been asked about by now is approved. See `hookline status APP`.

    Example: hookline approve myapp --revision 3f1c9a2 --reason "release 2.1"
    """
    with sentences():
        if revision and len(apps) > 1:
            raise BadOrder("--revision is a commit of one app: name one")
        mine, person = holding.desk(config), holding.asker()
        for app in apps:
            mine.approvable(app)
        made = {app: mine.approve(person, app, revision, reason) for app in apps}
        if as_json:
            found = [{"app": app, "number": number, "revision": commit} for app, (commit, number) in made.items()]
            print_json(found[0] if len(found) == 1 else found)
            return
        for app, (commit, number) in made.items():
            what = f"{commit[:7]} of {app}" if commit else app
            typer.echo(f"approved {what}, and asked for request {number}: see `hookline status {app}`")


def token(
    subject: Annotated[str, typer.Option("--sub", help="Who will use it.")],
    apps: Annotated[list[str], typer.Option("--app", help="An app, or a glob over apps; may be repeated.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"One of {', '.join(_SCOPES)}; may be repeated.", show_default="sync"),
    ] = None,
    lifetime: Annotated[str, typer.Option("--for", help="How long it is good: 90s, 10m, 2h, 1d.")] = "10m",
    issuer: Annotated[str, typer.Option(help="The issuer, when there are several with a local key.")] = "",
    config: Config = None,
) -> None:
    """Mint a bearer token for the API, signed with the local key of a configured issuer. Printed once, kept nowhere.

    Each scope counts for the apps named and no others; `audit` shows the trail, and `sync:force` passes holds and
    windows. A token that changes something can be used once.

    Example: hookline token --sub ci --app 'shop-*' --scope sync --for 10m

    Example: hookline token --sub on-call --app '*' --scope sync:force --scope hold --scope rollback --for 1h

    Example: hookline token --sub dashboard --app '*' --scope read --scope audit --for 1d
    """
    with sentences():
        declared = [
            item
            for item in configuration.load(config).issuers
            if issuer in ("", item.issuer) and item.algorithms[:1] == ("HS256",) and not item.grants
        ]
        names = sorted({item.issuer for item in declared})
        if len(names) != 1:
            found = f"found {', '.join(names)}: choose with --issuer" if names else "found none: see `issuers`"
            raise BadConfiguration(f"expected one issuer with algorithm HS256, {found} in the configuration")
        if unknown := sorted({*(scopes or []), *_SCOPES} - {*_SCOPES}):
            raise BadConfiguration(f"--scope {unknown[0]}: expected one of {', '.join(_SCOPES)}")
        # Of two with one name (that is how a key is rotated) the first signs.
        made = trust.trusted(declared[0])
        text = tokens.mint(made, subject, scopes or ["sync"], apps, _seconds(lifetime), time.time(), uuid.uuid4().hex)
        typer.echo(text)


def _seconds(text: str) -> float:
    found = _LIFETIME.fullmatch(text)
    if not found:
        raise BadConfiguration(f"--for {text}: expected a number and s, m, h or d, such as 10m")
    return int(found[1]) * _SECONDS[found[2]]
