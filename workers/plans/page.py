"""What the page of a pull request's plan shows, as it is kept: the plan's JSON, packed. Pure.

It is longer than a comment may be, and still bounded: differences are left out first, and then objects.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any, Final

import orjson

from workers.plans import brief, shown
from workers.plans.pulls import PullPlan
from workers.plans.values import shortened

MOST_TEXT: Final = 1024 * 1024
"""Characters of all differences."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of JSON, beyond which objects are only counted."""


def packed(plan: PullPlan, repository: str, number: int, ref: str, at: float) -> str:
    """Return what the page of a pull request into ``ref`` shows, made ``at`` (seconds since the epoch)."""
    left, answers = MOST_TEXT, []
    for one in plan.answers:
        short, left = shortened(one.plan, left) if one.plan else (None, left)
        answers.append(replace(one, plan=short))
    state, text = brief.summary(plan)
    value = shown.pull_as_json(replace(plan, answers=tuple(answers)))
    value |= {"repository": repository, "number": number, "ref": ref, "at": at, "state": state.value, "text": text}
    made = orjson.dumps(value)
    if len(made) > MOST_BYTES:
        for app in value["apps"]:
            app["plan"] = app["plan"] and app["plan"] | {"objects": []}
        made = orjson.dumps(value)
    return base64.b64encode(zlib.compress(made)).decode()


def unpacked(text: str) -> dict[str, Any]:
    """Return what :func:`packed` was given."""
    found: dict[str, Any] = orjson.loads(zlib.decompress(base64.b64decode(text)))
    return found
