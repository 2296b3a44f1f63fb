"""Who may do what in a project, as GitLab tells it."""

from __future__ import annotations

from typing import Final

from deploy.local.forge.gitlab import payloads
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

LEVELS: Final = {"triage": 15, "read": 20, "write": 30, "maintain": 40, "admin": 50}
"""GitLab's access levels (planner, reporter, developer, maintainer, owner) by the words the stand-in is told."""


def show(state: State, repository: Repository, request: Request, user: str, number: str) -> Response:
    """Return a member, inherited ones included; whoever is none is not found, whether or not there is such a user."""
    del repository, request, user
    found = next((name for name in state.people if payloads.number(name) == int(number)), "")
    if not found or state.people[found] not in LEVELS:
        return json(404, {"message": "404 Not found"})
    member = {**payloads.user(found), "state": "active", "access_level": LEVELS[state.people[found]]}
    return json(200, {**member, "membership_state": "active", "expires_at": None})
