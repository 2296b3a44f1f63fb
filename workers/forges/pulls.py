"""A pull request as its forge tells it now: what would be merged into what, by whom, and whether it was.

What a webhook said is never enough: it may be old, and its fields are a claim.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from workers.errors import SourceMissing
from workers.forges import asking, names, opened
from workers.forges.asking import Ask
from workers.pull import Pull

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

RIGHT: Final = "the right to read pull requests"
_SHORT: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Seen:
    """A pull request's state: ``pull`` while it is open, ``merge`` the commit that merging it made, "" for none.

    Neither for one that was closed unmerged, or is not there.
    """

    pull: Pull | None = None
    merge: str = ""


def read(
    account: Account, client: httpx2.Client, hook: str, repository: str, repository_id: str, number: int
) -> Pull | None:
    """Return a pull request that is open, ``None`` for one that no longer is, or that is not there.

    Raises as :func:`workers.forges.write`; :class:`SourceMissing` also for an answer that names no whole commit.
    """
    return seen(account, client, hook, repository, repository_id, number).pull


def seen(account: Account, client: httpx2.Client, hook: str, repository: str, repository_id: str, number: int) -> Seen:
    """Return how a pull request stands, in one call (two or three at Bitbucket Cloud). Raises as :func:`read`."""
    blank = Pull(hook, repository, repository_id, number, "", "", "")
    found = asking.asked(account, client, path(account.kind, blank), _ask(number))
    if found is None:
        return Seen()
    pull = opened.parsed(account.kind, blank, found)
    if pull is not None and not names.REVISION.fullmatch(pull.head):
        pull = _whole(account, client, pull, found)
    return Seen(pull, opened.merge(account.kind, found) or _merge(account, client, blank, found))


def path(kind: str, pull: Pull) -> str:
    """Return the path of a pull request. Pure. Raises :class:`SourceMissing` for names there cannot be."""
    word = {"gitlab": "merge_requests", "bitbucket": "pullrequests", "bitbucket-data-center": "pull-requests"}
    number = int(pull.number)
    return f"{asking.root(kind, pull.repository, pull.repository_id)}/{word.get(kind, 'pulls')}/{number}"


def ref(kind: str, pull: Pull) -> str:
    """Return the full ref that a status of the head is for, "" where the forge needs none. Pure.

    GitLab keeps statuses in a pipeline of a ref, of whichever branch has the commit when none is named. A fork's commit
    is in none, but below the merge request's own ref, which its pipelines in the target project go by ("Merge request
    pipelines", "External commit statuses" in GitLab's documentation).
    """
    if pull.source:
        return f"refs/heads/{pull.source}"
    return f"refs/merge-requests/{int(pull.number)}/head" if kind == "gitlab" else ""


def _whole(account: Account, client: httpx2.Client, pull: Pull, found: Mapping[str, Any]) -> Pull:
    """The pull request with the whole id of its head, of which Bitbucket Cloud tells twelve digits."""
    if account.kind == "bitbucket" and _SHORT.fullmatch(pull.head):
        home = opened.deep(found, "source", "repository", "full_name")
        commit = _named(account, client, home if isinstance(home, str) else pull.repository, pull.head, pull.number)
        if commit:
            return replace(pull, head=commit)
    raise SourceMissing(f"{account.host} did not name the whole commit of {pull.place}")


def _merge(account: Account, client: httpx2.Client, pull: Pull, found: Mapping[str, Any]) -> str:
    """The whole id of the commit that a merge made, where the forge tells twelve digits of it; "" for none."""
    short = opened.deep(found, "merge_commit", "hash")
    is_merged = account.kind == "bitbucket" and found.get("state") == "MERGED"
    if not is_merged or not isinstance(short, str) or not _SHORT.fullmatch(short):
        return ""
    return _named(account, client, pull.repository, short, pull.number)


def _named(account: Account, client: httpx2.Client, repository: str, short: str, number: int) -> str:
    """The whole id of a commit, "" where the forge does not tell it."""
    place = f"{asking.root(account.kind, repository)}/commit/{short}"
    commit = (asking.asked(account, client, place, _ask(number)) or {}).get("hash")
    whole = isinstance(commit, str) and names.REVISION.fullmatch(commit) and commit.startswith(short)
    return str(commit) if whole else ""


def _ask(number: int) -> Ask:
    return Ask(f"pull request {int(number)}", RIGHT)
