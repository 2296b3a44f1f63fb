"""What is alike at each forge that has deployments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.errors import OperatorError
from workers.forges.asking import Ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.environments import Place, Progress
    from workers.forges.account import Account


@dataclass(frozen=True, slots=True)
class Made:
    """A deployment that the forge has: its id, and what it says of it already."""

    id: str
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """What is said beside a deployment's progress: a sentence, the page of the sync, the environment's own page."""

    text: str
    log: str = ""
    page: str = ""


def ask(place: Place, right: str) -> Ask:
    """Return what calls about a place are about, and the right that they take. Pure."""
    return Ask(f"a deployment of {place.repository} to {place.environment}", right)


def number(account: Account, found: Mapping[str, Any]) -> str:
    """Return the id in a forge's answer. Raises :class:`OperatorError` for an answer without one."""
    if type(found.get("id")) is not int:
        raise OperatorError(f"{account.host} did not answer with a deployment: check `api`")
    return str(found["id"])
