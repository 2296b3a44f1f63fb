"""Rules for the kinds of common operators, from the conditions that each documents for its custom resources.

They are Python like the rules of built-in kinds: typed, tested by the same tables, and without the cost of a child
process. What a user adds goes before them (`workers.health.checks`). Here, too, ``Ready: False`` waits, since an
operator that tries again says it on every start; what its documentation calls final fails. And here an object that
says nothing yet waits, since its operator always says something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from workers.health.operators import (
    certificates,
    crossplane,
    databases,
    flux,
    kafka,
    monitoring,
    rollouts,
    scaling,
    secrets,
    workflows,
)

if TYPE_CHECKING:
    from workers.model import Manifest, Verdict

RULES: Final[Mapping[tuple[str, str], Callable[[Manifest], Verdict]]] = {
    **certificates.RULES,
    **secrets.RULES,
    **crossplane.RULES,
    **kafka.RULES,
    **databases.RULES,
    **rollouts.RULES,
    **workflows.RULES,
    **scaling.RULES,
    **monitoring.RULES,
    **flux.RULES,
}
"""By API group and kind."""

SUFFIXES: Final[Mapping[str, Callable[[Manifest], Verdict]]] = {
    "crossplane.io": crossplane.managed,
    "upbound.io": crossplane.managed,
}
"""By the last two labels of the API group: each of Crossplane's providers brings groups of its own."""


def rule(group: str, kind: str) -> Callable[[Manifest], Verdict] | None:
    """Return the rule of a kind, ``None`` for one of no operator we know."""
    return RULES.get((group, kind)) or SUFFIXES.get(".".join(group.rsplit(".", 2)[-2:]))
