"""Asking a forge for an object or a whole list, and what its refusal means: alike for all that is no status.

Lists are pages of what strangers wrote: how many pages are asked for is bounded, and a page that is too large to read
is asked for again in smaller ones, so that nobody hides what comes after it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from workers.errors import AccessDenied, AuthorError, BadConfiguration, HooklineError, OperatorError, SourceMissing
from workers.forges import github, http, limits, names, refusals

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

ROOM: Final = 4 * 1024 * 1024
"""Bytes read of an answer: GitLab's longest note fits, of which one comment may be."""
CALLS: Final = 40
"""Calls that one list may take: 4,000 entries at GitHub and GitLab, 2,000 at Gitea, when none is very long."""
GONE: Final = frozenset({404, 410})
_LOCKED: Final = "locked"


class Ask(NamedTuple):
    """What an answer is about, in words, and the right that a token needs for it."""

    what: str
    right: str


class _Pages(NamedTuple):
    """How a kind of forge pages a list: its words for size and page, and sizes each a multiple of the next."""

    size: str
    page: str
    sizes: tuple[int, ...]


_PAGES: Final[Mapping[str, _Pages]] = {
    "github": _Pages("per_page", "page", (100, 10, 1)),
    "gitlab": _Pages("per_page", "page", (100, 10, 1)),
    "gitea": _Pages("limit", "page", (50, 10, 1)),
    "forgejo": _Pages("limit", "page", (50, 10, 1)),
    "bitbucket": _Pages("pagelen", "page", (50, 10, 1)),
    "bitbucket-data-center": _Pages("limit", "start", (100, 10, 1)),
}


@dataclass(slots=True)
class Listed:
    """The entries of a list as far as they were read; ``is_whole`` when none is missing.

    An entry that is too large to read at all is left out, and missed by nobody: ours are never that large.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    is_whole: bool = True
    calls: int = 0


def root(kind: str, repository: str, repository_id: str = "") -> str:
    """Return the path of a repository. Pure. Raises :class:`SourceMissing` for a name there cannot be."""
    if kind == "gitlab":
        known = repository_id.isascii() and repository_id.isdigit()
        return f"/projects/{repository_id if known else quote(repository, safe='')}"
    if kind not in _PAGES:
        raise BadConfiguration(f"no forge of kind {kind!r}: expected one of {sorted(_PAGES)}", field="kind")
    fits = names.PERSONAL if kind == "bitbucket-data-center" else names.REPOSITORY
    if not fits.fullmatch(repository):
        raise SourceMissing(f"the forge can have no repository {repository!r}")
    if kind == "bitbucket-data-center":
        owner, _, name = repository.partition("/")
        return f"/api/latest/projects/{owner}/repos/{name}"
    return f"/repositories/{repository}" if kind == "bitbucket" else f"/repos/{repository}"


def call(kind: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> http.Call:
    """Return a call with the headers that a kind of forge wants. Pure."""
    return http.Call(method, path, body, github.HEADERS if kind == "github" else {}, ROOM)


def asked(account: Account, client: httpx2.Client, path: str, ask: Ask) -> dict[str, Any] | None:
    """Return the object at ``path``, ``None`` when there is none; raises as :func:`workers.forges.write`."""
    answer = http.send(account, client, call(account.kind, "GET", path))
    if answer.code in GONE:
        return None
    return one(account, answer, ask)


def done(account: Account, client: httpx2.Client, asking: http.Call, ask: Ask) -> dict[str, Any]:
    """Make a call that writes and return the object it answers with, ``{}`` for none; raises as `write` does."""
    answer = http.send(account, client, asking)
    if answer.code in (202, 204):
        return {}
    return one(account, answer, ask)


def one(account: Account, answer: http.Answer, ask: Ask) -> dict[str, Any]:
    """Return the object in an answer; raises what another answer means."""
    found = answer.json()
    if answer.code not in (200, 201) or not isinstance(found, dict):
        raise refusal(account.host, answer, ask, time.time())
    return found


def listed(account: Account, client: httpx2.Client, path: str, ask: Ask) -> Listed:
    """Return a whole list, or its first part after :data:`CALLS` calls; a list that is not there is empty.

    ``path`` may have a query. Raises as :func:`workers.forges.write`.
    """
    found = Listed()
    page = 1
    while found.is_whole and _read(account, client, path, ask, found, 0, page):
        page += 1
    return found


def all_at_once(account: Account, client: httpx2.Client, path: str, ask: Ask) -> Listed:
    """Return a list that the forge does not page: nothing of it where it is longer than :data:`ROOM`."""
    answer = http.send(account, client, call(account.kind, "GET", path))
    if answer.code in GONE:
        return Listed(calls=1)
    entries = _entries(answer.json(), answer)
    if answer.code != 200 or entries is None:
        if len(answer.body) >= ROOM:
            return Listed(is_whole=False, calls=1)
        raise refusal(account.host, answer, ask, time.time())
    return Listed([entry for entry in entries if isinstance(entry, dict)], calls=1)


def _read(account: Account, client: httpx2.Client, path: str, ask: Ask, found: Listed, narrow: int, page: int) -> bool:
    """Add one page to what was found, in smaller ones where it is too large; return whether more follow."""
    pages = _PAGES[account.kind]
    if found.calls >= CALLS:
        found.is_whole = False
        return False
    found.calls += 1
    size = pages.sizes[narrow]
    first = (page - 1) * size if pages.page == "start" else page
    query = f"{'&' if '?' in path else '?'}{pages.size}={size}&{pages.page}={first}"
    answer = http.send(account, client, call(account.kind, "GET", path + query))
    if answer.code in GONE:
        return False
    said = answer.json()
    if said is None and len(answer.body) >= ROOM:
        if narrow + 1 == len(pages.sizes):
            return True
        parts = size // pages.sizes[narrow + 1]
        start = (page - 1) * parts + 1
        return all(_read(account, client, path, ask, found, narrow + 1, start + part) for part in range(parts))
    entries = _entries(said, answer)
    if answer.code != 200 or entries is None:
        raise refusal(account.host, answer, ask, time.time())
    found.entries += [entry for entry in entries if isinstance(entry, dict)]
    return _follows(account.kind, answer, said, entries)


def _entries(said: Any, answer: http.Answer) -> list[Any] | None:
    """The entries of an answer, ``None`` for what is no list: Bitbucket wraps it, Gitea writes ``null`` for none."""
    entries = said.get("values") if isinstance(said, dict) else said
    if entries is None and answer.body.strip() == b"null":
        return []
    return entries if isinstance(entries, list) else None


def _follows(kind: str, answer: http.Answer, said: Any, entries: list[Any]) -> bool:
    """Whether another page follows: GitHub and GitLab link to it; Gitea may give less than asked for, so until none."""
    if kind == "bitbucket":
        return bool(said.get("next"))
    if kind == "bitbucket-data-center":
        return said.get("isLastPage") is False and bool(entries)
    if kind in ("github", "gitlab"):
        return 'rel="next"' in answer.headers.get("link", "")
    return bool(entries)


def refusal(host: str, answer: http.Answer, ask: Ask, now: float) -> HooklineError:
    """Return the error an answer means that is not the one wanted. Pure; ``now`` is epoch seconds."""
    code, says, wait = answer.code, answer.says(), limits.wait(answer.headers, now)
    said = f"{host} answered {code} for {ask.what}" + (f" ({says})" if says else "")
    if code in (403, 429) and (pause := github.pause(answer, now)) is not None:
        return refusals.too_many(said, pause)
    if code == 401:
        return refusals.unknown_token(said)
    if code == 403 and _LOCKED in says.lower():
        return AuthorError(f"{said}: it is locked, so nothing more is written there")
    if code in (403, 404):
        return AccessDenied(f"{said}: give the token {ask.right}, and access to the repository")
    found = refusals.common(code, said, wait)
    if isinstance(found, AuthorError):
        return AuthorError(f"{said}: the forge will not take it")
    return found or OperatorError(f"{said}, where an object or list was expected: check `api`")
