"""Fields that somebody else writes: left out where differences are looked for, kept as they are where that is asked.

The rules are Argo CD's ``ignoreDifferences`` and Flux's ``spec.ignore``: JSON pointers (RFC 6901), jq path expressions
and field managers. Everything here is a function of its arguments; jq expressions are evaluated by `workers.jq`.

This package never asks the cluster and never changes what it is given.
"""

from __future__ import annotations

from workers.ignored.digests import accepted, is_accepted, rendered_digest
from workers.ignored.found import found
from workers.ignored.removing import without
from workers.ignored.respecting import asked, respected
from workers.ignored.selecting import problem

__all__ = ["accepted", "asked", "found", "is_accepted", "problem", "rendered_digest", "respected", "without"]
