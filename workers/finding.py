"""Finds the pull request that somebody named by its number: as its forge tells it now, else as Git has it."""

from __future__ import annotations

from workers import repositories, revisions
from workers.apps import App
from workers.context import Context
from workers.errors import BadOrder, UnknownName
from workers.forges import pulls
from workers.intake import REPORTED
from workers.model import Commit
from workers.pull import Pull


def of_app(context: Context, app: App, number: int) -> Pull:
    """Return a pull request of the repository of an app's first source.

    Without an account for it, what Git has under that number is taken for a pull request into what the app follows.
    Raises :class:`BadOrder` for one that is not open, and as the forge's calls do.
    """
    place = _place(context, app)
    try:
        return _told(context, place.hook, place.repository, number)
    except UnknownName:
        if context.settings.hooks[place.hook].forge == "bitbucket":
            raise
    return Pull(place.hook, place.repository, "", number, _followed(context, app), "", "")


def at_forge(context: Context, app: App, number: int) -> Pull:
    """Return a pull request of the repository of an app's first source, as its forge tells it now.

    Raises :class:`BadOrder` for one that is not open, and as the forge's calls do.
    """
    place = _place(context, app)
    return _told(context, place.hook, place.repository, number)


def of_repository(context: Context, repository: str, number: int) -> Pull:
    """Return a pull request of a repository (``your-org/your-repo``) that a hook is for, as its forge tells it now.

    Raises :class:`BadOrder` for one that is not open, and where it is not clear whose it is.
    """
    hooks = [
        name
        for name, hook in context.settings.hooks.items()
        if hook.forge in REPORTED and repositories.matches(repository, hook.repositories)
    ]
    if len(hooks) != 1:
        said = f"the hooks {', '.join(sorted(hooks))} are" if hooks else "no hook is"
        raise BadOrder(f"{said} for {repository[:200]}: plan an app of it, with APP --pr {number}")
    return _told(context, hooks[0], repository, number)


def _place(context: Context, app: App) -> Commit:
    place = context.served(app, "")
    if place is None:
        raise BadOrder(f"no hook is for the repository of {app.name}: add one under `hooks`, or plan a revision")
    return place


def _told(context: Context, hook: str, repository: str, number: int) -> Pull:
    account = context.accounts.of(hook, repository)
    found = pulls.read(account, context.http, hook, repository, "", number)
    if found is None:
        raise BadOrder(f"pull request {number} of {repository} is not open: plan a branch with --revision")
    return found


def _followed(context: Context, app: App) -> str:
    """Return the full ref of the branch that an app follows."""
    if app.revision == revisions.HEAD:
        return context.mirror(app).remote_refs().head
    names = revisions.names(app.revision)
    if not names or not names[0].startswith("refs/heads/") or revisions.span(app.revision):
        raise BadOrder(f"{app.name} follows {app.revision}, which is no branch: no pull request is merged into that")
    return names[0]
