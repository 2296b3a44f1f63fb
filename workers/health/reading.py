"""Reading a status that nobody promised: every reader answers with a plain value and never raises.

A status is written by a controller we do not know, or by anyone allowed to write it. A value of the wrong
type is read as absent, so that a verdict can only be spoilt in the careful direction: an absent count is
zero.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from workers.errors import redact
from workers.model import Manifest, Verdict

LONGEST = 300
"""Characters kept of any text that came from the cluster: a verdict is one sentence, not a log."""


class Condition(NamedTuple):
    """One entry of ``status.conditions``; ``observed`` is its own observedGeneration, if it has one."""

    status: str
    reason: str
    message: str
    observed: int | None

    @property
    def true(self) -> bool:
        """Whether the condition holds."""
        return self.status == "True"

    @property
    def false(self) -> bool:
        """Whether the condition is known not to hold; ``Unknown`` is neither true nor false."""
        return self.status == "False"

    @property
    def why(self) -> str:
        """``reason: message``, as much of it as there is."""
        return why(self.reason, self.message)


def healthy(message: str) -> Verdict:
    """Done, and well."""
    return Verdict(done=True, ok=True, message=message)


def waiting(message: str) -> Verdict:
    """Not done: the object may still change by itself, for better or worse."""
    return Verdict(done=False, ok=False, message=message)


def failed(message: str) -> Verdict:
    """Done, and not well: only a new commit or a person changes it."""
    return Verdict(done=True, ok=False, message=message)


def mapping(value: Any) -> dict[str, Any]:
    """``value`` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in ``value`` if it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """``value`` on one line, credentials masked and cut at :data:`LONGEST`, if it is text; else ``""``."""
    if not isinstance(value, str):
        return ""
    line = redact(" ".join(value[: LONGEST * 4].split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def whole(value: Any) -> int | None:
    """``value`` if it is a whole number that Kubernetes could have written (64 bits), else ``None``."""
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    return None


def count(value: Any, missing: int = 0) -> int:
    """``value`` as a number of things, never below zero; ``missing`` when it is not a number."""
    number = whole(value)
    return missing if number is None else max(0, number)


def why(reason: str, message: str) -> str:
    """``reason: message``; only one of them where the other is empty or says the same."""
    if not message or message == reason:
        return reason
    return f"{reason}: {message}" if reason else message


def spec(manifest: Manifest) -> dict[str, Any]:
    """The object's ``spec``."""
    return mapping(manifest.get("spec"))


def status(manifest: Manifest) -> dict[str, Any]:
    """The object's ``status``."""
    return mapping(manifest.get("status"))


def generation(manifest: Manifest) -> int | None:
    """``metadata.generation``, which the API server raises with every change of the spec."""
    return whole(mapping(manifest.get("metadata")).get("generation"))


def conditions(value: Any) -> dict[str, Condition]:
    """A list of conditions by type; of two with one type the later wins, as with a map."""
    return {
        item["type"]: Condition(
            status=text(item.get("status")),
            reason=text(item.get("reason")),
            message=text(item.get("message")),
            observed=whole(item.get("observedGeneration")),
        )
        for item in mappings(value)
        if isinstance(item.get("type"), str)
    }
