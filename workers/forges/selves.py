"""Who we are at a forge, so that nobody else's comment is taken for ours.

Field facts: GitHub docs, "Get the authenticated user" and, for an App, "Get the authenticated app": what it writes is
by ``SLUG[bot]``, a name that nobody can register. GitLab docs, "Users API"; Gitea's API is as GitHub's; Bitbucket Cloud
docs, "Users"; Bitbucket Data Center says it in a header of each answer.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from workers.errors import OperatorError
from workers.forges import asking, http
from workers.forges.account import Author
from workers.forges.asking import Ask

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

_ASK: Final = Ask("the user that the token is of", "the right to read its own user")
_SERVER: Final = "/api/latest/application-properties"


def of(account: Account, client: httpx2.Client) -> Author:
    """Return who writes with an account's token, asked once for each token; raises as :func:`workers.forges.write`."""
    token = "app" if account.bot else hashlib.sha256(account.secret().encode()).hexdigest()
    if token not in account.memory:
        account.memory[token] = _asked(account, client)
    return account.memory[token]


def _asked(account: Account, client: httpx2.Client) -> Author:
    if account.bot is not None:
        return Author("login", account.bot())
    if account.kind == "bitbucket-data-center":
        answer = http.send(account, client, asking.call(account.kind, "GET", _SERVER))
        asking.one(account, answer, _ASK)
        name = unquote(answer.headers.get("x-ausername", ""))
        return _known(account, "name", name)
    found = asking.asked(account, client, "/user", _ASK) or {}
    field = "uuid" if account.kind == "bitbucket" else "id"
    return _known(account, field, found.get(field))


def _known(account: Account, field: str, value: object) -> Author:
    if isinstance(value, str | int) and not isinstance(value, bool) and value:
        return Author(field, str(value))
    raise OperatorError(f"{account.host} did not say which user the token is of: check `api`")
