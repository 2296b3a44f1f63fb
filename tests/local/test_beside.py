"""A builder and somebody who waits for it: neither is left behind by the other."""

from __future__ import annotations

import fcntl
import sys
import threading
from pathlib import Path

import pytest

from deploy.local import beside, binaries
from deploy.local.binaries import Recipe

BROKEN = "package main\n\nfunc main() { undefined() }\n"
WHOLE = "package main\n\nfunc main() {}\n"
WAITS = """\
import os, sys
from pathlib import Path
from deploy.local import beside, binaries
recipe = binaries.Recipe("hello", (("hello", "example.test/hello"),), root=Path(sys.argv[1]))
beside.wait_for([recipe])
sys.exit(7 if (binaries.folder_of(recipe, binaries.cache_folder()) / "hello").is_file() else 8)
"""


@pytest.fixture
def hello(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A tiny Go module, and a cache of its own."""
    monkeypatch.setenv("HOOKLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(beside.BUILDING, raising=False)  # what these tests themselves may run beside
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/hello\n\ngo 1.21\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(WHOLE)
    return Recipe("hello", (("hello", "example.test/hello"),), root=tmp_path)


def test_a_command_waits_for_what_it_needs_and_its_status_counts(hello: Recipe, tmp_path: Path) -> None:
    """It is there when the wait is over."""
    assert beside.run([sys.executable, "-c", WAITS, str(tmp_path)], [hello]) == 7


def test_a_build_that_fails_lets_go_of_those_who_wait(
    hello: Recipe, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """They go on without, and the failure is told."""
    (hello.source / "main.go").write_text(BROKEN)
    assert beside.run([sys.executable, "-c", WAITS, str(tmp_path)], [hello]) == 8
    assert "hello cannot be built" in capfd.readouterr().err


def test_a_wait_ends_when_all_is_built_though_the_builder_goes_on(
    hello: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have more to build; and where nobody builds, nobody waits."""
    beside.wait_for([hello])
    held = tmp_path / "held"
    with held.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setenv(beside.BUILDING, str(held))
        waiting = threading.Thread(target=beside.wait_for, args=([hello],))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        binaries.folder_of(hello, binaries.cache_folder()).mkdir(parents=True)
        waiting.join(60)
        assert not waiting.is_alive()
    monkeypatch.setenv(beside.BUILDING, str(tmp_path / "gone"))
    beside.wait_for([hello])
