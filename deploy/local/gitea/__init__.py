"""A real Gitea of our own on loopback, for demo and tests: repositories, signed webhooks, pull requests, statuses.

It keeps everything in one folder and ends with the ``with`` block. It must never serve anybody but the person who
started it: everybody may read its repository, and nothing it is told is safe from a power cut.
"""

from __future__ import annotations

from deploy.local.gitea.server import Gitea

__all__ = ["Gitea"]
