"""What writing one object would change of it, field by field: values, and who owns them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workers import fields, ignored, masking
from workers.model import Action, Change, Manifest, Ref
from workers.policies import Ignored

HELD: Final = "ownership of "
"""How a field of a change begins that is as in Git, and only has to become ours."""


def change(ref: Ref, live: Manifest, wanted: Manifest, rules: Sequence[Ignored] = ()) -> Change:
    """Return what makes ``live`` (``{}`` where it was not seen) into ``wanted``, which a dry-run gave.

    A field that is as in Git and no longer ours is taken back: nobody would see its next change. What ``rules`` ignore
    does not count. Raises as `workers.ignored` does.
    """
    if live and rules:
        live, wanted = ignored.without(live, rules, ref), ignored.without(wanted, rules, ref, live)
    changed = masking.change_fields(live, wanted)
    held = [f"{HELD}all fields of {name}" for name in fields.writers(live)]
    if live and not changed and not held:
        lost = fields.lost(live, wanted)
        held = [f"{HELD}{path}, held by {' and '.join(by) or 'nobody'}" for path, by in lost.items()]
        if not held:
            return Change(ref, Action.UNCHANGED)
    return Change(ref, Action.CONFIGURED, (*changed, *held))


def is_value(field: str) -> bool:
    """Whether a field of a change differs in its value, and not only in who owns it."""
    return not field.startswith(HELD)
