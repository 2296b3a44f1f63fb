"""What a forge says of a person and of a pull request: may they write to the repository, and what did the merge make?

Only asked when somebody's comment is to approve a commit. Source: GitHub docs, "Get repository permissions for a user"
and "Get a pull request"; GitLab docs, "Members API" and "Merge requests API"; Gitea's API is as GitHub's here.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from workers.errors import AccessDenied, BadConfiguration, ForgeUnreachable, OperatorError, SourceMissing
from workers.forges import github, http, limits, names

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

DEVELOPER: Final = 30
"""GitLab's access level from which on a member may push."""
WRITES: Final = frozenset({"write", "admin", "owner"})
"""GitHub's words for who may push (``maintain`` is told as ``write``), and Gitea's."""
KINDS: Final = ("github", "gitlab", "gitea", "forgejo")
_PERSON: Final = re.compile(r"(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII)


def may_write(
    account: Account, client: httpx2.Client, repository: str, repository_id: str, who: str, person: str
) -> bool:
    """Whether a person, by name ``who`` and number ``person``, may write to a repository now.

    Raises :class:`ForgeUnreachable` when a later try may work, another :class:`workers.errors.HooklineError` when none
    will: then nobody knows, and nobody may.
    """
    call = permission_of(account.kind, repository, repository_id, who, person)
    found = _asked(account, client, call, "what a person may do")
    return found is not None and writes(account.kind, found, person)


def merge_of(account: Account, client: httpx2.Client, repository: str, repository_id: str, number: int) -> str:
    """Return the commit that the merge of a pull request made, "" for one that is not merged. Raises as `may_write`."""
    call = pull_of(account.kind, repository, repository_id, number)
    found = _asked(account, client, call, f"pull request {number}")
    return merged(account.kind, found) if found is not None else ""


def permission_of(kind: str, repository: str, repository_id: str, who: str, person: str) -> http.Call:
    """Return the call that asks what a person may do. Pure. Raises :class:`SourceMissing` for names there cannot be."""
    if kind == "gitlab":
        if not person.isascii() or not person.isdigit():
            raise SourceMissing(f"GitLab can have no user {person[:40]!r}")
        return http.Call("GET", f"{_project(repository, repository_id)}/members/all/{person}")
    if not _PERSON.fullmatch(who):
        raise SourceMissing(f"there can be no user {who[:100]!r}")
    return _github_like(kind, repository, f"/collaborators/{who}/permission")


def pull_of(kind: str, repository: str, repository_id: str, number: int) -> http.Call:
    """Return the call that reads a pull request. Pure. Raises as :func:`permission_of`."""
    if kind == "gitlab":
        return http.Call("GET", f"{_project(repository, repository_id)}/merge_requests/{number}")
    return _github_like(kind, repository, f"/pulls/{number}")


def writes(kind: str, found: dict[str, Any], person: str) -> bool:
    """Whether an answer to :func:`permission_of` lets the person of that number write. Pure.

    A name may have gone to somebody else since the comment was written: the number tells.
    """
    if kind == "gitlab":
        level, state = found.get("access_level"), found.get("membership_state", "active")
        active = (found.get("state"), state) == ("active", "active")
        return type(level) is int and level >= DEVELOPER and active and str(found.get("id")) == person
    user = found.get("user")
    return isinstance(user, dict) and str(user.get("id")) == person and found.get("permission") in WRITES


def merged(kind: str, found: dict[str, Any]) -> str:
    """Return the commit a merge made, from an answer to :func:`pull_of`; "" for none. Pure.

    GitLab names none for a fast-forward: then it is the squashed commit, or the last one of the branch.
    """
    fields = ("merge_commit_sha", "squash_commit_sha", "sha") if kind == "gitlab" else ("merge_commit_sha",)
    is_merged = found.get("state") == "merged" if kind == "gitlab" else found.get("merged") is True
    commit = next((found[name] for name in fields if found.get(name)), "")
    return commit if is_merged and isinstance(commit, str) and names.REVISION.fullmatch(commit) else ""


def _github_like(kind: str, repository: str, rest: str) -> http.Call:
    if kind not in KINDS:
        raise BadConfiguration(f"a forge of kind {kind} says nothing of people: expected one of {', '.join(KINDS)}")
    if not names.REPOSITORY.fullmatch(repository):
        raise SourceMissing(f"the forge can have no repository {repository!r}")
    return http.Call("GET", f"/repos/{repository}{rest}", None, github.HEADERS if kind == "github" else {})


def _project(repository: str, repository_id: str) -> str:
    known = repository_id.isascii() and repository_id.isdigit()
    return f"/projects/{repository_id if known else quote(repository, safe='')}"


def _asked(account: Account, client: httpx2.Client, call: http.Call, what: str) -> dict[str, Any] | None:
    """Return the object in an answer, ``None`` for "there is none"."""
    answer = http.send(account, client, call)
    if answer.code == 404:
        return None
    place = f"{account.host} answered {answer.code} when asked for {what}"
    wait = limits.wait(answer.headers, time.time())
    limited = answer.code == 403 and (wait is not None or "rate limit" in answer.says().lower())
    if limited or answer.code in (408, 429) or answer.code >= 500:
        raise ForgeUnreachable(place, wait)
    if answer.code in (401, 403):
        raise AccessDenied(f"{place}: give the token the right to read the repository's members and pull requests")
    found = answer.json()
    if answer.code != 200 or not isinstance(found, dict):
        raise OperatorError(
            f"{place}, where an object was expected: check that `api` is the address of the forge's API"
        )
    return found
