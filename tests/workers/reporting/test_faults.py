"""The writer of statuses against stand-ins over real HTTP: whatever breaks, one right status and few calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from deploy.local.forge import DROP, LATE, LOST, Fault, faults
from deploy.local.forge.repository import Repository
from tests.workers.reporting.conftest import FINAL, KINDS, ONE_OF_A_NAME, OPEN, REPOSITORY, Desk
from workers.model import Commit, State
from workers.records import commits


def once(*troubles: Fault) -> Callable[[Desk, Commit], None]:
    """The next writes meet this trouble."""
    return lambda desk, _commit: desk.forge.fail_next(*troubles)


def revoked(desk: Desk, _commit: Commit) -> None:
    """The token is no longer known."""
    del desk.forge.state.tokens[desk.forge.token]


def counted_out(desk: Desk, _commit: Commit) -> None:
    """The quota is used up for half an hour of the forge's own clock: not of when this module was read."""
    desk.forge.fail_next(faults.quota_used_up(time.time() + 1800))


def hidden(desk: Desk, _commit: Commit) -> None:
    """The repository moved away, or the token's user may not see it any more."""
    held = desk.forge.state.repositories
    held[f"{REPOSITORY}-moved"] = held.pop(REPOSITORY)


def shown_again(desk: Desk) -> None:
    """It is back."""
    held = desk.forge.state.repositories
    if REPOSITORY not in held:
        held[REPOSITORY] = held.pop(f"{REPOSITORY}-moved")


def but(*left_out: str) -> tuple[str, ...]:
    """Return all kinds of forge but some."""
    return tuple(kind for kind in KINDS if kind not in left_out)


COUNTING = ("github", "gitlab")
"""The kinds that tell a quota in headers, and may refuse with 403 for a while."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, how many calls more it may cost at most, and for how long at least nothing more is sent."""

    begin: Callable[[Desk, Commit], None]
    calls: int
    least: float = 0.0
    kinds: tuple[str, ...] = tuple(KINDS)
    repair: Callable[[Desk], None] = lambda _desk: None


TROUBLES = {
    "secondary limit": Trouble(once(faults.secondary_limit(17)), 2, 17.0, kinds=COUNTING),
    "429": Trouble(once(faults.too_many(9)), 2, 9.0),
    "429 without a word": Trouble(once(faults.too_many()), 2, 60.0),
    "quota used up": Trouble(counted_out, 2, 1700.0, kinds=COUNTING),
    "409": Trouble(once(faults.locked()), 2, 1.0),
    "409 five times": Trouble(once(*[faults.locked()] * 5), 10, 31.0),
    "500": Trouble(once(faults.broken(500)), 2, 1.0, kinds=but("gitea")),
    "500, so it is asked for the commit": Trouble(once(faults.broken(500)), 3, 1.0, kinds=("gitea",)),
    "502, 503, 504": Trouble(once(*(faults.broken(code) for code in (502, 503, 504))), 6, 7.0),
    "reset connection": Trouble(once(DROP), 2, 1.0),
    "answer lost": Trouble(once(LOST), 2, 1.0),
    "time-out after success": Trouble(once(LATE), 6, 1.0),  # a busy machine may be late once or twice more
    "token revoked": Trouble(
        revoked, 6, 15.0 + 30.0, repair=lambda desk: desk.forge.add_token(desk.forge.token, "hookline-bot")
    ),
    "App uninstalled": Trouble(
        once(*[Fault(403, "Resource not accessible by integration")] * 3), 6, 15.0 + 30.0 + 60.0
    ),
    "repository not seen": Trouble(
        hidden,
        6,
        15.0 + 30.0 + 60.0,
        kinds=but("gitlab"),
        repair=shown_again,
    ),
    "repository renamed": Trouble(
        lambda desk, commit: desk.forge.fail_next(
            faults.moved(f"{desk.forge.api}/repos/{REPOSITORY}/statuses/{commit.revision}", 301)
        ),
        1,
        kinds=("github", "gitea"),
    ),
}
POSITIONS = ("pending", "final", "second context")


def told(desk: Desk, commit: Commit, position: str, monkeypatch: pytest.MonkeyPatch, trouble: Trouble) -> int:
    """Publish a begin and an end, with trouble from a position on; return how many looks both took."""
    desk.say(commit, myapp=OPEN)
    if position == "pending":
        trouble.begin(desk, commit)
    looks = desk.settle(commit, repair=lambda: trouble.repair(desk))
    desk.say(commit, myapp=FINAL)
    if position == "final":
        trouble.begin(desk, commit)
    elif position == "second context":
        # the one for all apps goes through
        once = iter([lambda: trouble.begin(desk, commit)])
        real = commits.Commits.wrote

        def wrote(self: commits.Commits, *arguments: Any) -> Any:
            known = real(self, *arguments)
            next(once, lambda: None)()
            return known

        monkeypatch.setattr(commits.Commits, "wrote", wrote)
    return looks + desk.settle(commit, repair=lambda: trouble.repair(desk))


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(
    ("standing", "name"),
    [(kind, name) for name, trouble in TROUBLES.items() for kind in trouble.kinds],
    indirect=["standing"],
)
def test_whatever_breaks_the_last_status_is_the_right_one(
    desk: Desk, name: str, position: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few calls, nothing sent before the forge wants to be asked again, and no second status of anything."""
    trouble = TROUBLES[name]
    if "time-out" in name:
        monkeypatch.setattr(desk.context.http, "_timeout", httpx2.Timeout(10, read=0.4))
    commit = desk.commit()
    before, at = desk.calls(), desk.clock()
    looks = told(desk, commit, position, monkeypatch, trouble)

    word = desk.word(State.SUCCESS)
    assert desk.shown(commit) == {"hookline": (word, f"myapp: {FINAL.text}"), "hookline/myapp": (word, FINAL.text)}
    plain = 8 if desk.kind == "gitlab" else 4
    assert desk.calls() - before <= plain + trouble.calls
    assert desk.clock() - at >= trouble.least
    assert looks <= 8
    each = 1 if desk.kind in ONE_OF_A_NAME else 2
    assert desk.kept(commit) == ["hookline"] * each + ["hookline/myapp"]
    if desk.kind == "gitlab":
        assert len(desk.forge.jobs(REPOSITORY, commit.revision)) == 2


@pytest.mark.parametrize("position", POSITIONS)
def test_a_commit_that_is_gone_is_left_alone(
    desk: Desk, position: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a forced push: each status it cannot have is tried and told once, and nobody comes back for it."""
    commit = desk.commit()
    gone = Trouble(lambda _desk, _commit: monkeypatch.setattr(Repository, "commit", lambda *_: ""), 0)
    before = desk.calls()
    assert told(desk, commit, position, monkeypatch, gone) == 2
    kept = {"pending": {}, "final": {"hookline": State.PENDING}}.get(position, {"hookline": State.SUCCESS})
    assert {context: state for context, (state, _) in desk.shown(commit).items()} == {
        context: desk.word(state) for context, state in kept.items()
    }
    refused = [line for line in capsys.readouterr().out.splitlines() if "status refused" in line]
    assert len(refused) == {"pending": 3, "final": 2, "second context": 1}[position]
    assert all(f"{commit.revision[:12]}" in line for line in refused)
    assert desk.calls() - before <= (8 if desk.kind in ("gitlab", "gitea") else 4)
    assert desk.records.commits.dirty(2e12) == []
