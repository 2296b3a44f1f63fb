"""What a verified delivery means: which apps it concerns, what is asked for, and what is remembered.

The web process and the command line's replay run the same code. Decisions are pure functions; :func:`take` acts.
Nothing here believes more of a delivery than that there is something to look at: what is true, Git says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from workers import apps, comments, pulls, repositories
from workers.apis import Hook
from workers.apps import App
from workers.model import (
    Accepted,
    Commit,
    Delivery,
    Event,
    EventKind,
    Ignored,
    Report,
    Request,
    Sighting,
    State,
    Taken,
    Why,
)

MERGE_QUEUE = "refs/heads/gh-readonly-queue/"
REPORTED = frozenset({"github", "gitlab", "gitea", "forgejo", "bitbucket", "bitbucket-data-center"})
"""The forges whose commits get statuses."""

Names = Callable[[Event], Iterable[str]]
"""The repository URLs (canonical) an event's repository id was known by."""


class Counter(Protocol):
    """Where the outcome goes: `workers.broker.Counter`."""

    def accept(
        self,
        delivery: Delivery | None,
        requests: Sequence[Request],
        reports: Sequence[tuple[str, Commit, Report]] = (),
        sightings: Sequence[Sighting] = (),
    ) -> Accepted:
        """Record all of it in one step, and send the messages."""


@dataclass(frozen=True, slots=True)
class Match:
    """The apps an event concerns, or the reason why it is ignored; ``urls`` is the repository, canonical."""

    touched: tuple[App, ...] = ()
    reason: str = ""
    urls: tuple[str, ...] = ()


def take(
    hook: Hook,
    read: tuple[Event, ...] | Ignored,
    index: apps.Index,
    counter: Counter,
    known: Names,
    at: float,
    blank: Delivery,
) -> tuple[Delivery, Accepted]:
    """Match what a delivery told, record it with what it asks for, and send. Returns the record as written.

    ``blank`` is the record with hook, key and time only. Raises :class:`workers.errors.RecordsUnavailable`.
    """
    heard = Sighting(("hook", blank.hook), "at", f"{at:.3f}")
    if isinstance(read, Ignored):
        record = replace(blank, verdict=Taken.IGNORED, reason=read.reason)
        return record, counter.accept(record, [], (), [heard])
    matches = [(event, match(hook, event, index, known)) for event in read]
    touched = any(found.touched for _, found in matches)
    record = replace(
        blank,
        verdict=Taken.ACCEPTED if touched else Taken.IGNORED,
        reason="; ".join(dict.fromkeys(found.reason for _, found in matches if found.reason or not touched)),
        events=tuple(replace(event, files=None) for event in read),
        catalog=index.digest,
    )
    requests = [
        requested(hook, event, app, at)
        for event, found in matches
        for app in found.touched
        if event.kind not in (EventKind.MERGE_GROUP, EventKind.COMMENT) and not pulls.is_open(event)
    ]
    reports = [report for event, found in matches for report in reported(hook, event, found.touched)]
    sightings = [heard, *(seen for event, found in matches for seen in sighted(event, found, at))]
    for event, found in matches:
        sightings += pulls.noted(hook, event, found.urls, index, touched=bool(found.touched), at=at)
    return record, counter.accept(record, requests, reports, sightings)


def match(hook: Hook, event: Event, index: apps.Index, known: Names) -> Match:
    """Return which apps an event concerns. Reads records (through ``known``) only when no app has its address."""
    if not repositories.allowed(event.repository, event.repository_id, hook.repositories) and event.repository:
        return Match(reason=f"repository: the hook may not speak for {event.repository}")
    if reason := nothing_to_do(event, hook):
        return Match(reason=reason, urls=addresses(hook, event))
    urls = addresses(hook, event)
    if event.kind is EventKind.COMMENT:
        return Match(*comments.concerned(event, urls, index, hook.comments), urls)
    touched = index.touched_by(urls, event.ref)
    if not touched and not any(url in index.by_repository for url in urls):
        urls = tuple(known(event))
        touched = index.touched_by(urls, event.ref)
    reason = pulls.PLANNED if pulls.is_open(event) else ""
    reason = reason if touched else f"no app follows {event.ref} of {event.repository}"
    return Match(touched, reason, urls)


def nothing_to_do(event: Event, hook: Hook | None) -> str:
    """Return why an event of ours asks for nothing, or ``""``. Pure."""
    match event:
        case Event(kind=EventKind.PING):
            return "ping: the hook works" + (", but it does not check our certificate" if event.action else "")
        case Event(kind=EventKind.PUSH, action="deleted"):
            return f"{event.ref} was deleted"
        case Event(kind=EventKind.PUSH) if event.ref.startswith(MERGE_QUEUE):
            return f"{event.ref} belongs to the merge queue"
        case Event(kind=EventKind.PULL_REQUEST, action="closed", merged=False):
            return f"pull request {event.number} was closed without being merged"
        case Event(kind=EventKind.PULL_REQUEST) if event.action != "closed":
            return pulls.why_not(event, hook)
        case Event(kind=EventKind.MERGE_GROUP) if event.action != "checks_requested":
            return f"the merge group was {event.action}"
        case Event(kind=EventKind.REPOSITORY):
            return f"{event.repository} was {event.action}: its deliveries are known by the repository's id"
        case Event(kind=EventKind.INSTALLATION):
            return f"the App's installation was {event.action}"
    return ""


def addresses(hook: Hook, event: Event) -> tuple[str, ...]:
    """Return the canonical URLs of an event's repository that agree with its name. Pure.

    A signed payload may hold any URL. One whose path is not the repository's name, or whose host is not the hook's
    where the hook names one, is left out: the hook was allowed to speak for the name.
    """
    found = []
    for url in (*event.urls, *_constructed(hook, event)):
        try:
            canonical = repositories.canonical(url)
        except ValueError:
            continue
        host, _, path = canonical.partition("/")
        right = f"/{path}".lower().endswith(f"/{event.repository}".lower())
        if right and hook.host in ("", host.partition(":")[0]):
            found.append(canonical)
    return tuple(dict.fromkeys(found))


def _constructed(hook: Hook, event: Event) -> list[str]:
    """Bitbucket Data Center does not always list its URLs; their form is fixed, only the host is not known."""
    if event.urls or not hook.host or hook.forge != "bitbucket-data-center":
        return []
    return [f"https://{hook.host}/scm/{event.repository}", f"ssh://git@{hook.host}:7999/{event.repository}"]


def requested(hook: Hook, event: Event, app: App, at: float) -> Request:
    """Return the request an event makes for an app. Pure."""
    why = {EventKind.PULL_REQUEST: Why.MERGE, EventKind.RERUN: Why.RERUN}.get(event.kind, Why.PUSH)
    told = event.after and hook.forge in REPORTED
    return Request(
        app=app.name,
        number=0,
        why=why,
        who=event.sender,
        at=at,
        ref=event.ref,
        revision=event.after,
        delivery=f"{event.hook}:{event.key}",
        commit=Commit(event.hook, event.repository, event.after, event.ref) if told else None,
        later=hinted_elsewhere(app, event),
    )


def hinted_elsewhere(app: App, event: Event) -> bool:
    """Whether a push seems to have changed no file of an app: none below its folder, or below what its author names.

    Such an app is looked at after the others, never skipped: only the trees in Git say whether it is affected. Pure.
    """
    places = app.paths or tuple(view.path.strip("/") for view in app.views)
    if event.files is None or any(place in ("", ".") for place in places):
        return False
    return not any(file == place or file.startswith(f"{place}/") for place in places for file in event.files)


def reported(hook: Hook, event: Event, touched: Iterable[App]) -> list[tuple[str, Commit, Report]]:
    """Return what is said at once of a merge group's head: without it a required check blocks the queue. Pure."""
    if event.kind is not EventKind.MERGE_GROUP or hook.forge not in REPORTED:
        return []
    commit = Commit(event.hook, event.repository, event.after, event.ref)
    said = [(app.name, commit, Report(State.SUCCESS, "merge queue: deployed once it is merged")) for app in touched]
    return [*said, *(pulls.queued(hook, event) if said else [])]


def sighted(event: Event, found: Match, at: float) -> list[Sighting]:
    """Return what an event of a repository we serve lets us remember: its addresses by id, and where a ref is. Pure."""
    seen = []
    names = ("names", event.forge, event.repository_id)
    if event.repository_id and event.formerly:
        tail = f"/{event.repository}".lower()
        hosts = [url[: len(url) - len(event.repository)] for url in found.urls if f"/{url}".lower().endswith(tail)]
        seen += [Sighting(names, f"{host}{event.formerly}", f"{at:.3f}") for host in hosts]
    if event.kind is EventKind.COMMENT and found.touched:
        return [comments.noted(event, found.touched, at)]
    if not found.touched:
        return seen
    if event.repository_id:
        seen += [Sighting(names, url, f"{at:.3f}") for url in found.urls]
    if pulls.is_open(event):
        return seen
    seen += [Sighting(("missed",), f"{app.name}|{event.ref}", "") for app in found.touched]
    return seen
