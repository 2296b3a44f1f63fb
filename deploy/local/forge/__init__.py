"""A stand-in forge for demo and tests: real Git over HTTP, a strict part of GitHub's or GitLab's API, deliveries.

:class:`Forge` runs in this process; ``python -m deploy.local.forge`` runs one in its own. Git is real (bare
repositories behind ``git http-backend``), statuses are checked against GitHub's published description and
against rules of our own that are stricter than any forge's, and every delivery is signed as the forge signs.

It listens on loopback only, keeps statuses in memory, and never contacts anything but the configured webhooks.
It must never serve anybody but the person who started it: Git access needs no password here.
"""

from __future__ import annotations

from deploy.local.forge.checkout import Checkout
from deploy.local.forge.faults import DROP, LATE, LOST, Fault
from deploy.local.forge.forge import Forge
from deploy.local.forge.hooks import Attempt, Delivery
from deploy.local.forge.ledger import Written

__all__ = ["DROP", "LATE", "LOST", "Attempt", "Checkout", "Delivery", "Fault", "Forge", "Written"]
