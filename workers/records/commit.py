"""One commit's record, and what a forge has of it, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workers.model import Commit, Report
from workers.records import coding
from workers.records.intake import PLAN


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit: app to what it says, and pull request to what its plan says.

    ``version`` counts what was said, ``account`` is where it was first written, ``since`` when it was first asked for.
    """

    commit: Commit
    apps: dict[str, Report]
    version: str
    account: str = ""
    since: float = 0.0
    plans: dict[str, Report] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name its record goes by."""
        return coding.commit_id(self.commit)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the forge has at one place, by status context: statuses as encoded.

    ``trying`` is what may have been written without an answer, ``counts`` how many writes there were, ``full`` the
    contexts that take no more. ``busy`` counts how often in a row the forge worked and would not take one now.
    """

    written: dict[str, str] = field(default_factory=dict)
    trying: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    full: frozenset[str] = frozenset()
    busy: int = 0


def record(commit: str, found: Mapping[str, str]) -> CommitRecord:
    """Return what is known of a commit, by its record name and the fields of its record."""
    return CommitRecord(
        commit=Commit(*commit.split("|", 3)),
        apps={name: coding.report(text) for name, text in _under("app:", found).items()},
        version=found.get("version", ""),
        account=found.get("account", ""),
        since=float(found.get("since") or 0.0),
        plans={name: coding.report(text) for name, text in _under(PLAN, found).items()},
    )


def shown_of(found: Mapping[str, str]) -> Shown:
    """Return what the forge has at a place, by the fields of its record."""
    return Shown(
        written=_under("written:", found),
        trying=_under("trying:", found),
        counts={name: int(count) for name, count in _under("count:", found).items()},
        full=frozenset(_under("full:", found)),
        busy=int(found.get("busy", 0)),
    )


def fields(flat: Sequence[str]) -> dict[str, str]:
    """A hash as a script returns it: name, value, name, value."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _under(prefix: str, found: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): text for name, text in found.items() if name.startswith(prefix)}
