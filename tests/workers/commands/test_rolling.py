"""``hookline rollback`` on real records: what it does, prints and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.commands.test_commands import A, config, printed, run
from tests.workers.commands.test_holding import records
from workers.model import Outcome, Stage, SyncRecord, Why
from workers.records import coding

__all__ = ["config"]

B = "b" * 40


def synced(config: Path, *revisions: str) -> None:
    """Let the app have been synced to these, oldest first."""
    found = [SyncRecord("myapp", 1, "push", "ada", one, Outcome.SUCCEEDED, "", Stage.HEALTH, 0.0, 0.0)
             for one in revisions]  # fmt: skip
    records(config).redis.lpush("hookline:syncs:myapp", *(coding.encode(one) for one in found))


def test_an_app_is_brought_back_shown_and_cleared(config: Path) -> None:
    """From what to what is printed; the status names what ends it."""
    synced(config, A, B)
    done = run(config, "rollback", "myapp", "--reason", "logins fail")
    assert "asked for request 1 of myapp: back from bbbbbbb to aaaaaaa, until a newer commit comes" in done.output
    [request] = records(config).progress.open_requests("myapp")
    assert request.why is Why.ROLLBACK
    shown = run(config, "status", "myapp").output
    assert "rollback from bbbbbbb to aaaaaaa by" in shown
    assert "ends with a newer commit, or with `hookline rollback myapp --clear`" in shown
    assert printed(config, "status", "myapp")["apps"]["myapp"]["rollback"]["blocked"] == [B]
    assert "bbbbbbb is no longer blocked" in run(config, "rollback", "myapp", "--clear").output
    assert "rollback" not in run(config, "status", "myapp").output
    assert [entry["action"] for entry in printed(config, "audit")] == ["rollback cleared", "rollback"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["myapp"], "needs a reason"),
        (["other", "--reason", "x"], "no app is called other"),
        (["myapp", "--reason", "x", "--to", "main"], "expected the whole id of a commit"),
        (["myapp", "--reason", "x", "--to", B], "bbbbbbb is what myapp is at"),
        (["myapp", "--clear"], "myapp is not rolled back"),
        (["myapp", "--clear", "--to", A], "takes neither --to nor --force"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(config: Path, arguments: list[str], sentence: str) -> None:
    """Exit code 1, and nothing on record."""
    synced(config, A, B)
    done = run(config, "rollback", *arguments)
    assert (done.exit_code, sentence in done.output.replace("\n", " ")) == (1, True), done.output
    assert printed(config, "audit") == []
