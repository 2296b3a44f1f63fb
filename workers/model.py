"""The words both sides speak, as frozen values. Nothing here does I/O or reads a clock.

Times are seconds since the epoch (UTC) as ``float``; revisions are full lower-case hexadecimal commit ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

Manifest = dict[str, Any]
"""One Kubernetes object as JSON: what a renderer makes and the API server returns."""


class EventKind(StrEnum):
    """What a delivery is about; anything else is ignored with a reason."""

    PUSH = "push"
    PULL_REQUEST = "pull request"
    COMMENT = "comment"
    MERGE_GROUP = "merge group"
    RERUN = "check re-run"
    REPOSITORY = "repository"
    INSTALLATION = "installation"
    PING = "ping"


@dataclass(frozen=True, slots=True)
class Event:
    """What one verified delivery tells, the same value for every forge: where to look, never what is true.

    ``key`` is the same on redelivery. ``repository`` is the full name, ``repository_id`` the forge's number for it,
    which a rename does not change, ``formerly`` the full name before one. ``urls`` are clone URLs, to compare. ``ref``
    is the full ref that moved or is targeted. ``before`` and ``after`` are revisions the delivery claims; ``after`` of
    an open pull request is its head. ``action`` is one word: ``created``, ``deleted``, ``forced`` or ``updated`` for a
    push; for a pull request ``closed`` or one of `workers.pulls.OPEN`, with ``labels`` it got; else the forge's.
    ``merged`` is ``None`` when a closed pull request's fields leave it open: Git knows. ``files`` are the paths a push
    changed, ``None`` when some may be missing. ``app`` is the one a comment names.
    """

    forge: str
    hook: str
    key: str
    kind: EventKind
    repository: str = ""
    repository_id: str = ""
    urls: tuple[str, ...] = ()
    ref: str = ""
    before: str = ""
    after: str = ""
    action: str = ""
    merged: bool | None = False
    fork: bool = False
    number: int = 0
    sender: str = ""
    sender_id: str = ""
    app: str = ""
    formerly: str = ""
    files: tuple[str, ...] | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """An authentic delivery that is not ours to act on; ``reason`` is one sentence for the sender's log."""

    key: str
    reason: str


class Why(StrEnum):
    """What made someone ask for a look at an app."""

    PUSH = "push"
    MERGE = "merge"
    SWEEP = "sweep"
    DRIFT = "drift"
    RERUN = "re-run"
    EMERGENCY = "emergency"
    MANUAL = "manual"
    APPROVAL = "approval"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    """How a request ended; a closed list, the same word in records, statuses, metrics and the CLI."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    HELD = "held"
    NOT_AFFECTED = "not affected"


class Stage(StrEnum):
    """The stages of a sync, in order."""

    LOCK = "lock"
    FETCH = "fetch"
    RENDER = "render"
    DIFF = "diff"
    APPLY = "apply"
    PRUNE = "prune"
    HEALTH = "health"
    REPORT = "report"


class Action(StrEnum):
    """What a sync did, or a plan would do, with one object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


class Ref(NamedTuple):
    """The identity of an object across versions; ``namespace`` and ``group`` are ``""`` where there is none."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {'/'.join(filter(None, (self.namespace, self.name)))}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One object a source wants, and where: ``line`` is 0 when unknown; ``digest`` is of it as rendered, if changed."""

    ref: Ref
    manifest: Manifest
    file: str
    line: int
    digest: str = ""

    @property
    def origin(self) -> str:
        """``file:line``, or only the file where no line is known."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Change:
    """What one object needs. ``fields`` names what differs, already masked: no secret value is in it."""

    ref: Ref
    action: Action
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The health of one object: ``done`` when it will not change by itself; ``ok`` says which way it ended."""

    done: bool
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Commit:
    """Where a status goes: a commit of a repository at a forge, seen through the hook that served it."""

    hook: str
    repository: str
    revision: str
    ref: str = ""


class State(StrEnum):
    """A commit status as Hookline means it; each forge has its own word for it."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Status:
    """One status of a commit: ``context`` is its name at the forge, ``text`` is uncut."""

    context: str
    state: State
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """ "App A should be looked at": numbered per app, the latest wins.

    ``revision`` is what the asker saw, ``""`` for "what the ref says now". ``commit`` is where the outcome is reported,
    if a forge waits. ``delivery`` is what asked: a delivery's id, or ``audit/<line>`` of the trail for a person.
    ``later`` lets others go first: the app's author says that it is not made from what changed. ``forced`` passes holds
    and windows, never project policy.
    """

    app: str
    number: int
    why: Why
    who: str
    at: float
    ref: str = ""
    revision: str = ""
    delivery: str = ""
    commit: Commit | None = None
    later: bool = False
    forced: bool = False


class Taken(StrEnum):
    """What became of a verified delivery."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The record of one delivery: what came and what became of it. Holds no header and no body.

    ``events`` are what it told, without ``files``; a push of several refs tells several. ``catalog`` is the digest of
    the catalog it was matched against, ``replays`` the id of the delivery this one repeats, ``""`` for a forge's own.
    """

    hook: str
    key: str
    at: float
    verdict: Taken
    reason: str = ""
    events: tuple[Event, ...] = ()
    catalog: str = ""
    replays: str = ""

    @property
    def id(self) -> str:
        """The name people use for it: ``<hook>:<key>``."""
        return f"{self.hook}:{self.key}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fact a delivery lets us remember beside its record: ``field`` of the hash ``name`` becomes ``value``."""

    name: tuple[str, ...]
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What recording a delivery gave: app to request number, and the apps for which it is a new request."""

    duplicate: bool
    numbers: dict[str, int]
    fresh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppRecord:
    """What is known of an app: requests wanted and done, how the last ended, the newest commit asked for."""

    wanted: int = 0
    done: int = 0
    outcome: str = ""
    text: str = ""
    revision: str = ""
    inputs: str = ""
    seen: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Owned:
    """One object an app owns: the version it was applied in, and digests of its last apply (`workers.fields`)."""

    ref: Ref
    version: str
    rendered: str = ""
    accepted: str = ""
    ownership: str = ""


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """One finished sync. ``seconds`` is per stage, ``changes`` has no unchanged objects, ``delivery`` is what asked."""

    app: str
    number: int
    why: str
    who: str
    revision: str
    outcome: Outcome
    text: str
    stage: Stage
    began: float
    ended: float
    changes: tuple[Change, ...] = ()
    seconds: dict[str, float] | None = None
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one app says of one commit; ``number`` is that of the sync which said so, 0 while none ended."""

    state: State
    text: str
    number: int = 0
