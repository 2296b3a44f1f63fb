"""GitHub's failed deliveries: listed, and asked for again. GitHub never sends one twice by itself.

Source: GitHub docs, "Handling failed webhook deliveries". The token needs the right to read and write repository
webhooks; without it there is only the sweep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from workers.errors import AccessDenied, ForgeUnreachable, OperatorError
from workers.forges import github, http, limits

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account

LOOK_BACK: Final = 3 * 24 * 3600.0
"""Seconds: GitHub keeps deliveries for three days at least."""
SETTLE: Final = 60.0
"""Seconds a delivery gets to be answered before it counts as failed."""
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery: GitHub's number for it, the GUID all tries share, when, and the receiver's code."""

    number: int
    guid: str
    at: float
    code: int


def recover(account: Account, client: httpx2.Client, repository: str, url: str, now: float) -> int:
    """Ask GitHub to send again what the hook that leads to ``url`` did not get; return how many deliveries.

    Raises :class:`AccessDenied` when the token may not, and what :func:`workers.forges.http.send` raises.
    """
    hook = _hook(_asked(account, client, f"/repos/{repository}/hooks?per_page=100"), url)
    if hook is None:
        return 0
    place = f"/repos/{repository}/hooks/{hook}/deliveries"
    failed = unanswered(attempts(_asked(account, client, f"{place}?per_page=100")), now)
    for attempt in failed:
        again = http.Call("POST", f"{place}/{attempt}/attempts", {}, github.HEADERS)
        _checked(account, http.send(account, client, again))
    return len(failed)


def attempts(listed: Any) -> list[Attempt]:
    """Read GitHub's list; an entry that is none is left out. Pure."""
    found = []
    for entry in listed if isinstance(listed, list) else ():
        try:
            at = datetime.fromisoformat(entry["delivered_at"]).timestamp()
            found.append(Attempt(int(entry["id"]), str(entry["guid"]), at, int(entry["status_code"])))
        except (KeyError, TypeError, ValueError):
            continue
    return found


def unanswered(found: Sequence[Attempt], now: float) -> list[int]:
    """Return the newest attempt of every delivery that no attempt got a 2xx for, oldest delivery first. Pure."""
    by_guid: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in found:
        by_guid[attempt.guid].append(attempt)
    failed = [
        max(tried, key=lambda one: (one.at, one.number))
        for tried in by_guid.values()
        if not any(200 <= one.code < 300 for one in tried)
    ]
    recent = [one for one in failed if SETTLE <= now - one.at <= LOOK_BACK]
    return [one.number for one in sorted(recent, key=lambda one: (one.at, one.number))[:MOST]]


def _hook(listed: Any, url: str) -> int | None:
    for hook in listed if isinstance(listed, list) else ():
        config = hook.get("config") if isinstance(hook, dict) else None
        if isinstance(config, dict) and config.get("url") == url and isinstance(hook.get("id"), int):
            return int(hook["id"])
    return None


def _asked(account: Account, client: httpx2.Client, path: str) -> Any:
    return _checked(account, http.send(account, client, http.Call("GET", path, None, github.HEADERS))).json()


def _checked(account: Account, answer: http.Answer) -> http.Answer:
    if answer.code in (200, 202):
        return answer
    said = f"{account.host} answered {answer.code} for the deliveries of a webhook"
    if answer.code in (401, 403, 404):
        raise AccessDenied(f"{said}: give the token the right to read and write webhooks to have them sent again")
    if answer.code == 429 or answer.code >= 500:
        raise ForgeUnreachable(said, limits.wait(answer.headers, 0.0))
    raise OperatorError(f"{said}, where 200 was expected: check that `api` is the address of GitHub's API")
