"""What we send to a forge: commit statuses.

:func:`write` makes one status of one commit true at its forge. Each forge is a module with pure halves (what
to ask, what an answer means) and a thin ``write`` that acts; `http` is the only module that talks.

Nothing here keeps state, retries, sleeps, decides which status a commit should have, or sends a token to any
host but the configured one. Everything is safe to call from many threads at once.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from workers.errors import BadConfiguration
from workers.forges import github, gitlab
from workers.forges.account import Account
from workers.forges.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from workers.model import Commit, Status

__all__ = ["FORGES", "Account", "Forge", "cut", "write"]


class Forge(Protocol):
    """What a module of this package offers."""

    def write(self, account: Account, client: httpx2.Client, commit: Commit, status: Status) -> None:
        """Make ``status`` true of ``commit``; see :func:`workers.forges.write`."""


FORGES: Mapping[str, Forge] = MappingProxyType({"github": github, "gitlab": gitlab})
"""Every forge we write to, by the kind the configuration uses."""


def write(account: Account, client: httpx2.Client, commit: Commit, status: Status) -> None:
    """Make ``status`` the newest one of its context on ``commit``; writing it twice does no harm.

    ``client`` may be shared by threads; its time-outs apply, its redirect setting does not. ``status.text``
    is cut to what the forge takes.

    Raises :class:`workers.errors.ForgeUnreachable` (with the forge's own ``retry_after``) when a later try may
    work; :class:`workers.errors.AccessDenied` for the token, its rights, or a repository it cannot see;
    :class:`workers.errors.SourceMissing` when the forge has no such commit; another
    :class:`workers.errors.AuthorError` when it will never take this status; another
    :class:`workers.errors.OperatorError` when ``account.api`` is not the API of such a forge.
    """
    forge = FORGES.get(account.kind)
    if forge is None:
        raise BadConfiguration(f"no forge of kind {account.kind!r}: expected one of {sorted(FORGES)}", field="kind")
    forge.write(account, client, commit, status)
