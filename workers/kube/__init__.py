"""The Kubernetes API: the only place that talks to it.

A :class:`Client` reads, watches, applies and deletes objects as plain JSON values, and turns every failure into one
of `workers.errors` with one sentence. This package never decides what to apply, prune or wait for, never caches an
object, never writes from a dry client, and never lets a Secret's value into an error.
"""

from __future__ import annotations

from workers.kube.client import MANAGER, Client
from workers.kube.failures import Expired, Forbidden, ImmutableField, Silent, StaleObject, Unanswered, UnknownKind
from workers.kube.identity import Identity
from workers.kube.resources import Resource
from workers.kube.values import Applied, Listing
from workers.kube.watching import Watch, WatchEvent

__all__ = [
    "MANAGER",
    "Applied",
    "Client",
    "Expired",
    "Forbidden",
    "Identity",
    "ImmutableField",
    "Listing",
    "Resource",
    "Silent",
    "StaleObject",
    "Unanswered",
    "UnknownKind",
    "Watch",
    "WatchEvent",
]
