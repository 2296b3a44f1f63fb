"""``hookline rollback``: back to a commit the app had before, and on again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from workers import rolling
from workers.commands import holding
from workers.commands.console import Config, Json, print_json, sentences
from workers.errors import BadOrder


def rollback(
    app: Annotated[str, typer.Argument(help="The app to bring back.")],
    to: Annotated[str, typer.Option(help="A commit; the last one before that ended well when left out.")] = "",
    reason: Annotated[str, typer.Option(help="Why; everybody who meets the rollback is told.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="End a rollback: deploy the app's revision again.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Pass holds and sync windows; never project policy.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Bring an app back to a commit it had before, at once. What it leaves is not deployed again.

    It goes on by itself with the first newer commit that changes something of the app, such as a revert or a fix; a
    push of the old one again, the sweep and drift repair do not bring back what was left.

    Examples: hookline rollback myapp --reason "logins fail"; hookline rollback myapp --to 3f1c9a2 --reason "slow";
    hookline rollback myapp --clear
    """
    with sentences():
        mine, person = holding.desk(config), holding.asker()
        if clear and (to or force):
            raise BadOrder("--clear ends a rollback and takes neither --to nor --force")
        if clear:
            made, number = rolling.clear(mine, person, app, reason)
            said = f"{made.revision[:7]} is no longer blocked"
        else:
            made, number = rolling.back(mine, person, app, reason, to, forced=force)
            said = f"back from {made.revision[:7]} to {made.to[:7]}, until a newer commit comes"
        if as_json:
            print_json({"app": app, "number": number, "rollback": asdict(made)})
        else:
            typer.echo(f"asked for request {number} of {app}: {said}; see `hookline status {app}`")
