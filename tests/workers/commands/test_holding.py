"""``hookline hold|release|holds|sync|approve`` on real records: what they do, print and refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.workers.commands.test_commands import A, config, deliver, printed, run
from workers import configuration
from workers.model import Why
from workers.records import Records, connect

__all__ = ["config"]


def records(config: Path) -> Records:
    """The records of a configuration."""
    return connect(configuration.load(config))


def test_an_app_is_held_listed_and_released(config: Path) -> None:
    """With the time that is left; in the list, the state and the audit trail."""
    assert "nothing is held" in run(config, "holds").output
    done = run(config, "hold", "myapp", "--for", "2h", "--reason", "the database moves")
    assert re.match(r"app myapp is held until .* UTC by \w+: the database moves", done.output), done.output
    [row] = run(config, "holds").output.splitlines()[1:]
    assert re.match(r"held +app myapp +1h +.* UTC +\w+ +the database moves$", row), row
    [one] = printed(config, "holds")["holds"]
    assert (one["target"], one["reason"], one["origin"]) == ("myapp", "the database moves", "command line")
    assert "held" in run(config, "status").output
    assert "until" in run(config, "status", "myapp").output
    assert printed(config, "status", "myapp")["apps"]["myapp"]["held"].startswith("held until")
    assert run(config, "release", "myapp").exit_code == 0
    assert "nothing is held" in run(config, "holds").output
    assert [entry["action"] for entry in printed(config, "audit")] == ["release", "hold"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["hold", "myapp", "--reason", "x"], "a hold needs an end"),
        (["hold", "myapp", "--for", "2h"], "a hold needs a reason"),
        (["hold", "myapp", "--for", "2 days", "--reason", "x"], "a hold needs an end"),
        (["hold", "myapp", "--for", "2d", "--reason", "x"], "24 h at most"),
        (["hold", "other", "--for", "2h", "--reason", "x"], "no app is called other"),
        (["hold", "--for", "2h", "--reason", "x"], "exactly one of"),
        (["hold", "myapp", "--cluster", "x", "--for", "2h", "--reason", "x"], "exactly one of"),
        (["hold", "--cluster", "x", "--object", "A/b", "--for", "2h", "--reason", "x"], "name the app"),
        (["hold", "myapp", "--object", "A/b", "--for", "2h", "--reason", "x"], "owns no A/b"),
        (["release", "myapp"], "nothing holds app myapp"),
        (["release", "myapp", "--exception"], "myapp has no exception"),
        (["sync", "myapp", "--for", "2h"], "name it with --revision"),
        (["sync", "myapp", "--revision", "hotfix", "--for", "2h"], "needs a reason"),
        (["sync", "myapp", "--revision", "hotfix", "--reason", "x"], "needs an end"),
        (["sync", "myapp", "--revision", "HEAD", "--for", "2h", "--reason", "x"], "expected a branch"),
        (["approve", "myapp", "--revision", A], "syncs by itself"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(config: Path, arguments: list[str], sentence: str) -> None:
    """Exit code 1, and nothing on record."""
    done = run(config, *arguments)
    assert (done.exit_code, sentence in done.output.replace("\n", " ")) == (1, True), done.output
    assert printed(config, "audit") == []
    assert printed(config, "holds") == {"holds": [], "exceptions": []}


def test_an_exception_is_begun_and_ended(config: Path) -> None:
    """``release`` asks which is meant where there is a hold, too."""
    done = run(config, "sync", "myapp", "--revision", "hotfix", "--for", "2h", "--reason", "it burns", "--force")
    assert "request 1 of myapp, which follows hotfix until" in done.output
    [request] = records(config).progress.open_requests("myapp")
    assert (request.why, request.forced) == (Why.MANUAL, True)
    assert "myapp follows hotfix" in run(config, "holds").output
    assert "follows hotfix as an exception" in run(config, "status", "myapp").output
    run(config, "hold", "myapp", "--for", "2h", "--reason", "it burns")
    assert "a hold and an exception" in run(config, "release", "myapp").output
    assert "is taken up again" in run(config, "release", "myapp", "--hold").output
    run(config, "hold", "myapp", "--for", "2h", "--reason", "it burns")
    assert "goes back from hotfix" in run(config, "release", "myapp", "--exception").output
    assert "nothing holds app other" in run(config, "release", "other", "--hold").output
    assert "is taken up again" in run(config, "release", "myapp").output
    assert printed(config, "holds") == {"holds": [], "exceptions": []}


def test_the_commit_that_waits_is_approved(config: Path) -> None:
    """Of an app that syncs by hand only; what waits is shown."""
    document = config.parent / "catalog" / "myapp.yaml"
    text = document.read_text()
    document.write_text(text[: text.index("  syncPolicy:")])
    assert "nothing of myapp waits for approval" in run(config, "approve", "myapp").output.replace("\n", " ")
    deliver(config)
    records(config).exceptions.wait("myapp", A)
    assert "aaaaaaa waits for approval" in run(config, "status", "myapp").output
    assert "does not wait for approval" in run(config, "approve", "myapp", "--revision", "bbbbbbb").output
    assert "approved aaaaaaa of myapp" in run(config, "approve", "myapp", "--revision", "aaaaaaa").output
    approval = records(config).exceptions.approved("myapp")
    assert approval is not None
    assert approval.revision == A
    assert json.loads(json.dumps(printed(config, "status", "myapp")["apps"]["myapp"]["approved"]))["revision"] == A
