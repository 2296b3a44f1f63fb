"""Who stands behind a pull request: whoever set a label on it, and whoever approves it, each with the commit if known.

Whether such a person may write is another question (`permissions`). Field facts: GitHub docs, "List issue events" and
"List reviews for a pull request"; GitLab docs, "Resource label events API", "Merge request approvals API"
(``approved_at`` is new), "Notes API" and "Get merge request diff versions"; Gitea's source (``issue_comment.go``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workers.forges import asking, names, opened, permissions, pulls, text
from workers.forges.asking import Ask

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.pull import Pull

LABEL: Final = "label"
APPROVAL: Final = "approval"
_ASK: Final = Ask("what people said of a pull request", pulls.RIGHT)
_JUDGES: Final = frozenset({"APPROVED", "CHANGES_REQUESTED", "REQUEST_CHANGES", "DISMISSED"})
"""The states of a review that replace an earlier one of the same person; a mere comment replaces none."""
_APPROVED: Final = "approved this merge request"


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's word for a pull request, as it counts now.

    ``who`` is the forge's name for the person and ``person`` its number. ``head`` is the commit it was given for, "" if
    the forge does not tell; then ``at`` (epoch seconds, 0.0 for unknown) is all there is. ``how`` is :data:`LABEL` or
    :data:`APPROVAL`. Never trust one without asking whether the person may write.
    """

    who: str
    person: str
    head: str
    how: str
    at: float


def consents(account: Account, client: httpx2.Client, pull: Pull, label: str) -> tuple[Consent, ...]:
    """Return who set ``label`` on an open pull request, if it is set, and who approves it.

    ``label`` may be "" for none. An account of a forge that has no labels, or whose list is too long to be read to its
    end, has no consent by label: an end nobody saw may have taken it back. Raises as :func:`workers.forges.write`.
    """
    found = [*_labelled(account, client, pull, label), *_approved(account, client, pull)]
    return tuple(one for one in found if one.person)


def _labelled(account: Account, client: httpx2.Client, pull: Pull, label: str) -> list[Consent]:
    wanted = label.casefold()
    if not label or wanted not in [one.casefold() for one in pull.labels] or account.kind not in permissions.KINDS:
        return []
    place = asking.root(account.kind, pull.repository, pull.repository_id)
    rest = {
        "github": f"/issues/{int(pull.number)}/events",
        "gitlab": f"/merge_requests/{int(pull.number)}/resource_label_events",
    }.get(account.kind, f"/issues/{int(pull.number)}/timeline")
    listed = asking.listed(account, client, place + rest, _ASK)
    newest = labelled(account.kind, listed.entries, label) if listed.is_whole else None
    if newest is None:
        return []
    head = _head_at(account, client, pull, newest.at) if account.kind == "gitlab" else ""
    return [Consent(newest.who, newest.person, head, LABEL, newest.at)]


def _approved(account: Account, client: httpx2.Client, pull: Pull) -> list[Consent]:
    place = pulls.path(account.kind, pull)
    if account.kind == "gitlab":
        return _approved_at_gitlab(account, client, pull, place)
    if account.kind in permissions.KINDS:
        listed = asking.listed(account, client, f"{place}/reviews", _ASK)
        return reviewed(listed.entries) if listed.is_whole else []
    return participants(asking.asked(account, client, place, _ASK) or {})


def _approved_at_gitlab(account: Account, client: httpx2.Client, pull: Pull, place: str) -> list[Consent]:
    found = asking.asked(account, client, f"{place}/approvals", _ASK) or {}
    given = approvals(found)
    if any(not one.at for one in given):
        # newest first: an older GitLab tells when only in a note that it wrote itself
        notes = asking.listed(account, client, f"{place}/notes?sort=desc&order_by=created_at", _ASK)
        given = [one if one.at else dated(one, notes.entries) for one in given]
    return [
        Consent(one.who, one.person, _head_at(account, client, pull, one.at), one.how, one.at) if one.at else one
        for one in given
    ]


def _head_at(account: Account, client: httpx2.Client, pull: Pull, at: float) -> str:
    """The commit that a merge request had at a time, "" if its versions do not tell."""
    versions = asking.listed(account, client, f"{pulls.path(account.kind, pull)}/versions", _ASK)
    return version(versions.entries, at) if versions.is_whole else ""


def labelled(kind: str, events: Iterable[dict[str, Any]], label: str) -> Consent | None:
    """Return who set a label last, from a whole list of events, oldest first; ``None`` when it was taken off. Pure.

    GitHub and Gitea do not tell two labels apart by case.
    """
    now: Consent | None = None
    for event in events:
        name = opened.deep(event, "label", "name")
        if not isinstance(name, str) or name.casefold() != label.casefold():
            continue
        if kind == "github":
            word = {"labeled": "add", "unlabeled": "remove"}.get(str(event.get("event")), "")
        elif kind == "gitlab":
            word = str(event.get("action"))
        else:
            word = ("add" if event.get("body") == "1" else "remove") if event.get("type") == "label" else ""
        if word == "add":
            now = _given(event.get("actor" if kind == "github" else "user"), "", LABEL, event.get("created_at"))
        elif word == "remove":
            now = None
    return now


def reviewed(reviews: Iterable[dict[str, Any]]) -> list[Consent]:
    """Return who approves, from a whole list of reviews, oldest first, of GitHub or Gitea. Pure.

    Each person's newest judgement counts; one that was dismissed, or that names no commit, is no approval.
    """
    newest: dict[str, tuple[dict[str, Any], Consent]] = {}
    for review in reviews:
        if review.get("state") in _JUDGES:
            commit = review.get("commit_id")
            head = commit if isinstance(commit, str) and names.REVISION.fullmatch(commit) else ""
            given = _given(review.get("user"), head, APPROVAL, review.get("submitted_at"))
            newest[given.person] = (review, given)
    return [
        given
        for review, given in newest.values()
        if review["state"] == "APPROVED" and review.get("dismissed") is not True and given.head
    ]


def approvals(found: dict[str, Any]) -> list[Consent]:
    """Return who approves a merge request, from GitLab's answer; ``at`` is 0.0 where it does not tell. Pure."""
    return [
        _given(one.get("user"), "", APPROVAL, one.get("approved_at")) for one in opened.entries(found, "approved_by")
    ]


def dated(approval: Consent, notes: Iterable[dict[str, Any]]) -> Consent:
    """Return an approval with its time, from GitLab's own notes, newest first; as it is where none tells. Pure."""
    for note in notes:
        if note.get("system") is True and note.get("body") == _APPROVED:
            told = _given(note.get("author"), "", approval.how, note.get("created_at"))
            if told.person == approval.person:
                return told
    return approval


def version(versions: Sequence[dict[str, Any]], at: float) -> str:
    """Return the newest head of those that a merge request had before a time; "" for none. Pure.

    A version is made a moment after its push, so that what was said in between counts for the one before.
    """
    known = [(text.moment(one.get("created_at")), one.get("head_commit_sha")) for one in versions]
    before = [(when, str(head)) for when, head in known if 0.0 < when < at]
    head = max(before, default=(0.0, ""))[1]
    return head if names.REVISION.fullmatch(head) else ""


def participants(found: dict[str, Any]) -> list[Consent]:
    """Return who approves, from a pull request as Bitbucket tells it. Pure.

    Data Center tells the commit that a reviewer saw last, the Cloud no commit.
    """
    entries = opened.entries(found, "participants")
    if "fromRef" in found:
        entries += opened.entries(found, "reviewers")
    given: dict[str, Consent] = {}
    for one in entries:
        if one.get("approved") is True:
            head = one.get("lastReviewedCommit")
            head = head if isinstance(head, str) and names.REVISION.fullmatch(head) else ""
            consent = _given(one.get("user"), head, APPROVAL, one.get("participated_on"))
            given[consent.person] = consent
    return list(given.values())


def _given(user: object, head: str, how: str, at: object) -> Consent:
    fields = user if isinstance(user, dict) else {}
    who = next((fields[name] for name in ("login", "username", "nickname", "name") if fields.get(name)), "")
    number = fields.get("id", fields.get("uuid", ""))
    person = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return Consent(str(who), person, head, how, text.moment(at))
