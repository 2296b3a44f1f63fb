"""What happened and what is wanted, in Redis. The only package that knows a key's name.

Values are JSON of the frozen dataclasses in `workers.model`; a change of several keys is one Lua script or one
MULTI, so that a process killed at any line leaves nothing half-recorded. Nothing here decides anything, and no
secret is ever given to it.
"""

from workers.records.store import Records, connect

__all__ = ["Records", "connect"]
