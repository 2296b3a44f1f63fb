"""What a failed answer of the API server means to us: one error of ours, with one sentence. Nothing here does I/O.

The sentence names object, field and what to do. Codes are not trusted alone: the API server says 500 to a misspelt
field, 403 to an exceeded quota and 400 (or whatever it likes) to a webhook's refusal, so the words come first.
The tests hold its literal answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workers.errors import BadConfiguration, HooklineError, ObjectConflict, ObjectRefused
from workers.kube import problems, status
from workers.kube.calls import Answer
from workers.kube.failures import Expired, StaleObject, Unanswered
from workers.kube.forbidden import by_admission, by_rights
from workers.kube.problems import Problem, tidy
from workers.kube.sentences import MOST, About, denied, refused, unknown
from workers.kube.status import Cause, Said

_AGAIN = frozenset({429, 502, 503, 504})
"""Codes after which the same request may be sent again at once."""

_NOT_STORED = re.compile("etcdserver: request is too large|trying to send message larger than max")
"""What the API server says with a 500 when etcd, or its client, takes no object of that size."""

_OWNER = re.compile(r'conflict with "(?P<manager>(?:[^"\\]|\\.)*)"')


def judged(answer: Answer, about: About) -> HooklineError:
    """Return the error that an unwanted answer means."""
    return of(status.read(answer), about)


def of(said: Said, about: About) -> HooklineError:
    """Return the error that a failure, already read, means."""
    if not said.spoken:
        return _from_between(said, about)
    return by_admission(said, about) or _by_schema(said, about) or _by_code(said, about)


def owners(causes: Sequence[Cause]) -> dict[str, tuple[str, ...]]:
    """Return each field manager with the fields it holds: sorted, and without the API server's leading dot."""
    found: dict[str, set[str]] = {}
    for cause in causes:
        owner = _OWNER.match(cause.message)
        if cause.reason == "FieldManagerConflict" and owner:
            found.setdefault(owner["manager"], set()).add(cause.field.lstrip("."))
    return {manager: tuple(sorted(fields)) for manager, fields in sorted(found.items())}


def _from_between(said: Said, about: About) -> HooklineError:
    """Somebody answered who is not the API server, or it had no words for us."""
    if said.code == 404 and said.message.startswith("404 page not found"):
        return unknown(about.kind)
    if said.code in (401, 403):
        return denied(f"somebody before the API server refused our credentials ({said.code}) for {about}")
    if 300 <= said.code < 400:
        return BadConfiguration(
            f"the API server's address answered with a redirect ({said.code}): put the right address in the kubeconfig"
        )
    words = "" if about.secret else tidy(said.message)[:120]
    return Unanswered(
        f"the API server could not {about.verb} {about}: it, or a load balancer before it, answered {said.code}"
        f"{f' ({words})' if words else ''}; trying again",
        again=said.code in _AGAIN,
        retry_after=said.retry_after,
    )


def _by_schema(said: Said, about: About) -> HooklineError | None:
    found = problems.from_schema(said, about.secret)
    return refused(about, found) if found else None


def _by_code(said: Said, about: About) -> HooklineError:
    if said.code == 413 or _NOT_STORED.search(said.message):
        return refused(about, [Problem("", "larger than the API server takes, so make it smaller or split it")])
    match said.code:
        case 401:
            return denied(f"the API server does not accept our credentials, which may be old ({about.verb} {about})")
        case 403:
            return by_rights(said, about)
        case 404:
            return _missing(said, about)
        case 409:
            return _conflict(said, about)
        case 410:
            return Expired(f"{about}: the resourceVersion is too old: list again")
        case 400 | 405 | 406 | 415 | 422:
            found = problems.from_causes(said.causes, about.secret)
            return refused(about, found or [Problem("", about.told(said.message))])
    return Unanswered(
        f"the API server could not {about.verb} {about}: it answered {said.code}"
        f"{'' if about.secret else f' ({tidy(said.message)})'}; trying again",
        again=said.code in _AGAIN or said.retry_after is not None,
        retry_after=said.retry_after,
    )


def _missing(said: Said, about: About) -> HooklineError:
    if said.kind == "namespaces" and about.kind != "Namespace":
        return ObjectRefused(
            f'{about}: namespace "{said.name}" does not exist: create it, or set CreateNamespace=true in syncOptions',
            "metadata.namespace",
        )
    if not said.name:
        return unknown(about.kind)
    return StaleObject(f"{about} is gone: it was deleted meanwhile")


def _conflict(said: Said, about: About) -> HooklineError:
    if managers := owners(said.causes):
        held = "; ".join(
            f"{manager} owns {', '.join(fields[:MOST])}{' and more' if len(fields) > MOST else ''}"
            for manager, fields in managers.items()
        )
        return ObjectConflict(
            f"{about}: others own fields we would set: {tidy(held)}: take the fields out of Git, or allow force",
            managers,
        )
    if said.reason == "AlreadyExists":
        return StaleObject(f"{about} exists already: it was created meanwhile")
    return StaleObject(f"{about} is not the one we knew: it was changed, or deleted and created again, meanwhile")
