"""The sentences of refusals: object, field, what is wrong, what to do. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.errors import AccessDenied, ObjectRefused
from workers.kube.failures import ImmutableField, UnknownKind
from workers.kube.problems import WITHHELD, Problem, tidy
from workers.kube.resources import Resource

WAY_OUT = "put it back, or let the object be made anew with the sync option Force=true (Flux: force)"
"""What can be done about a field that cannot change."""

MOST = 5
"""Problems or fields named in one sentence."""


@dataclass(frozen=True, slots=True)
class About:
    """What was asked of the API server, so that a sentence can name it; ``secret`` when values must not be shown."""

    verb: str
    kind: str
    namespace: str = ""
    name: str = ""
    secret: bool = False

    def __str__(self) -> str:
        place = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{self.kind} {place}" if place else f"the {self.kind} objects"

    def told(self, words: str) -> str:
        """Return the API server's ``words``, or that they are withheld."""
        return WITHHELD if self.secret else tidy(words)


def about_of(verb: str, resource: Resource, namespace: str = "", name: str = "") -> About:
    """Return what is asked of a resource. Kinds like ClusterSecret hold values too: rather few words than one value."""
    return About(verb, resource.kind, namespace, name, secret="secret" in resource.kind.lower())


def refused(about: About, found: Sequence[Problem], by: str = "") -> ObjectRefused:
    """Return the refusal for the problems ``found`` (one at least); ``by`` names a webhook or policy.

    It is an :class:`ImmutableField` when one of them is final.
    """
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    words = "; ".join(str(problem) for problem in found[:MOST]) + more
    final = [problem for problem in found if problem.final]
    if final:
        fields = ", ".join(problem.field or "a field" for problem in final[:MOST])
        return ImmutableField(
            f"{about} was refused: {words}: {fields} cannot change once set: {WAY_OUT}",
            final[0].field,
        )
    field = next((problem.field for problem in found if problem.field), "")
    return ObjectRefused(f"{about} was refused{f' by {by}' if by else ''}: {words}: correct it in Git", field)


def denied(words: str) -> AccessDenied:
    """Return the error for credentials that do not count; ``words`` say how that was seen."""
    return AccessDenied(f"{words}: renew the credentials in Hookline's kubeconfig or service account")


def unknown(kind: str) -> UnknownKind:
    """Return the error for a kind (``group/Kind`` where the group is known) that is not served."""
    return UnknownKind(f"the API server does not know {kind}: is its CRD installed?")
