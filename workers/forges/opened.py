"""What a forge's answer says of a pull request, per kind of forge. Pure.

Field facts: GitHub docs, "Get a pull request"; GitLab docs, "Merge requests API"; Gitea's API is as GitHub's here;
Bitbucket Cloud docs, "Pullrequests", and Bitbucket Data Center docs, "Get pull request".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from workers.errors import SourceMissing
from workers.forges import names, permissions
from workers.pull import Pull

MOST_LABELS: Final = 100


def parsed(kind: str, blank: Pull, found: Mapping[str, Any]) -> Pull | None:
    """Return ``blank`` filled from a forge's answer, ``None`` for a pull request that is not open. Pure.

    Raises :class:`SourceMissing` when the answer lacks what every open pull request has.
    """
    try:
        pull = _READERS[kind](blank, found)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise SourceMissing(f"the forge did not say what {blank.place} would merge into what") from None
    return pull


def merge(kind: str, found: Mapping[str, Any]) -> str:
    """Return the commit that a merge made, from a forge's answer; "" for none, or where it is not told whole. Pure."""
    if kind in permissions.KINDS:
        return permissions.merged(kind, dict(found))
    made = found.get("merge_commit") if kind == "bitbucket" else deep(found, "properties", "mergeCommit")
    commit = made.get("hash" if kind == "bitbucket" else "id") if isinstance(made, dict) else ""
    is_merged = found.get("state") == "MERGED" and isinstance(commit, str) and names.REVISION.fullmatch(commit)
    return str(commit) if is_merged else ""


def _github(blank: Pull, found: Mapping[str, Any]) -> Pull | None:
    if found["state"] != "open":
        return None
    head, base, author = found["head"], found["base"], found.get("user") or {}
    ours, theirs = (base.get("repo") or {}).get("id"), (head.get("repo") or {}).get("id")
    return _made(
        blank,
        home=ours,
        target=base["ref"],
        base=base.get("sha"),
        head=head["sha"],
        source=head["ref"],
        fork=ours is None or ours != theirs,
        labels=[label["name"] for label in found.get("labels") or []],
        author=(author.get("login"), author.get("id")),
    )


def _gitlab(blank: Pull, found: Mapping[str, Any]) -> Pull | None:
    if found["state"] != "opened":
        return None
    author, ours = found.get("author") or {}, found["target_project_id"]
    return _made(
        blank,
        home=ours,
        target=found["target_branch"],
        base="",
        head=found["sha"],
        source=found["source_branch"],
        fork=ours is None or found.get("source_project_id") != ours,
        labels=found.get("labels") or [],
        author=(author.get("username"), author.get("id")),
    )


def _cloud(blank: Pull, found: Mapping[str, Any]) -> Pull | None:
    if found["state"] != "OPEN":
        return None
    source, target, author = found["source"], found["destination"], found.get("author") or {}
    theirs = deep(source, "repository", "uuid")
    return _made(
        blank,
        home=target["repository"]["uuid"],
        target=target["branch"]["name"],
        base="",
        head=source["commit"]["hash"],
        source=source["branch"]["name"],
        fork=theirs is None or theirs != target["repository"]["uuid"],
        author=(author.get("nickname"), author.get("uuid")),
    )


def _server(blank: Pull, found: Mapping[str, Any]) -> Pull | None:
    if found["state"] != "OPEN":
        return None
    source, target, author = found["fromRef"], found["toRef"], deep(found, "author", "user") or {}
    return _made(
        blank,
        home=target["repository"]["id"],
        target=target["id"].removeprefix("refs/heads/"),
        base=target.get("latestCommit"),
        head=source["latestCommit"],
        source=source["id"].removeprefix("refs/heads/"),
        fork=deep(source, "repository", "id") != target["repository"]["id"],
        author=(author.get("name"), author.get("id")),
    )


def _made(
    blank: Pull,
    *,
    target: str,
    base: str | None,
    head: str,
    source: str,
    fork: bool,
    author: tuple[Any, Any],
    labels: list[str] | None = None,
    home: Any = None,
) -> Pull:
    whole = base if isinstance(base, str) and names.REVISION.fullmatch(base) else ""
    kept = tuple(label for label in (labels or [])[:MOST_LABELS] if isinstance(label, str))
    who = [str(one) if isinstance(one, str | int) else "" for one in author]
    if not all(isinstance(one, str) and one for one in (target, head)):
        raise ValueError
    return Pull(
        hook=blank.hook,
        repository=blank.repository,
        repository_id=blank.repository_id or (str(home) if isinstance(home, int | str) else ""),
        number=blank.number,
        ref=f"refs/heads/{target}",
        base=whole,
        head=head,
        source="" if fork or not isinstance(source, str) else source,
        fork=fork,
        labels=kept,
        author=who[0],
        author_id=who[1],
    )


def deep(value: Any, *keys: str) -> Any:
    """Return what is at a path of keys, ``None`` where there is nothing. Pure."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


_READERS: Final[Mapping[str, Callable[[Pull, Mapping[str, Any]], Pull | None]]] = MappingProxyType(
    {
        "github": _github,
        "gitlab": _gitlab,
        "gitea": _github,
        "forgejo": _github,
        "bitbucket": _cloud,
        "bitbucket-data-center": _server,
    }
)


def entries(found: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a field; none where it is no list. Pure."""
    value = found.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
