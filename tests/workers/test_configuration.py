"""The configuration says file, line and field of everything that is wrong, and never shows a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.receiver.conftest import APPLICATION
from workers import cli, configuration
from workers.errors import BadConfiguration

GOOD = """\
url: https://hookline.example
data: state
catalog:
  folders: [apps]
clusters:
  production:
    kubeconfig: kubeconfig
    context: admin
hooks:
  main:
    forge: github
    secrets: [env:HOOK_SECRET]
    repositories: ["your-org/*"]
forges:
  github.com:
    kind: github
    api: https://api.github.com
    token: env:FORGE_TOKEN
issuers:
  - issuer: hookline
    key: file:key
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good configuration with one app."""
    path = tmp_path / "hookline.yaml"
    path.write_text(GOOD)
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "myapp.yaml").write_text(APPLICATION)
    return path


def test_a_good_file_is_read_and_its_paths_are_relative_to_it(file: Path) -> None:
    """Wherever the process was started."""
    settings = configuration.load(file)
    assert settings.data == file.parent / "state"
    assert settings.catalog.folders == (file.parent / "apps",)
    assert settings.clusters["production"].kubeconfig == file.parent / "kubeconfig"


def test_the_environment_goes_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field by field."""
    monkeypatch.setenv("HOOKLINE_URL", "https://other.example")
    monkeypatch.setenv("HOOKLINE_EDGE__PORT", "9999")
    settings = configuration.load(file)
    assert (settings.url, settings.edge.port, settings.data) == ("https://other.example", 9999, file.parent / "state")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("url: https", "urll: https", 1, "urll", "not known"),
        ("    context: admin", "    contxt: admin", 8, "clusters.production.contxt", "not known"),
        ("    forge: github\n", "    forge: svn\n", 11, "hooks.main.forge", "github"),
        ("[env:HOOK_SECRET]", "[hunter2hunter2]", 12, "hooks.main.secrets[0]", "never written here"),
        ("[env:HOOK_SECRET]", "[]", 10, "hooks.main", "would accept anybody"),
        ("token: env:FORGE_TOKEN", "token: ghp_1234567890abcdef", 18, "forges.github.com.token", "never written here"),
        ('["your-org/*"]', '["your-org/*"]\n    account: nowhere', 14, "hooks.main.account", "github.com"),
        ("    context: admin", "    context: admin\n    in_cluster: true", 6, "clusters.production", "not both"),
        (
            "  - issuer: hookline",
            "  - issuer: hookline\n    algorithms: [none]",
            21,
            "issuers[0].algorithms[0]",
            "HS256",
        ),
        ("data: state", "data: state\nedge: {port: 99999}", 3, "edge.port", "65535"),
    ],
)
def test_a_problem_names_file_line_and_field(file: Path, old: str, new: str, line: int, field: str, says: str) -> None:
    """And what was expected; a secret in the wrong place is not repeated."""
    file.write_text(GOOD.replace(old, new, 1))
    settings, problems = configuration.examine(file)
    assert settings is None
    assert str(problems[0]).startswith(f"{file}:{line}: {field}: ")
    assert says in str(problems[0])
    assert "hunter2" not in str(problems[0])
    assert "ghp_" not in str(problems[0])


def test_all_problems_are_told_at_once(file: Path) -> None:
    """In the order of the lines."""
    file.write_text(GOOD.replace("forge: github\n", "forge: svn\n", 1).replace("url:", "urll:", 1))
    _, problems = configuration.examine(file)
    assert [problem.line for problem in problems] == [1, 11]
    with pytest.raises(BadConfiguration, match=r"(?s)urll.*hooks\.main\.forge"):
        configuration.load(file)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    """The way out is in the sentence."""
    with pytest.raises(BadConfiguration, match="--config"):
        configuration.load(tmp_path / "none.yaml")


def test_check_passes_a_good_set_and_lists_everything_that_is_not(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration, secrets and app documents in one go; the exit status tells a script."""
    monkeypatch.setenv("HOOK_SECRET", "s" * 20)
    monkeypatch.setenv("FORGE_TOKEN", "t" * 20)
    (file.parent / "key").write_text("k" * 32)
    monkeypatch.chdir(file.parent)
    file.write_text(GOOD.replace("[env:HOOK_SECRET]", "[env:HOOK_SECRET]\n    plans: false"))
    good = CliRunner().invoke(cli.app, ["check", "--config", str(file)])
    assert (good.exit_code, good.output.strip()) == (0, "✓ configuration and 1 app are fine")

    monkeypatch.delenv("FORGE_TOKEN")
    (file.parent / "apps" / "other.yaml").write_text(
        APPLICATION.replace("prune: true", "prune: 1").replace("name: myapp\n", "name: o\n")
    )
    bad = CliRunner().invoke(cli.app, ["check", "--config", str(file)])
    assert bad.exit_code == 1
    assert "forges.github.com.token: the environment variable FORGE_TOKEN is not set" in bad.output
    assert "other.yaml:16: spec.syncPolicy.automated.prune" in bad.output
