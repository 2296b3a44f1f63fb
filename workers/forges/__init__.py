"""What we send to a forge: commit statuses, and as a GitHub App check runs in their place.

:func:`write` makes one status of one commit true at its forge. Each forge is a module with pure halves (what
to ask, what an answer means) and a thin ``write`` that acts; `http` is the only module that talks.

Nothing here retries, sleeps, decides which status a commit should have, keeps more state than an App's tokens
(`apps`), or sends a token to any host but the configured one. Everything is safe to call from many threads at once.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from workers.errors import BadConfiguration
from workers.forges import bitbucket, bitbucket_data_center, checks, gitea, github, gitlab
from workers.forges.account import Account
from workers.forges.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from workers.model import Commit, Status

__all__ = ["BY_REF", "FORGES", "READERS", "Account", "Forge", "Reader", "cut", "shows", "write"]


class Forge(Protocol):
    """What a module of this package offers."""

    def write(self, account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
        """Make ``status`` true of ``commit``; see :func:`workers.forges.write`."""


class Reader(Protocol):
    """What a module offers besides whose ``write`` does not look first and would leave a second status."""

    def shows(self, account: Account, client: httpx2.Client, commit: Commit, status: Status) -> bool:
        """Whether ``status`` is the newest of its context; see :func:`workers.forges.shows`."""


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
"""Every forge we write to, by the kind the configuration uses."""
READERS: Mapping[str, Reader] = MappingProxyType({"github": github, "gitea": gitea, "forgejo": gitea})
"""The forges a status is read back from after a write that was not answered; others look before each write, or keep
one status of a name, so that writing it again changes nothing."""
BY_REF = frozenset({"gitlab"})
"""The forges where a commit has a status of a name for each branch or tag it is on."""


def shows(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> bool:
    """Whether the forge shows ``status`` as the newest of its context on ``commit``: whether a lost write arrived.

    ``False`` also where :func:`write` finds that out itself, as for an App's check runs.
    Raises what the transport of :func:`write` raises.
    """
    reader = None if account.is_app else READERS.get(account.kind)
    return reader is not None and reader.shows(account, client, commit, status)


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> float | None:
    """Make ``status`` the newest one of its context on ``commit``; writing it twice does no harm.

    ``client`` may be shared by threads; its time-outs apply, its redirect setting does not. ``status.text``
    is cut to what the forge takes. Returns the seconds that the forge, its quota used up by this very call, asks to be
    left alone for; ``None`` for none.

    Raises :class:`workers.errors.ForgeUnreachable` (with the forge's own ``retry_after``) when a later try may
    work; :class:`workers.errors.AccessDenied` for the token, its rights, or a repository it cannot see;
    :class:`workers.errors.SourceMissing` when the forge has no such commit; another
    :class:`workers.errors.AuthorError` when it will never take this status; another
    :class:`workers.errors.OperatorError` when ``account.api`` is not the API of such a forge.
    """
    forge = checks if account.is_app else FORGES.get(account.kind)
    if forge is None:
        raise BadConfiguration(f"no forge of kind {account.kind!r}: expected one of {sorted(FORGES)}", field="kind")
    return forge.write(account, client, commit, status)
