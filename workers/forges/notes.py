"""Comments below a pull request, per kind of forge: where they are, what to send, and what is read back. Pure.

Field facts: GitHub docs, "REST API endpoints for issue comments"; GitLab docs, "Notes API"; Gitea's source
(``routers/api/v1/repo/issue_comment.go``: its list of comments has no pages); Bitbucket Cloud docs, "Pullrequests";
Bitbucket Data Center docs, "Pull Requests": a comment is changed at the version that was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from workers.forges import asking, opened, pulls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.forges.http import Call
    from workers.pull import Pull

ID: Final = re.compile(r"[0-9]{1,20}")
_BITBUCKET: Final = frozenset({"bitbucket", "bitbucket-data-center"})
_LINES: Final = re.compile(r"\r\n?")
_ACTION: Final = re.compile(r"^(?=/)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Note:
    """One comment as its forge has it: ``author`` is the object that tells who wrote it, ``version`` Data Center's."""

    id: str
    author: Mapping[str, Any]
    text: str
    version: int = 0


def heading(kind: str, marker: str, part: int) -> str:
    """Return the line that nobody sees and by which part ``part`` (from 1) of our comment is known.

    Bitbucket shows HTML comments as they are written, and hides the definition of a link nobody follows.
    """
    word = quote(marker, safe="/:@. ").replace("--", "-%2D")
    return f"[//]: # ({word} {part})\n" if kind in _BITBUCKET else f"<!-- {word} {part} -->"


def written(kind: str, marker: str, part: int, body: str) -> str:
    """Return the whole text of a comment; what no forge can keep of ``body`` is left out.

    A line that begins with ``/`` would be a command to GitLab, carried out with our rights, whoever wrote it: there
    it begins with a space.
    """
    text = _LINES.sub("\n", body).replace("\0", "").encode("utf-8", "replace").decode().strip("\n").rstrip()
    if kind == "gitlab":
        text = _ACTION.sub(" ", text)
    return f"{heading(kind, marker, part)}\n{text}"


def part_of(kind: str, marker: str, text: str) -> int:
    """Return which part of our comment a text is by its first line, 0 for none. Whose it is must be asked as well."""
    first = _LINES.sub("\n", text).lstrip("\n").partition("\n")[0].rstrip()
    number = re.search(r" ([1-9][0-9]{0,3})(?: -->|\))$", first)
    part = int(number[1]) if number else 0
    return part if part and heading(kind, marker, part).rstrip() == first else 0


def says(note: Note, text: str) -> bool:
    """Whether a comment has that text; forges may change its line ends and its edges."""
    return _LINES.sub("\n", note.text).strip() == text.strip()


def list_path(kind: str, pull: Pull) -> str:
    """Return the path of the comments' list."""
    place = pulls.path(kind, pull)
    if kind == "gitlab":
        return f"{place}/notes?sort=asc&order_by=created_at"
    return f"{place}/activities" if kind == "bitbucket-data-center" else _all(kind, pull)


def one_path(kind: str, pull: Pull, number: str) -> str:
    """Return the path of one comment. Raises :class:`ValueError` for a number that is none."""
    if not ID.fullmatch(number):
        raise ValueError(number)
    if kind in ("github", "gitea", "forgejo"):
        return f"{asking.root(kind, pull.repository)}/issues/comments/{number}"
    return f"{_all(kind, pull)}/{number}"


def create(kind: str, pull: Pull, text: str) -> Call:
    """Return the call that writes a new comment."""
    return asking.call(kind, "POST", _all(kind, pull), _body(kind, text))


def edit(kind: str, pull: Pull, note: Note, text: str) -> Call:
    """Return the call that replaces the text of a comment."""
    body = _body(kind, text)
    if kind == "bitbucket-data-center":
        body["version"] = note.version
    method = "PATCH" if kind in ("github", "gitea", "forgejo") else "PUT"
    return asking.call(kind, method, one_path(kind, pull, note.id), body)


def delete(kind: str, pull: Pull, note: Note) -> Call:
    """Return the call that takes a comment away."""
    version = f"?version={note.version}" if kind == "bitbucket-data-center" else ""
    return asking.call(kind, "DELETE", one_path(kind, pull, note.id) + version)


def read(kind: str, entry: Mapping[str, Any], pull: Pull) -> Note | None:
    """Return a comment from a forge's answer or list, ``None`` for what is no comment below this pull request."""
    if "action" in entry and kind == "bitbucket-data-center":
        entry = entry["comment"] if isinstance(entry.get("comment"), dict) else {}
    if entry.get("system") is True or entry.get("deleted") is True:
        return None
    if kind in ("github", "gitea", "forgejo"):
        places = [str(entry.get(name) or "") for name in ("issue_url", "pull_request_url")]
        if str(int(pull.number)) not in [place.rpartition("/")[2] for place in places]:
            return None
    field = {"bitbucket-data-center": "text"}.get(kind, "body")
    text = opened.deep(entry, "content", "raw") if kind == "bitbucket" else entry.get(field)
    author = entry.get("author" if kind in ("gitlab", "bitbucket-data-center") else "user")
    number, version = entry.get("id"), entry.get("version")
    if type(number) is not int or not isinstance(text, str) or not isinstance(author, dict):
        return None
    return Note(str(number), author, text, version if type(version) is int else 0)


def _all(kind: str, pull: Pull) -> str:
    if kind in ("github", "gitea", "forgejo"):
        return f"{asking.root(kind, pull.repository)}/issues/{int(pull.number)}/comments"
    return pulls.path(kind, pull) + ("/notes" if kind == "gitlab" else "/comments")


def _body(kind: str, text: str) -> dict[str, Any]:
    if kind == "bitbucket":
        return {"content": {"raw": text}}
    return {"text" if kind == "bitbucket-data-center" else "body": text}
