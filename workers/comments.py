"""Which apps a comment is for that a forge's delivery tells of, and what is recorded of it. Pure.

Whether its author may say so is not for the edge to know: a worker asks the forge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import orjson

from workers.apps import App, Index
from workers.comment import Comment
from workers.model import Event, Sighting


def concerned(event: Event, urls: Iterable[str], index: Index, allowed: bool) -> tuple[tuple[App, ...], str]:
    """Return the apps that a comment may approve a commit of, and why it is ignored where there are none.

    ``urls`` are the repository's addresses (canonical), ``allowed`` is whether its hook takes approvals by comment.
    """
    if not allowed:
        return (), f"comments approve nothing here: set hooks.{event.hook}.comments"
    there = {app.name: app for url in urls for app in index.by_repository.get(url, ())}
    found = tuple(app for app in there.values() if not why_not(app, event))
    named = f"{event.app} is no app of {event.repository} that syncs by hand only"
    return found, "" if found else named if event.app else f"no app of {event.repository} syncs by hand only"


def why_not(app: App, event: Event) -> str:
    """Return why a comment below its repository's pull request is not for an app, "" when it is."""
    if event.app not in ("", app.name):
        return f"comment: it is for {event.app}"
    return "comment: it syncs by itself" if app.automated else ""


def noted(event: Event, apps: Sequence[App], at: float) -> Sighting:
    """Return what is recorded beside the delivery: a worker takes it from there."""
    delivery, names = f"{event.hook}:{event.key}", tuple(app.name for app in apps)
    place = (event.repository, event.repository_id, event.number, event.after)
    comment = Comment(delivery, event.hook, *place, event.sender, event.sender_id, names, at)
    return Sighting(("comments",), delivery, orjson.dumps(asdict(comment)).decode())
