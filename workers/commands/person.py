"""Who is at the command line."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """Return who is at the command line, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"uid {os.getuid()}"
