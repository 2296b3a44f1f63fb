"""Takes values out of a whole plan that only Hookline knows: what it decrypted, and what variables got from Secrets.

`workers.plans.masks` takes secrets out of objects and leaves names as they are. But whoever writes a template may put a
decrypted value into a name, a path or a sentence, so these are taken out wherever they stand, in any case. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from workers import known
from workers.plans.masks import Mask
from workers.plans.values import Plan, Planned

SHORTEST: Final = 6
"""Shorter values are not looked for: they would stand everywhere."""


def hider(values: Iterable[str]) -> Callable[[str], str]:
    """Return what takes ``values`` out of a text, in any case of letters and in the forms of `workers.known`."""
    forms = {form for value in values if len(value.strip()) >= SHORTEST for form in known.forms(value, SHORTEST)}
    return known.Known(forms, SHORTEST, folded=True).without if forms else str


def sentence(error: Exception, values: Iterable[str]) -> str:
    """Return what an error says, in which neither ``values`` nor what looks like a secret stands."""
    secret = set(values)
    return Mask(secret).text(hider(secret)(str(error)))


def without(plan: Plan, values: Iterable[str]) -> Plan:
    """Return a plan in which ``values`` stand nowhere."""
    hide = hider(values)
    if hide is str:
        return plan

    def one(planned: Planned) -> Planned:
        ref = planned.ref._replace(name=hide(planned.ref.name), namespace=hide(planned.ref.namespace))
        fields = tuple(map(hide, planned.fields))
        return Planned(ref, planned.effect, hide(planned.origin), fields, hide(planned.diff), hide(planned.note))

    return replace(
        plan,
        objects=tuple(map(one, plan.objects)),
        warnings=tuple(map(hide, plan.warnings)),
        hooks=tuple(map(hide, plan.hooks)),
    )
