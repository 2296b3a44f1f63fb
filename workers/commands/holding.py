"""``hookline hold|release|holds|exceptions``: keep Hookline from something for some time, and see what is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from workers import broker, configuration, holds, standing
from workers.asker import Asker
from workers.commands import opening, problems, showing
from workers.commands.console import Config, Json, print_json, printable, sentences
from workers.commands.person import user
from workers.errors import BadOrder
from workers.holding import Desk
from workers.holds import Hold, Scope, moment
from workers.records import Records
from workers.settings import Settings

For = Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1h30m; `holds.longest` and project bound it.")]
Project = Annotated[str, typer.Option(help="A whole project instead of an app.")]
Cluster = Annotated[str, typer.Option(help="A whole cluster instead of an app.")]
Object = Annotated[str, typer.Option("--object", help="Only this object of the app: KIND/NAME.")]


def desk(config: Path | None) -> Desk:
    """Return where wishes are taken, of a configuration."""
    settings = configuration.load(config)
    records = opening.records(settings)
    counter = broker.Counter(settings, records)
    return Desk(settings, records, lambda: problems.catalog(settings, records), counter, time.time)


def asker() -> Asker:
    """Return who is at the command line."""
    return Asker(user(), "command line")


def hold(
    app: Annotated[str, typer.Argument(help="The app to leave alone.")] = "",
    length: For = "",
    reason: Annotated[str, typer.Option(help="Why; everybody who meets the hold is told.")] = "",
    thing: Object = "",
    project: Project = "",
    cluster: Cluster = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Leave an app, one object of it, a project or a cluster alone for some time. It ends by itself; then Git wins.

    Commits that arrive meanwhile end as held and are deployed afterwards. Drift is noted and not repaired.

    Examples: hookline hold myapp --for 2h --reason "the database moves"; hookline hold myapp --object Deployment/web
    --for 30m --reason "looking at a leak"; hookline hold --cluster production --for 1h --reason "upgrade"
    """
    with sentences():
        scope, target = chosen(app, project, cluster, thing)
        made = desk(config).hold(asker(), scope, target, length, reason, thing)
        if as_json:
            print_json(asdict(made))
        else:
            typer.echo(f"{made.what} is {holds.sentence(made, made.since)}; `hookline release` ends it early")


def release(
    app: Annotated[str, typer.Argument(help="The app to take up again.")] = "",
    thing: Object = "",
    project: Project = "",
    cluster: Cluster = "",
    exception: Annotated[bool, typer.Option("--exception", help="End its exception, and not its hold.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="End its hold, and not its exception.")] = False,
    reason: Annotated[str, typer.Option(help="Why; goes into the audit trail.")] = "",
    config: Config = None,
) -> None:
    """End a hold before its time, or an app's exception: Git wins again at once.

    Examples: hookline release myapp; hookline release myapp --object Deployment/web; hookline release myapp --exception
    """
    with sentences():
        scope, target = chosen(app, project, cluster, thing)
        mine = desk(config)
        now, running = mine.clock(), mine.records.exceptions.of(target) if scope is Scope.APP else None
        has = running is not None and now < running.until
        held = any((one.scope, one.target) == (scope, target) and one.in_force(now) for one in mine.records.holds.all())
        if has and held and not (exception or hold or thing):
            raise BadOrder(f"{target} has a hold and an exception: say --hold or --exception, or --object for that of "
                           "one object; `hookline holds` shows them")  # fmt: skip
        if exception or (has and not held and not hold and not thing):
            ended = mine.end(asker(), target, reason)
            typer.echo(f"{target} goes back from {ended.revision} to its declared revision")
        else:
            typer.echo(f"{mine.release(asker(), scope, target, thing, reason).what} is taken up again")


def listed(config: Config = None, as_json: Json = False) -> None:
    """Show every hold and exception, with the time that is left.

    Example: hookline holds
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        now = records.clock()
        found = [one for one in every(settings, records) if one.in_force(now)]
        running = [one for one in records.exceptions.all().values() if now < one.until]
        if as_json:
            print_json({"holds": [asdict(one) for one in found], "exceptions": [asdict(one) for one in running]})
            return
        rows = [("held", one.what, one.until, one.who, one.reason) for one in found]
        rows += [("exception", f"{one.app} follows {one.revision}", one.until, one.who, one.reason) for one in running]
        if not rows:
            typer.echo("nothing is held, and no app has an exception")
            return
        table = [("", "what", "left", "until", "by", "why")]
        table += [(kind, what, showing.age(until - now), moment(until, now), who, why)
                  for kind, what, until, who, why in rows]  # fmt: skip
        for text in aligned(table):
            showing.line(text)


def every(settings: Settings, records: Records) -> list[Hold]:
    """Return all holds, of people and of declarations."""
    index, now = problems.catalog(settings, records), records.clock()
    declared = [one for app in index.apps.values() for one in standing.declared(app, index, settings, records, now)]
    return [*records.holds.all(), *declared]


def aligned(table: Sequence[tuple[str, ...]]) -> list[Text]:
    """Return a heading and rows as lines with even columns. Pure."""
    rows = [[printable(cell) for cell in row] for row in table]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append(Text("  ".join([*cells, row[-1]]), "bold" if row is rows[0] else ""))
    return lines


def chosen(app: str, project: str, cluster: str, thing: str) -> tuple[Scope, str]:
    """Return what is meant: exactly one of app, project and cluster. Raises :class:`BadOrder`."""
    given = {Scope.APP: app, Scope.PROJECT: project, Scope.CLUSTER: cluster}
    named = [(scope, name) for scope, name in given.items() if name]
    if len(named) != 1:
        raise BadOrder("expected exactly one of an app, --project and --cluster")
    if thing and not app:
        raise BadOrder("--object is one of an app: name the app")
    return named[0]
