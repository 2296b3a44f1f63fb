"""``hookline why``: who changed an object. Looks, changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from workers import accesses, clusters, configuration, context, packaged, why
from workers.apps import App
from workers.clustersecrets import choosing
from workers.commands import opening, problems, showing
from workers.commands.console import Config, Json, err, marked, print_json, printable, sentences
from workers.errors import BadConfiguration, HooklineError
from workers.git.mirror import Mirror
from workers.model import Manifest
from workers.settings import Settings
from workers.why import Cause, Manager, Place

MOST_FIELDS = 12


def why_changed(
    what: Annotated[str, typer.Argument(metavar="KIND/NAME", help="The object, such as deployment/web.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Its namespace; any when left out.")] = "",
    app: Annotated[str, typer.Option(help="Its app, when several had one of that name.")] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say who changed an object: the syncs, commits and pull requests, and who manages its fields now.

    Commits are read from this machine's mirror, the object from its cluster; what cannot be had is left out and said.

    Example: hookline why deployment/web -n shop
    """
    with sentences():
        kind, _, name = what.partition("/")
        if not kind or not name:
            raise BadConfiguration(f"{what}: expected KIND/NAME, such as deployment/web")
        settings = configuration.load(config)
        records = opening.records(settings)
        index = problems.catalog(settings, records)
        names = [app] if app else records.progress.apps()
        place = why.only(why.places(records, names, kind, namespace, name), what)
        declared = index.apps.get(place.app)
        causes = why.causes(records, place, declared, _mirror(settings, declared))
        last = causes[0].sync.ended if causes else 0.0
        manifest, missing = _live(settings, place, declared)
        managers = why.managers(manifest, last) if manifest else []
        noted = records.repairs.noted(place.app).get(str(place.ref), "")
        drift = noted if missing else why.drifted(records, place, declared, manifest)
        if as_json:
            shown = {"object": place.ref._asdict(), "app": place.app, "owned": bool(place.version), "drift": drift}
            shown |= {"syncs": [cause.shown() for cause in causes], "managers": [asdict(one) for one in managers]}
            print_json(shown | {"live": manifest is not None, "missing": missing})
            return
        _print(place, causes, managers, drift, missing)


def _mirror(settings: Settings, app: App | None) -> Mirror | None:
    if app is None or app.fault or packaged.is_packaged(app.url, app.chart):
        return None
    clone = context.clone_url(settings, app.url)
    scope = choosing.chosen(settings.repository_credentials, accesses.wanted_by(app, clone)).scope
    return Mirror(settings.data / "mirrors", app.url, clone, scope=scope)


def _live(settings: Settings, place: Place, app: App | None) -> tuple[Manifest | None, str]:
    """Return the object, and why it could not be looked at, "" when it was."""
    if app is None:
        return None, f"the app {place.app} is no longer declared, so its cluster is not known"
    if not place.version:
        return None, "the app no longer owns it"
    try:
        client = clusters.Clusters(settings).client(clusters.name_for(settings, app))
        return why.live(client, place), ""
    except HooklineError as error:
        return None, str(error)


def _print(place: Place, causes: list[Cause], managers: list[Manager], drift: str, missing: str) -> None:
    whose = f"  of app {place.app}" if place.version else f"  was of app {place.app}"
    showing.line(Text.assemble((printable(str(place.ref)), "bold"), printable(whose)))
    if drift:
        showing.line(Text(printable(f"  drifted: {drift}"), showing.STYLES["drifted"]))
    for cause in causes:
        sync = cause.sync
        style = showing.STYLES.get(sync.outcome, showing.WAITING)
        head = (showing.stamp(sync.ended), "  ", (cause.change.action.value, style), f"  {sync.revision[:7]}")
        showing.line(Text.assemble(*head, printable(f"  {sync.why} by {sync.who}")))
        showing.block(_cause(cause))
    if not causes:
        showing.block(["no sync on record changed it: those kept are the last 50 of each app"])
    if missing:
        err.print(marked("!", "yellow", f"not looked at live: {missing}"), soft_wrap=True)
    for manager in managers:
        part = f" ({manager.subresource})" if manager.subresource else ""
        text = f"{manager.time}  {manager.name}  {manager.operation}{part}"
        showing.line(Text(printable(text), showing.STYLES["drifted"] if manager.later else ""))
        showing.block([_few(manager.fields)])


def _cause(cause: Cause) -> list[str]:
    """Return what is said of one sync, a line each. Pure."""
    asked = [f"reason: {cause.reason}" if cause.reason else "", f"from {cause.address}" if cause.address else ""]
    delivery = f"delivery {cause.sync.delivery}" if cause.sync.delivery and not cause.address else ""
    request = f"pull request {cause.request}" if cause.request else ""
    lines = [_few(cause.change.fields), "  ".join(filter(None, [*asked, delivery, request]))]
    for one in cause.commits:
        number = f"  (pull request {one.request})" if one.request else ""
        lines.append(f"{one.revision[:7]}  {showing.stamp(one.at)}  {one.author}: {one.subject}{number}")
    return [line for line in lines if line]


def _few(fields: Any) -> str:
    more = f", and {len(fields) - MOST_FIELDS} more" if len(fields) > MOST_FIELDS else ""
    return ", ".join(fields[:MOST_FIELDS]) + more
