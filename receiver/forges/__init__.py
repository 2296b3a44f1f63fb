"""What each forge sends: is a delivery authentic, and where does it tell us to look?

A forge is a module with :func:`Forge.verify`, :func:`Forge.key` and :func:`Forge.read`. Nothing in this package
does I/O, reads a clock, keeps state, picks a forge by a request header, or parses a body before it is verified: the
caller verifies first, with the forge its configured hook names.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from receiver.forges import bitbucket, bitbucket_data_center, gitea, github, gitlab
from receiver.forges.bodies import BadPayload
from receiver.signatures import Secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.model import Event, Ignored

__all__ = ["FORGES", "BadPayload", "Forge", "Secrets"]


class Forge(Protocol):
    """What a forge module offers. ``headers`` is any mapping with lower-case keys (Starlette's will do)."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Secrets, now: float) -> bool:
        """Whether a holder of one of ``secrets`` sent the raw ``body``; ``now`` is seconds since the epoch.

        Never raises.
        """

    def key(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return what identifies the delivery within its hook: the same on redelivery."""

    def read(self, headers: Mapping[str, str], body: bytes, hook: str) -> tuple[Event, ...] | Ignored:
        """Return what a verified ``body``, received by the hook named ``hook``, tells: an event for each ref.

        :class:`Ignored` says why there is nothing to do, a missing field included. Raises
        :class:`BadPayload` (answered 400) for a body that is not one JSON object, and nothing else.
        """


FORGES: Mapping[str, Forge] = MappingProxyType(
    {
        "github": github,
        "gitlab": gitlab,
        "gitea": gitea,
        "forgejo": gitea,
        "bitbucket": bitbucket,
        "bitbucket-data-center": bitbucket_data_center,
    }
)
"""Every forge we take deliveries from, by the name a hook's configuration uses."""
