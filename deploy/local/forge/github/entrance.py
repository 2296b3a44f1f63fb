"""Who calls GitHub's API, and whether they may: a user's token, an installation's, or an App itself."""

from __future__ import annotations

from typing import Any, Final

from deploy.local.forge.github import objects, rules
from deploy.local.forge.github.apps import App, Denied, Installation
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

AS_APP: Final = ("checks", "write")
"""What only an App may do; a user's token may do everything else."""


def caller(state: State, request: Request, full_name: str, needs: tuple[str, str]) -> App | str:
    """Return the App or the user that calls for a repository; ``needs`` is a permission and its level.

    Raises :class:`Denied` for whom GitHub turns away.
    """
    token = bearer(request)
    if token.startswith("ghs_"):
        return state.apps.holder(token, full_name, needs)
    if token not in state.tokens:
        raise Denied(401, "Bad credentials")
    if needs == AS_APP:
        raise Denied(403, "You must authenticate via a GitHub App.")
    return state.tokens[token]


def known(state: State, request: Request) -> None:
    """Let pass who is somebody, whatever they may do. Raises :class:`Denied` for others."""
    token = bearer(request)
    if token not in state.tokens and token not in [one.text for one in state.apps.tokens]:
        state.apps.signed(token)


def bearer(request: Request) -> str:
    """Return the token of a call. Raises :class:`Denied` for one that has none, or is turned away for its headers."""
    if denied := rules.denial(request.headers):
        raise Denied(*denied)
    return request.headers["authorization"].partition(" ")[2]


def installed(state: State, request: Request, full_name: str) -> Response:
    """Tell an App of its installation for a repository."""
    app = state.apps.signed(bearer(request))
    for place in list(state.apps.installations.values()):
        if place.app == app and place.reaches(full_name) and full_name in state.repositories:
            return json(200, _installation(place))
    raise Denied(404, "Not Found")


def granted(state: State, request: Request, number: str) -> Response:
    """Make a token for an installation of an App."""
    app = state.apps.signed(bearer(request))
    known = {one.number: one.full_name for one in list(state.repositories.values())}
    token = state.apps.grant(app, int(number), request.json() or {}, known)
    return json(
        201,
        {
            "token": token.text,
            "expires_at": objects.time(token.expires),
            "permissions": token.permissions,
            "repository_selection": "selected" if token.names else "all",
        },
    )


def _installation(place: Installation) -> dict[str, Any]:
    """An installation in GitHub's shape."""
    api, at = f"https://api.github.com/app/installations/{place.number}", objects.time(0.0)
    return {
        "id": place.number,
        "account": objects.user(place.owner),
        "repository_selection": "selected" if place.names else "all",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": "https://api.github.com/installation/repositories",
        "html_url": f"https://github.com/organizations/{place.owner}/settings/installations/{place.number}",
        "app_id": place.app.number,
        "client_id": place.app.client_id,
        "app_slug": place.app.slug,
        "target_id": objects.number(place.owner),
        "target_type": "Organization",
        "permissions": place.permissions,
        "events": [],
        "created_at": at,
        "updated_at": at,
        "single_file_name": None,
        "suspended_by": objects.user(place.owner) if place.suspended else None,
        "suspended_at": at if place.suspended else None,
    }
