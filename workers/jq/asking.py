"""Asking the child: one question at a time; what it answered is kept, and what it could not is not asked again soon."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import time
from collections import OrderedDict
from typing import Any, Final

from workers.jq.process import PATHS, Child, Ended, Killed
from workers.manifests import canonical
from workers.model import Manifest

Path = tuple[str | int, ...]
"""Where a field is: names, and positions in lists."""

_REMEMBERED: Final = 60.0
"""Seconds an expression that was ended is not tried again: else each object of a large app would cost its time."""
_ENDED_AT_MOST: Final = 256
_KNOWN_AT_MOST: Final = 4096


class Unfit(Exception):
    """An expression that names no fields or cannot be compiled; the message is what is wrong with it."""


class Overrun(Exception):
    """An expression that was ended; the message says by what limit."""


_child = Child()
_bad: OrderedDict[str, tuple[float, str]] = OrderedDict()
"""Expressions that were ended: when, and by what limit."""
_known: OrderedDict[tuple[str, bytes], tuple[Path, ...]] = OrderedDict()
"""What an expression named in an object of this very text, the latest used last: a sweep sees the same ones again."""


atexit.register(_child.end, 0.0)


def _ask(expression: str, text: bytes) -> dict[str, Any]:
    """Return the child's answer. Raises :class:`Overrun` when the expression has to be ended, or had to just before."""
    since, reason = _bad.get(expression, (float("-inf"), ""))
    if time.monotonic() - since < _REMEMBERED:
        raise Overrun(reason)
    with _child.lock:
        try:
            with contextlib.suppress(Killed):
                return _child.paths(expression, text)
            return _child.paths(expression, text)
        except Ended as ended:
            _bad[expression] = (time.monotonic(), str(ended))
            while len(_bad) > _ENDED_AT_MOST:
                _bad.popitem(last=False)
            raise Overrun(str(ended)) from None


def paths(expression: str, manifest: Manifest) -> tuple[Path, ...]:
    """Return the paths that an expression names in an object; it does not see who manages which field.

    One that does not fit the object's shape (`.a[]` where there is no a) names none. Raises :class:`Unfit` and
    :class:`Overrun`, whose messages go on after the expression and hold no value of the object.
    """
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        manifest = {**manifest, "metadata": {key: metadata[key] for key in metadata if key != "managedFields"}}
    text = canonical(manifest)
    known = (expression, hashlib.sha256(text).digest())
    with _child.lock:
        if known in _known:
            _known.move_to_end(known)
            return _known[known]
    answer = _ask(expression, text)
    if "paths" not in answer:
        raise Unfit(answer.get("wrong") or answer.get("unfit") or "jq said nothing")
    if len(answer["paths"]) > PATHS:
        raise Unfit(f"names more than {PATHS} fields of one object")
    found = tuple(plain for path in answer["paths"] for plain in _plain(path, manifest))
    if () in found:
        raise Unfit("names the whole object")
    with _child.lock:
        _known[known] = found
        while len(_known) > _KNOWN_AT_MOST:
            _known.popitem(last=False)
    return found


def _plain(path: list[Any], value: Any) -> list[Path]:
    """Return a path of jq as plain ones: from the front where it counts from the end, one for each item of a slice."""
    done: list[str | int] = []
    span = range(0)
    sliced = False
    for step in path:
        if isinstance(step, dict):
            bounds = slice(_whole(step.get("start")), _whole(step.get("end")))
            span = (span if sliced else range(len(value) if isinstance(value, list) else 0))[bounds]
            sliced = True
            continue
        here: str | int = step if isinstance(step, str) else int(step)
        if isinstance(here, int):
            known = span if sliced else range(len(value) if isinstance(value, list) else 0)
            here = known[here] if -len(known) <= here < len(known) else abs(here)
        sliced = False
        done.append(here)
        value = _below(value, here)
    return [(*done, at) for at in span] if sliced else [tuple(done)]


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value) else None


@functools.lru_cache(maxsize=4096)
def check(expression: str) -> str:
    """Return what is wrong with an expression, ``""`` for nothing. It is tried on an empty object: that must end."""
    if not expression.strip():
        return "is empty"
    try:
        paths(expression, {})
    except (Unfit, Overrun) as error:
        return str(error)
    return ""
