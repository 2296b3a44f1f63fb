"""jq path expressions that others wrote: which paths of an object they name, in bounded time and memory.

libjq cannot be stopped once it runs, so it runs in a child process, one for each worker process, that is begun when the
first expression comes. The child has no environment, may open no file and start no process, and is ended by the system
when an expression takes more than :data:`SECONDS` of processor time or the child more than :data:`MEMORY`; the next
question begins a new one. Programs are compiled once and kept.

This package never decides what an expression is for, and never passes on a value of an object: what jq says of a value
stays in the child.

Source: the jq manual, "path(path_expression)"; Argo CD reads `jqPathExpressions` as `del(EXPR)` over gojq.
"""

from __future__ import annotations

from workers.jq.asking import Overrun, Path, Unfit, check, paths
from workers.jq.child import MEMORY, SECONDS
from workers.jq.process import PATHS

__all__ = ["MEMORY", "PATHS", "SECONDS", "Overrun", "Path", "Unfit", "check", "paths"]
