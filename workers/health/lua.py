"""A Lua check in Argo CD's format: it sees ``obj`` and returns ``hs`` with ``status`` and ``message``.

Source: "Resource Health" in Argo CD's documentation. Its words become verdicts like this: ``Healthy`` is done,
``Degraded`` has failed, ``Suspended`` is done because only a person ends it, ``Progressing`` and ``Missing`` wait, and
so does ``Unknown``: time tells. So does ``Degraded`` while the status is that of an older spec, which a check seldom
asks: the commit that mends an object must not fail over what it mends.

A check that fails says nothing about the object, which therefore waits and, when its time is up, fails with the check's
name; it is never well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.health.conditions import unobserved
from workers.health.reading import failed, healthy, mapping, text, waiting, why
from workers.health.sandbox import SANDBOX, Answer

if TYPE_CHECKING:
    from workers.health.checks import Script
    from workers.model import Manifest, Verdict

STATUSES: Final = {
    "Healthy": (healthy, "is healthy"),
    "Suspended": (healthy, "is suspended"),
    "Degraded": (failed, "is degraded"),
    "Progressing": (waiting, "is progressing"),
    "Missing": (waiting, "is missing"),
    "Unknown": (waiting, "has an unknown health"),
}


def judge(script: Script, manifest: Manifest) -> Verdict:
    """Judge an object by a check. ``metadata.managedFields`` are not shown to it: they are half of most objects."""
    metadata = {key: value for key, value in mapping(manifest.get("metadata")).items() if key != "managedFields"}
    answer = SANDBOX.ask("lua", "health.lua", script.text, {**manifest, "metadata": metadata})
    if answer.ended == "said" and answer.status in STATUSES:
        verdict, word = STATUSES[answer.status]
        said = text(answer.text)
        told = f"{word} ({said})" if said else word
        stale = unobserved(manifest) if verdict is failed else None
        return waiting(f"{told}; {stale.message}") if stale else verdict(told)
    return waiting(f"is not judged: check {script.kind} {_fault(answer)}")


def _fault(answer: Answer) -> str:
    if answer.ended == "said":
        said = f"status {text(answer.status)[:40]!r}" if answer.status else "no status"
        return f"returned {said}: expected one of {', '.join(STATUSES)}"
    return why("failed", text(answer.text))


def fault(script: Script) -> tuple[int, str] | None:
    """Return line (of the script's file) and words if a check does not compile, else ``None``."""
    answer = SANDBOX.ask("lua", "health.lua", script.text, None)
    if answer.ended == "compiled":
        return None
    _, _, rest = answer.text.partition("health.lua:")
    line, _, words = rest.partition(": ")
    return (script.line + int(line), text(words)) if line.isdigit() else (script.line + 1, text(answer.text))
