"""What a forge shows of environments: deployments at GitHub, deployments and environments at GitLab.

Each forge is a module that acts with one call for each thing to do; who calls decides what is to be done, and records
before and after. A forge that is no key of :data:`KINDS` has no such thing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from workers.errors import BadConfiguration
from workers.forges import github_deployments, gitlab_deployments
from workers.forges.deployment import Links, Made

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from workers.environments import Deployment, Environment, Place, Progress
    from workers.forges.account import Account

__all__ = ["KINDS", "Kind", "Links", "Made", "of"]


class Kind(Protocol):
    """What a module of a forge offers. All of it raises as :func:`workers.forges.write`."""

    def closes_itself(self, about: Environment) -> bool:
        """Whether a success ends the deployments before it without being asked to. Pure."""

    def find(self, account: Account, client: httpx2.Client, place: Place, one: Deployment) -> Made | None:
        """Return a deployment of ours that was made and whose answer got lost, ``None`` for none."""

    def make(
        self, account: Account, client: httpx2.Client, place: Place, one: Deployment, about: Environment, text: str
    ) -> Made:
        """Make a deployment."""

    def shows(self, account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress) -> bool:
        """Whether the forge was told ``progress`` last."""

    def tell(
        self, account: Account, client: httpx2.Client, place: Place, one: Deployment, progress: Progress, links: Links
    ) -> None:
        """Tell the forge how far a deployment is; where it has no word for that, nothing is sent."""

    def show(self, account: Account, client: httpx2.Client, place: Place, page: str) -> None:
        """Make ``page`` the address of an environment's page, where a deployment does not bring its own."""

    def stop(self, account: Account, client: httpx2.Client, place: Place) -> None:
        """End an environment that no app is deployed to any more."""


KINDS: Mapping[str, Kind] = MappingProxyType({"github": github_deployments, "gitlab": gitlab_deployments})


def of(account: Account) -> Kind:
    """Return what speaks to the forge of an account. Raises :class:`BadConfiguration` where it has no deployments."""
    if account.kind not in KINDS:
        raise BadConfiguration(f"{account.kind} has no deployments: expected one of {sorted(KINDS)}", field="kind")
    return KINDS[account.kind]
