"""What the kernel takes from a renderer: the network, and every file but its own and the system's."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from pathlib import Path

import pytest
import structlog

from workers.errors import RenderFailed
from workers.renderers import child, confined

SOCKETS = """
import socket
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family).close()
        print(family.name)
    except PermissionError:
        pass
"""


def run(folder: Path, *arguments: str, **named: list[Path]) -> child.Done:
    """Run a program as a renderer."""
    return child.run("tool", "folder", arguments, folder, **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["canary", "/etc/passwd", "/proc/self/environ", "/proc/1/environ"])
def test_a_renderer_cannot_open_a_file_that_is_not_its_own(place: str, tmp_path: Path) -> None:
    """Even one that the user may read; by its own name or by a link."""
    (tmp_path / "canary").write_text("canary")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / place)
    for name in (str(tmp_path / place), str(root / "link")):
        done = run(root, "/bin/cat", name)
        assert (done.code, done.output) == (1, b"")
        assert "Permission denied" in done.said
    assert run(root, "/bin/cat", str(tmp_path / "canary"), readable=[tmp_path]).output == b"canary"


def test_a_renderer_cannot_write_beside_its_folder(tmp_path: Path) -> None:
    """Nor remove or rename anything there."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "kept").write_text("kept")
    for command in (["/bin/touch", "new"], ["/bin/rm", "-f", "kept"], ["/bin/mv", "kept", "root"]):
        assert run(root, *(str(tmp_path / word) if "/" not in word else word for word in command)).code
    assert run(root, "/bin/touch", str(root / "mine")).code == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept", "root"]


def test_a_renderer_opens_no_socket_to_anywhere(tmp_path: Path) -> None:
    """Local ones it may, which lead nowhere: no file of theirs is in reach."""
    python = Path(sys.base_prefix)
    done = run(tmp_path, str(Path(sys.executable).resolve()), "-I", "-S", "-c", SOCKETS, readable=[python])
    assert (done.output, done.said) == (b"AF_UNIX\n", "")


def test_what_a_renderer_starts_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it was stopped for taking too long: a grandchild holds the pipe until it is gone."""
    monkeypatch.setattr(child, "RENDER_SECONDS", 1)
    with pytest.raises(RenderFailed, match="tool took longer than 1 s for folder and was stopped"):
        run(tmp_path, "/bin/sh", "-c", "/bin/sleep 600 & echo $! > $HOME/pid; wait")
    pid = int((tmp_path / "home" / "pid").read_text())
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(pid)
        assert select.select([ended], [], [], 10)[0], "it lives on"
        os.close(ended)


def test_a_kernel_without_landlock_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are within reach then; the network is not."""
    monkeypatch.setattr(confined, "_CREATE", 9999)  # a call that no kernel has
    confined._say_once.cache_clear()
    (tmp_path / "own").mkdir()
    (tmp_path / "canary").write_text("canary")
    with structlog.testing.capture_logs() as said:
        assert run(tmp_path / "own", "/bin/cat", str(tmp_path / "canary")).output == b"canary"
        assert run(tmp_path / "own", str(Path(sys.executable).resolve()), "-c", SOCKETS).output == b"AF_UNIX\n"
    assert [line["event"].split(":")[0] for line in said] == ["renderers are not kept from the worker's own files"]
