"""What an object is known by after an apply, so that what others may write never counts. Pure but for jq.

Where field managers are trusted, nobody knows beforehand which fields they will take: then every field of ours has its
own hash, and a field counts as long as none of them owns it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from workers import fields, manifests
from workers.ignored.found import applying
from workers.ignored.removing import without
from workers.model import Manifest, Ref, Rendered
from workers.policies import Ignored


def rendered_digest(rendered: Rendered) -> str:
    """Return the digest of an object as it was rendered, whatever of the live one was put into it since."""
    return rendered.digest or manifests.rendered_digest(rendered.manifest)


def accepted(manifest: Manifest, rules: Sequence[Ignored], ref: Ref) -> str:
    """Return what a live object is known by, ``""`` when nothing of it is ours; no spaces in it.

    Raises as :func:`workers.ignored.found` does.
    """
    ours = applying(rules, manifest, ref)
    managers = {name for rule in ours for name in rule.managers}
    left = without(manifest, _untrusting(ours), ref)
    if managers:
        known = ",".join(f"{place}:{value}" for place, value in sorted(fields.leaves(left).items()))
    else:
        known = fields.digest(left)
    return f"{known}.{_mark(ours)}" if known and ours else known


def is_accepted(known: str, manifest: Manifest, rules: Sequence[Ignored], ref: Ref) -> bool:
    """Whether a live object is as it was when it was ``known``, by the same rules: by others nobody can say.

    Raises as :func:`workers.ignored.found` does.
    """
    ours = applying(rules, manifest, ref)
    known, _, mark = known.partition(".")
    if mark != (_mark(ours) if ours else ""):
        return False
    left = without(manifest, _untrusting(ours), ref)
    if ":" not in known:
        return known == fields.digest(left)
    before = dict(one.split(":") for one in known.split(","))
    theirs = fields.places(left, {name for rule in ours for name in rule.managers})
    now = fields.leaves(left)
    return all(before.get(place) == now.get(place) for place in {*before, *now} - theirs)


def _untrusting(rules: Sequence[Ignored]) -> list[Ignored]:
    return [replace(rule, managers=()) for rule in rules]


def _mark(rules: Sequence[Ignored]) -> str:
    return hashlib.sha256(repr(rules).encode()).hexdigest()[:8]
