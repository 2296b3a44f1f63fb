"""JSON of the frozen values, and back. A value written by an older version keeps its unknown fields out."""

from __future__ import annotations

from typing import Any

import orjson

from workers.flight import Flight, Mode
from workers.model import (
    Action,
    Change,
    Commit,
    Delivery,
    Event,
    EventKind,
    Outcome,
    Ref,
    Report,
    Request,
    Stage,
    State,
    SyncRecord,
    Taken,
    Why,
)
from workers.order import START, Key, Stale


def encode(value: Any) -> str:
    """Return a dataclass, or anything JSON knows, as JSON text."""
    return orjson.dumps(value, default=_default).decode()


def _default(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not recorded")


def commit_id(commit: Commit) -> str:
    """Return the name a commit's record goes by."""
    return f"{commit.hook}|{commit.repository}|{commit.revision}|{commit.ref}"


def alike(commit: str) -> str:
    """Return what the commits share, by record name, that are one revision of one repository."""
    return "|".join(commit.split("|", 3)[1:3])


def request(app: str, number: str, text: str) -> Request:
    """Read a request back; its number and app are not in the JSON but in the key."""
    value = orjson.loads(text)
    commit = value.pop("commit")
    value.update(app=app, number=int(number), why=Why(value["why"]), commit=Commit(**commit) if commit else None)
    return Request(**value)


def delivery(text: str) -> Delivery:
    """Read a delivery back."""
    value = orjson.loads(text)
    value.update(verdict=Taken(value["verdict"]), events=tuple(_event(event) for event in value["events"]))
    return Delivery(**value)


def _event(value: dict[str, Any]) -> Event:
    value.update(kind=EventKind(value["kind"]), urls=tuple(value["urls"]), labels=tuple(value.get("labels", ())))
    return Event(**value)


def report(text: str) -> Report:
    """Read what an app says of a commit."""
    value = orjson.loads(text)
    return Report(State(value["state"]), value["text"], value.get("number", 0))


def flight(text: str) -> Flight:
    """Read a sync that waits."""
    value = orjson.loads(text)
    value["refs"] = tuple((Ref(*ref), version) for ref, version in value["refs"])
    value["also"] = tuple((ref, commit) for ref, commit in value.get("also", ()))
    value["changes"] = tuple(_change(change) for change in value["changes"])
    value["stale"] = tuple(
        Stale(Ref(*one["ref"]), one["version"], one["wave"], one["last"]) for one in value.get("stale", ())
    )
    value["gone"], value["moved"] = (tuple(Ref(*ref) for ref in value.get(name, ())) for name in ("gone", "moved"))
    value["spared"] = tuple(Ref(*ref) for ref in value.get("spared", ()))
    value["pending"] = tuple(Ref(*ref) for ref in value.get("pending", ()))
    value.update(at=Key(*value.get("at", START)), mode=Mode(value.get("mode", Mode.WAIT)))
    return Flight(**value)


def sync(text: str) -> SyncRecord:
    """Read a finished sync."""
    value = orjson.loads(text)
    value.update(outcome=Outcome(value["outcome"]), stage=Stage(value["stage"]))
    value["changes"] = tuple(_change(change) for change in value["changes"])
    return SyncRecord(**value)


def ref(text: str) -> Ref:
    """Read an object's identity."""
    return Ref(*text.split("|"))


def ref_id(value: Ref) -> str:
    """Return the field name an object goes by. Kubernetes names hold no ``|``."""
    return "|".join(value)


def _change(value: dict[str, Any]) -> Change:
    return Change(Ref(*value["ref"]), Action(value["action"]), tuple(value["fields"]))
