"""Reads a mirror's objects, and tells damage from what was never there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import git

from workers.git import damage
from workers.git.objects import Objects


class Checked(Objects):
    """The objects of a mirror: one that cannot be read is a sign of damage, for nobody asks for one that is not named.

    Raises :class:`MirrorDamaged`, after it marked the mirror for whoever fetches next.
    """

    def read(self, binsha: bytes, how: Callable[[bytes], Any]) -> Any:
        """Read an object that is named somewhere."""
        try:
            return super().read(binsha, how)
        except (ValueError, OSError, git.GitCommandError) as error:
            # What git says of it goes to its standard error; a process that died says nothing.
            raise damage.found(Path(self.root_path()).parent, f"object {binsha.hex()}: {error}") from None
