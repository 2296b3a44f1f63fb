"""The two ways in which forges read a comment: Markdown with HTML, where parts fold, and Markdown without. Pure.

Sources: the sanitizers of GitHub, GitLab and Gitea let ``<details>`` through; Bitbucket Cloud ("Markup comments") and
Data Center ("Markdown syntax guide") show HTML as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from workers.plans import markdown
from workers.plans.values import line

FLAT: Final = frozenset({"bitbucket", "bitbucket-data-center"})
"""The kinds of forges that show HTML as text."""
_TICKS: Final = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a comment is written. ``folds`` is whether the forge reads HTML."""

    folds: bool

    def code(self, text: str) -> str:
        """Return a stranger's words as code; they may stand in a cell of a table."""
        if self.folds:
            return markdown.code(text)
        # Where a backslash before a bar counts differs between these two forges: a bar that is none is safe in both.
        clear = line(text).strip().replace("|", "¦") or " "
        longest = max((len(found) for found in _TICKS.findall(clear)), default=0)
        fence = "`" * (longest + 1)
        return f"{fence} {clear} {fence}" if longest else f"`{clear}`"

    def opening(self, head: str, *, is_open: bool = False) -> str:
        """Return the beginning of a fold under ``head``, which is Markdown without blocks; its own heading in flat."""
        return f"<details{' open' * is_open}>\n<summary>{head}</summary>\n\n" if self.folds else f"### {head}\n\n"

    @property
    def closing(self) -> str:
        """The end of a fold."""
        return "</details>\n\n" if self.folds else ""

    def folded(self, head: str, body: str) -> str:
        """Return one object's fold; ``body`` is whole blocks, each followed by an empty line."""
        return f"<details>\n<summary>{head}</summary>\n\n{body}</details>\n\n" if self.folds else f"{head}\n\n{body}"


def of(kind: str) -> Dialect:
    """Return the dialect of a kind of forge; one we do not know may read HTML or not, so nothing folds there."""
    return Dialect(folds=kind in ("github", "gitlab", "gitea", "forgejo"))
