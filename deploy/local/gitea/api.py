"""Gitea's API as its owner calls it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx2

from deploy.local.forge import Written
from deploy.local.processes import POLL
from workers.errors import OperatorError

_PAGE: Final = 50
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request."""

    number: int


class Api:
    """One user's calls: ``base`` ends with ``/api/v1``. Safe for threads."""

    def __init__(self, base: str, token: str) -> None:
        self.base, self.token = base, token
        self._client = httpx2.Client(timeout=30, trust_env=False, headers={"authorization": f"Bearer {token}"})

    def close(self) -> None:
        """Close what is open."""
        self._client.close()

    def is_up(self) -> bool:
        """Whether Gitea answers and knows this user: it says no to a token while its database is busy with starting."""
        try:
            return self._client.get(f"{self.base}/user").status_code == 200
        except httpx2.TransportError:
            return False

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make one call and return the JSON of its answer; raises :class:`OperatorError` when it is refused."""
        answer = self._client.request(method, self.base + path, json=body)
        if not answer.is_success:
            raise OperatorError(f"Gitea answered {answer.status_code} for {method} {path}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    def until(self, path: str, ready: Callable[[Any], bool]) -> None:
        """Return once what ``path`` shows is ``ready``; raises :class:`OperatorError` when it never is."""
        deadline = time.monotonic() + _SECONDS
        while True:
            answer = self._client.get(self.base + path)
            if answer.is_success and ready(answer.json()):
                return
            if time.monotonic() > deadline:
                raise OperatorError(f"Gitea does not get to it in {_SECONDS:.0f} s: {path} shows {answer.text[:300]}")
            time.sleep(POLL)

    def make_token(self, user: str, password: str, scope: str) -> str:
        """Return a new token of another user; Gitea wants that user's password for it."""
        body = {"name": secrets.token_hex(8), "scopes": [scope]}
        answer = httpx2.post(f"{self.base}/users/{user}/tokens", json=body, auth=(user, password), trust_env=False)
        return str(answer.raise_for_status().json()["sha1"])

    def statuses(self, repository: str, sha: str) -> list[Written]:
        """Return every status of a commit, oldest first; none for a commit that is not there."""
        listed: list[dict[str, Any]] = []
        while len(listed) % _PAGE == 0:
            query = f"limit={_PAGE}&page={len(listed) // _PAGE + 1}"
            answer = self._client.get(f"{self.base}/repos/{repository}/commits/{sha}/statuses?{query}")
            if answer.status_code == 404 or not (found := answer.raise_for_status().json()):
                break
            listed += found
        return sorted((_written(repository, sha, one) for one in listed), key=lambda one: one.number)


def _written(repository: str, sha: str, status: dict[str, Any]) -> Written:
    return Written(
        number=int(status["id"]),
        repository=repository,
        sha=sha,
        context=str(status["context"]),
        state=str(status["status"]),
        description=str(status["description"]),
        target_url=str(status["target_url"]),
        creator=str(status["creator"]["login"]),
        at=datetime.fromisoformat(status["created_at"]).timestamp(),
    )
