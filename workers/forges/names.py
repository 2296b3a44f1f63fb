"""What names of repositories and commits may look like before they become part of a path: nothing else is pasted in."""

from __future__ import annotations

import re
from typing import Final

REPOSITORY: Final = re.compile(r"(?!\.{1,2}(?:/|$))[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
"""Owner and name, as at GitHub, Gitea and Bitbucket Cloud."""
SHA1: Final = re.compile(r"[0-9a-f]{40}")
REVISION: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A commit's id, by SHA-1 or SHA-256."""
PERSONAL: Final = re.compile(r"(?!\.{1,2}/)~?[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
"""Project and slug at Bitbucket Data Center, where a personal repository's project is ``~user``."""
