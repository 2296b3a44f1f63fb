"""Whether an account may do what a plan of a pull request takes, as far as a forge tells without being written to.

A GitHub App's permissions are named when its token is made; a classic token of GitHub tells its scopes with each answer
("Scopes for OAuth apps", GitHub docs). Of any other it is seen whether it may read: no forge says whether it may write.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from workers.errors import AccessDenied
from workers.forges import asking, http, pulls, selves
from workers.forges.asking import Ask
from workers.pull import Pull

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

_COMMENTING: Final = frozenset({"repo", "public_repo"})


def check(account: Account, client: httpx2.Client, hook: str, repository: str) -> None:
    """Raise :class:`AccessDenied` with the right that lacks, and as :func:`workers.forges.write`.

    Asks who the account is, and for pull request 1, which need not be there. ``account`` is one for
    `workers.forges.apps.PULLS`.
    """
    selves.of(account, client)
    path = pulls.path(account.kind, Pull(hook, repository, "", 1, "", "", ""))
    answer = http.send(account, client, asking.call(account.kind, "GET", path))
    if answer.code not in (200, *asking.GONE):
        raise asking.refusal(account.host, answer, Ask(f"a pull request of {repository}", pulls.RIGHT), time.time())
    if lacks := lacking(answer.headers):
        raise AccessDenied(f"{account.host} says that the token {lacks}")


def lacking(headers: Mapping[str, str]) -> str:
    """Return what a classic token of GitHub lacks, by an answer's headers (small letters), "" for nothing. Pure."""
    told = headers.get("x-oauth-scopes", "")
    if not told or _COMMENTING & {scope.strip() for scope in told.split(",")}:
        return ""
    return f"has the scopes {told}: it takes `repo` to comment on pull requests"
