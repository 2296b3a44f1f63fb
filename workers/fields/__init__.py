"""Which fields are ours, what they hash to, and which fields of two objects differ.

The accepted digest: after an apply, the object the API server returned is projected on the fields that our
field manager owns, and hashed. The same projection of the same object read later gives the same digest, or
someone changed one of our fields or took it away: drift.

This package never asks the cluster, never changes what it is given and never decides what to do about a
difference.

Source: "Server-Side Apply" in the Kubernetes documentation, and the FieldsV1 format of the
structured-merge-diff library of Kubernetes: ``f:name`` is a field, ``k:{…}`` an item of a list that is merged
by key, ``v:…`` an item of a set, ``i:n`` an item by position, ``.`` the thing itself, and a node without
children owns all below it.
"""

from __future__ import annotations

from workers.fields.difference import MOST_PATHS, differences, semantically_equal, step
from workers.fields.locating import Path, leaves, paths, places, position, step_of, trees
from workers.fields.managed import FieldSet, comparable, entries, owned
from workers.fields.owners import holder, lost, names
from workers.fields.projection import digest, ownership, project
from workers.fields.taking import is_writer, taken_over, writers

__all__ = [
    "MOST_PATHS",
    "FieldSet",
    "Path",
    "comparable",
    "differences",
    "digest",
    "entries",
    "holder",
    "is_writer",
    "leaves",
    "lost",
    "names",
    "owned",
    "ownership",
    "paths",
    "places",
    "position",
    "project",
    "semantically_equal",
    "step",
    "step_of",
    "taken_over",
    "trees",
    "writers",
]
