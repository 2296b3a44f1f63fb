"""Where Lua checks are read from, and what is said of one that does not compile."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.errors import BadConfiguration
from workers.health import judge
from workers.health.loading import load, read


def written(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def said(word: str) -> str:
    """A check that says this."""
    return f"return {{status = 'Degraded', message = '{word}'}}"


ARGOCD_CM = """
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
data:
  url: https://argocd.example.com
  timeout.reconciliation: 180s
  resource.customizations.ignoreDifferences.all: |
    jqPathExpressions: ['.spec']
  resource.customizations.useOpenLibs.example.com_Widget: "true"
  resource.customizations.health.example.com_Widget: |
    hs = {}
    hs.status = "Degraded"
    hs.message = "each"
    return hs
  resource.customizations.health.ConfigMap: return {status = "Degraded", message = "core"}
  resource.customizations: |
    "*.cloud.example.com/*":
      health.lua: |
        return {status = "Degraded", message = "all"}
    apps/Deployment:
      ignoreDifferences: |
        jsonPointers: [/spec/replicas]
"""


def test_argo_cd_s_layouts_are_read_unchanged(tmp_path: Path) -> None:
    """A folder by group and kind, each key of the ConfigMap, and the older form that holds all."""
    files = {
        "example.org/Gadget/health.lua": said("folder"),
        "_.example.net/_/health.lua": said("wild"),
        "Secret/health.lua": said("secret"),
        "example.org/Gadget/testdata/healthy.yaml": "x",
        "example.org/Gadget/actions/restart/action.lua": "this is not Lua",
        "health.lua": "nor is this",
        "a/b/c/health.lua": "nor this",
    }
    folder = written(tmp_path / "checks", files)
    (tmp_path / "argocd-cm.yaml").write_text(ARGOCD_CM)
    checks = load([folder], [tmp_path / "argocd-cm.yaml"])
    found = {
        kind: judge({"apiVersion": version, "kind": kind}, checks).message
        for version, kind in [
            ("example.org/v1", "Gadget"),
            ("a.example.net/v1", "Thing"),
            ("v1", "Secret"),
            ("example.com/v1", "Widget"),
            ("v1", "ConfigMap"),
            ("sql.cloud.example.com/v1", "Database"),
            ("example.com/v1", "Other"),
        ]
    }
    assert found == {
        "Gadget": "is degraded (folder)",
        "Thing": "is degraded (wild)",
        "Secret": "is degraded (secret)",
        "Widget": "is degraded (each)",
        "ConfigMap": "is degraded (core)",
        "Database": "is degraded (all)",
        "Other": "exists",
    }
    assert len(checks.scripts) == 6


def test_a_check_that_does_not_compile_is_named_with_file_and_line(tmp_path: Path) -> None:
    """The line of the file, also inside a ConfigMap; the others are read all the same."""
    folder = written(tmp_path / "checks", {"a/B/health.lua": "local x = 1\nif x\nreturn", "a/C/health.lua": said("c")})
    (tmp_path / "cm.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n"
        "  resource.customizations.health.a_D: |\n    local x = 1\n    retrun x\n"
        "  resource.customizations: |\n    a/E:\n      health.lua: |\n        local y = 1\n        y y\n"
    )
    scripts, problems = read([folder], [tmp_path / "cm.yaml"])
    assert [one.kind for one in scripts] == ["a/C"]
    assert [(Path(one.file).name, one.line) for one in problems] == [("health.lua", 3), ("cm.yaml", 6), ("cm.yaml", 11)]
    assert "'then' expected near 'return' (Lua)" in str(problems[0])
    with pytest.raises(BadConfiguration, match=r"cm\.yaml"):
        load([folder], [tmp_path / "cm.yaml"])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.yaml", None, "cannot be read"),
        ("bytes.yaml", b"\xff", "not UTF-8"),
        ("large.yaml", b"#" * 1024 * 1025, "is larger than 1048576 bytes"),
        ("bad.yaml", b"a: [", "bad.yaml"),
        ("inner.yaml", b"data:\n  resource.customizations: 'a: ['\n", "resource.customizations is no YAML"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: bytes | None, words: str) -> None:
    """A start without the checks it was to have would judge too kindly."""
    if text is not None:
        (tmp_path / name).write_bytes(text)
    with pytest.raises(BadConfiguration, match=words):
        load([], [tmp_path / name])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what was expected."""
    with pytest.raises(BadConfiguration, match="no such folder"):
        load([tmp_path / "none"], [])
