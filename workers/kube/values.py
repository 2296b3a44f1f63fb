"""What the client returns beside plain objects."""

from __future__ import annotations

from typing import NamedTuple

from workers.model import Manifest


class Listing(NamedTuple):
    """All objects asked for, with apiVersion and kind, and the resourceVersion from which to watch on."""

    items: list[Manifest]
    resource_version: str


class Applied(NamedTuple):
    """The object as the API server accepted it, and whether it was not there before.

    ``anew`` is whether a dry client only pretends that it was deleted and made anew.
    """

    manifest: Manifest
    created: bool
    anew: bool = False
