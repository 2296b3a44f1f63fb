"""``hookline plan``: what a sync would do, shown and not done."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.text import Text

from workers import configuration, context, finding, foretold, plan
from workers.apps import App
from workers.commands import opening, problems
from workers.commands.console import Config, Json, out, print_json, sentences
from workers.context import Context
from workers.errors import BadConfiguration, UnknownName
from workers.plans import PullPlan, exit_code, markdown, shown, terminal
from workers.plans import comment as whole

_LONGEST: Final = 1 << 30
"""No forge's limit counts here."""


class _Nobody:
    """Takes no message: a plan asks nobody for anything."""

    def accept(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise RuntimeError("a plan asks for nothing")

    send = publish = comment = alert = plan = inquiry = deploy = land = accept


def planned(
    app: Annotated[str, typer.Argument(help="The app; with --repo it may be left out.", show_default=False)] = "",
    revision: Annotated[str, typer.Option(help="A branch, tag or commit of the app's repository.")] = "",
    path: Annotated[Path | None, typer.Option(help="A checkout on this machine, committed or not.")] = None,
    pr: Annotated[int, typer.Option(help="The number of a pull request, for what merging it would do.", min=0)] = 0,
    repo: Annotated[str, typer.Option(help="With --pr: plan all apps that it touches of this repository.")] = "",
    patch: Annotated[bool, typer.Option("--patch", help="Print a unified patch.")] = False,
    comment: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for a pull request.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what a sync would create, change and delete, with secrets masked. Changes nothing.

    Exit status: 0 when nothing would change, 2 when something would, 1 when a sync would fail.

    Examples: hookline plan myapp; hookline plan myapp --revision my-branch; hookline plan myapp --path . --json;
    hookline plan myapp --pr 7; hookline plan --repo your-org/your-repo --pr 7
    """
    with sentences():
        if bool(revision) + bool(path) + bool(pr) > 1:
            raise BadConfiguration("--revision, --path and --pr: give one of them")
        if patch + comment + as_json > 1:
            raise BadConfiguration("--json, --patch and --markdown: give one of them")
        if bool(app) == bool(repo) or (repo and not pr):
            raise BadConfiguration("name an app, or a repository with --repo and --pr")
        with _opened(config) as made:
            found: Any = _merge(made, app, repo, pr) if pr else plan.made(made, _app(made, app), revision, path)
    shows = _Merge if isinstance(found, PullPlan) else _App
    if as_json:
        print_json(shows.json(found))
    elif patch or comment:
        text = shows.patch(found) if patch else shows.markdown(found)
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        sys.stdout.buffer.flush()
    else:
        for line in shows.lines(found):
            out.print(line, soft_wrap=True, highlight=False)  # a way out that is cut off helps nobody
    if code := shows.code(found):
        raise typer.Exit(code)


class _App:
    """How a plan of one app is shown."""

    json: Callable[[Any], Any] = shown.as_json
    patch: Callable[[Any], str] = shown.as_patch
    markdown: Callable[[Any], str] = markdown.rendered
    lines: Callable[[Any], Iterator[Text]] = terminal.lines
    code: Callable[[Any], int] = exit_code


class _Merge:
    """How a plan of a pull request is shown."""

    json: Callable[[Any], Any] = shown.pull_as_json
    lines: Callable[[Any], Iterator[Text]] = terminal.pull_lines
    code: Callable[[Any], int] = shown.pull_exit_code

    @staticmethod
    def patch(found: PullPlan) -> str:
        """Return the differences of all apps."""
        return "".join(shown.as_patch(one.plan) for one in found.answers if one.plan)

    @staticmethod
    def markdown(found: PullPlan) -> str:
        """Return its comment, as long as it is."""
        return "".join(whole.rendered(found, "github", "", "", _LONGEST))


def _app(made: Context, name: str) -> App:
    found = made.catalog.index().apps.get(name)
    if found is None:
        raise UnknownName(f"no app is called {name}: `hookline status` lists them all")
    return found


def _merge(made: Context, app: str, repo: str, number: int) -> PullPlan:
    if repo:
        return foretold.planned(made, finding.of_repository(made, repo, number))
    return foretold.planned(made, finding.of_app(made, _app(made, app), number), only=app)


@contextlib.contextmanager
def _opened(config: Path | None) -> Iterator[Context]:
    settings = configuration.load(config)
    records = opening.records(settings)
    with problems.quietly(), contextlib.ExitStack() as stack:
        made = context.create(settings, records, _Nobody())
        stack.callback(made.http.close)
        yield made
