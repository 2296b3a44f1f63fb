"""An inquiry: somebody asks over the API what a sync of one app would do. And the reply to one. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked, by whom and when: ``revision`` is "" for the app as it stands, ``pull`` a pull request's number.

    At most one of the two is given; 0 is no pull request. ``show`` is whether what its forge shows is made anew, too.
    """

    id: str
    app: str
    who: str
    at: float
    revision: str = ""
    pull: int = 0
    show: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one: a ``plan`` as JSON with its secrets masked, or an ``error`` of one sentence.

    ``changes`` is whether a sync would change anything, ``None`` where nobody can tell.
    """

    plan: str = ""
    error: str = ""
    changes: bool | None = None
