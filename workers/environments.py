"""Where apps are deployed to, as people at a forge see it: environments, and what is said of each. Pure.

An environment is at one commit, the one that was synced last: all apps of it that were synced to that commit make one
deployment. So the forge shows one, and never that of an app which a newer one of another app ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ENVIRONMENT: Final = "hookline.dev/environment"
PAGE: Final = "hookline.dev/environment-url"
NAME: Final = re.compile(r"(?!.*//)[\w.-](?:[\w./ -]{0,253}[\w.-])?", re.ASCII)
"""What both forges take (GitLab docs, "Environments": letters, digits, spaces and ``-_/.``, no slash at an end)."""
LONGEST_PAGE: Final = 255
"""Characters of a page's address at GitLab."""
_PRODUCTION: Final = frozenset({"production", "prod", "live"})
_TRANSIENT: Final = frozenset({"review", "preview", "pr"})


class Progress(StrEnum):
    """How far a deployment is; each forge has its own word for it."""

    RUNNING = "in progress"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    INACTIVE = "inactive"


ENDED: Final = frozenset({Progress.SUCCESS, Progress.FAILURE, Progress.ERROR, Progress.INACTIVE})


@dataclass(frozen=True, slots=True)
class Environment:
    """What an app's annotations say: where it is deployed to, and the page where that can be seen, "" for none."""

    name: str
    page: str = ""

    @property
    def is_production(self) -> bool:
        """Whether users see it; by the first part of its name, as GitLab tells by the name."""
        return self.name.partition("/")[0].lower() in _PRODUCTION

    @property
    def is_transient(self) -> bool:
        """Whether it will be gone some day."""
        return self.name.partition("/")[0].lower() in _TRANSIENT


@dataclass(frozen=True, slots=True)
class Place:
    """An environment of a repository, by the hook that serves it."""

    hook: str
    repository: str
    environment: str

    @property
    def name(self) -> str:
        """The name its record goes by; an environment's own has no bar."""
        return f"{self.hook}|{self.repository}|{self.environment}"

    @classmethod
    def of(cls, name: str) -> Place:
        """Return the place of a record."""
        hook, repository, environment = name.split("|", 2)
        return cls(hook, repository, environment)


@dataclass(frozen=True, slots=True)
class Word:
    """What one app says of its environment: which commit it is brought to, how far that is, by which sync.

    ``began`` is when that sync began: by it the newest word is known.
    """

    revision: str
    ref: str
    progress: Progress
    text: str
    number: int
    began: float


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment at a forge. ``count`` numbers those of a place; ``id`` is the forge's, "" while none is known.

    ``progress`` is what the forge was told last, ``trying`` what it may have been told without an answer. ``after`` is
    the id of the one before: ours is newer.
    """

    revision: str
    ref: str
    count: int
    after: str = ""
    id: str = ""
    progress: Progress | None = None
    trying: Progress | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a place's deployment should say; ``app`` and ``number`` are the sync that its link leads to."""

    revision: str
    ref: str
    progress: Progress
    text: str
    app: str
    number: int


def wanted(words: Mapping[str, Word], pending: bool) -> Wanted | None:
    """Return what the forge should show of a place, ``None`` when no app says anything of it (any more).

    ``pending`` is whether an app of it has still to say something of the newest commit: nothing is a success before
    the last one ended.
    """
    if not words:
        return None
    newest = max(words.values(), key=lambda word: (word.began, word.number))
    mine = {app: word for app, word in sorted(words.items()) if word.revision == newest.revision}
    progress = _overall([word.progress for word in mine.values()], pending)
    app = next((app for app, word in mine.items() if word.progress is progress), next(iter(mine)))
    return Wanted(newest.revision, mine[app].ref, progress, _text(mine, app, progress), app, mine[app].number)


def revision_of(words: Mapping[str, Word]) -> str:
    """Return the commit that a place is brought to, "" for none."""
    return max(words.values(), key=lambda word: (word.began, word.number)).revision if words else ""


def _overall(found: list[Progress], pending: bool) -> Progress:
    if pending and any(one is not Progress.INACTIVE for one in found):
        return Progress.RUNNING
    ranks = (Progress.RUNNING, Progress.FAILURE, Progress.ERROR, Progress.SUCCESS, Progress.INACTIVE)
    return min(found, key=ranks.index)


def _text(mine: Mapping[str, Word], app: str, progress: Progress) -> str:
    if progress is Progress.RUNNING:
        return "being deployed"
    same = sum(word.progress is progress for word in mine.values())
    if len(mine) == 1 or progress in (Progress.FAILURE, Progress.ERROR):
        count = f"{same} of {len(mine)} apps failed; " if same > 1 else ""
        return f"{count}{app}: {mine[app].text}"
    texts = {word.text for word in mine.values()}
    return f"{len(mine)} apps: {texts.pop() if len(texts) == 1 else 'in sync'}"
