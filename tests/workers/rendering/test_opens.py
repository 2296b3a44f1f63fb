"""What renderers try to open while they render hostile repositories: their copy, the system's files, nothing else.

`test_hostile` shows that one file outside is not opened; this shows of a sample that no other is tried either.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import binaries
from tests.workers import charts
from tests.workers.charts import tree_of
from tests.workers.rendering import opens
from tests.workers.rendering.hostile import CASES
from tests.workers.rendering.test_hostile import ended
from workers.renderers import child, confined, jsonnet_child

BEGINS = (
    "/proc/self/",
    "/sys/kernel/mm/",
    "/sys/fs/cgroup/",
    "/sys/devices/system/cpu/",
    "/etc/ld.so.",
    "/etc/localtime",
)
"""What the runtimes of Go and Python and the loader look at when they start. Landlock refuses most of it."""
PYTHON = (sys.base_prefix, str(Path(jsonnet_child.__file__).parent), sysconfig.get_path("platlib"))
"""Where the evaluator of Jsonnet and what starts it are."""
SAMPLE = (
    "an absolute resource", "a resource far above", "an absolute file of a generator", "a transformer outside",
    "a schema outside", "a link to a file", "a plugin", "a function that is a program", "a base by file://",
    "files of a chart far above", "a packed chart that leads above", "a packed chart with a link",
    "a dependency in a folder outside", "a schema that refers to a file", "an import outside", "an import that is a link",
)  # fmt: skip


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Repositories are closed after a test."""
    yield
    while charts.OPENED:
        charts.OPENED.pop().close()


def test_a_child_is_heard_whatever_becomes_of_it(tmp_path: Path) -> None:
    """A file that it may read and one that it may not, also by a child of its own and from another folder."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "canary").write_text("canary")
    words = f"cd / && /bin/cat etc/passwd; /bin/sh -c '/bin/cat {tmp_path}/copy/../canary'; /bin/cat /usr/bin/env"
    with opens.heard() as found:
        done = child.run("sh", "x", ["/bin/sh", "-c", words], tmp_path / "copy")
    assert done.said.count("Permission denied") == 2
    assert {"/etc/passwd", str(tmp_path / "canary"), "/usr/bin/env"} <= set(found.paths)


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_outside_is_tried(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the file that the repository is after, and nothing else that is neither its copy nor the system's."""
    case, canary = CASES[name], tmp_path / "canary.yaml"
    canary.write_text("kind: Canary\n")
    tools = {tool: str(binaries.locate()[tool]) for tool in ("helm", "kustomize")}
    for tool, place in tools.items():
        monkeypatch.setenv(tool.upper(), place)

    def filled(text: str) -> str:
        return text.replace("CANARY", str(canary)).replace("SERVER", "http://127.0.0.1:9")

    files = {path: filled(text) if isinstance(text, str) else text for path, text in case.files.items()}
    (tmp_path / "repository").mkdir()
    tree = tree_of(tmp_path / "repository", files)
    with opens.heard() as found:
        ended(tree, case, filled(case.helm))
    system = (*confined.SYSTEM, *BEGINS, *tools.values(), *PYTHON)
    others = [path for path in found.paths if not path.startswith(system)]
    assert [path for path in others if not re.search(r"/hookline-render-[^/]+/", f"{path}/")] == []
