"""Which credential is for which repository, as tables; and what a credential may not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from workers import configuration
from workers.commands import problems
from workers.credentials import RepositoryCredential, fitting
from workers.git.access import scope
from workers.settings import Settings

PASSWORD = {"password": "env:A_TOKEN"}
KEY = {"ssh_key": "env:A_KEY", "known_hosts": "hosts"}
DECLARED = {
    name: RepositoryCredential.model_validate({"url": url, **(KEY if "git@" in url else PASSWORD)})
    for name, url in {
        "host": "https://git.example.com",
        "team": "https://git.example.com/team",
        "app": "https://git.example.com/team/app.git",
        "port": "https://git.example.com:8443/",
        "github": "https://GitHub.com/Your-Org/",
        "ssh": "git@git.example.com:team",
        "ssh host": "ssh://git@ssh.example.com",
    }.items()
}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.example.com/team/app", "app"),
        ("https://git.example.com/team/app.git/", "app"),
        ("https://git.example.com/team/app2.git", "team"),
        ("https://git.example.com/team/app/sub", "app"),
        ("https://git.example.com/teams/app", "host"),
        ("https://git.example.com/Team/app", "host"),
        ("https://git.example.com:443/x/y", "host"),
        ("https://git.example.com:8443/team/app", "port"),
        ("https://git.example.com:8444/team/app", ""),
        ("http://git.example.com/team/app", ""),
        ("https://git.example.com.evil.example/team/app", ""),
        ("https://git.example.com@evil.example/team/app", ""),
        ("https://evil.example/git.example.com/team/app", ""),
        ("https://github.com/your-org/your-repo", "github"),
        ("https://github.com/your-org-2/your-repo", ""),
        ("git@git.example.com:team/app.git", "ssh"),
        ("ssh://other@git.example.com/team/app", "ssh"),
        ("git@git.example.com:other/app.git", ""),
        ("ssh://git@ssh.example.com/a/b/c", "ssh host"),
        ("git@ssh.example.com:a", "ssh host"),
    ],
)
def test_the_longest_prefix_of_whole_segments_counts(url: str, expected: str) -> None:
    """Scheme, host and port have to be the same; the order of declaration does not matter."""
    assert fitting(DECLARED, url) == expected
    assert fitting(dict(reversed(DECLARED.items())), url) == expected


@pytest.mark.parametrize(
    ("url", "depth", "expected"),
    [
        ("https://git.example.com/team/app.git", 0, "https://git.example.com"),
        ("https://me@git.example.com:8443/Team/app.git", 1, "https://git.example.com:8443/Team"),
        ("HTTPS://git.example.com//team/app.git", 2, "https://git.example.com/team/app.git"),
    ],
)
def test_git_gives_a_login_to_the_prefix_only(url: str, depth: int, expected: str) -> None:
    assert scope(url, depth) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "https://h/x"}, "one of `password`, `ssh_key` and `forge`"),
        ({"url": "https://h/x", "forge": "a", **PASSWORD}, "one of `password`, `ssh_key` and `forge`"),
        ({"url": "https://h/x", **KEY}, "goes with a `url` for SSH"),
        ({"url": "git@h:x", **PASSWORD}, "goes with a `url` for SSH"),
        ({"url": "git@h:x", "ssh_key": "env:K"}, "`known_hosts` is missing"),
        ({"url": "http://h/x", **PASSWORD}, "must be https"),
        ({"url": "https://me:hunter2@h/x", **PASSWORD}, "never written here"),
        ({"url": "https://h/x", "password": "hunter2"}, "never written here"),
        ({"url": "ext::sh", **PASSWORD}, "repository URL"),
    ],
)
def test_what_is_no_credential_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        RepositoryCredential.model_validate(given)
    told = [one["msg"] for one in refusal.value.errors(include_input=False)]
    assert words in told[0]
    assert "hunter2" not in told[0]


def test_plain_http_is_said_or_stays_on_this_machine() -> None:
    assert RepositoryCredential.model_validate({"url": "http://127.0.0.1:80/x", **PASSWORD})
    assert RepositoryCredential.model_validate({"url": "http://h/x", "plain_http": True, **PASSWORD})


def test_what_does_not_fit_together_is_said_with_its_line(tmp_path: Path) -> None:
    """Two for one URL, an account nobody knows or of another host; and a known_hosts is found beside the file."""
    file = tmp_path / "hookline.yaml"
    lines = ["forges:", "  hub: {kind: github, api: 'https://api.github.com', token: env:T}", "repository_credentials:"]
    good = ["  ssh: {url: 'git@h:x', ssh_key: env:NO_KEY, known_hosts: hosts}"]
    bad = [
        "  one: {url: 'https://h/x', password: env:T}",
        "  two: {url: 'https://h/x.git', password: env:T}",
        "  three: {url: 'https://h/y', forge: nobody}",
        "  four: {url: 'https://gitlab.com/y', forge: hub}",
    ]
    file.write_text("\n".join(lines + good + bad))
    settings, found = configuration.examine(file)
    assert settings is None
    assert [(one.line, one.field.split(".")[1]) for one in found] == [(6, "two"), (7, "three"), (8, "four")]
    file.write_text("\n".join(lines + good))
    settings, _ = configuration.examine(file)
    assert isinstance(settings, Settings)
    assert settings.repository_credentials["ssh"].known_hosts == tmp_path / "hosts"
    missing = [one for one in problems.missing_secrets(settings) if one.startswith("repository_credentials")]
    assert [one.partition(":")[0] for one in missing] == [
        "repository_credentials.ssh.ssh_key",
        "repository_credentials.ssh.known_hosts",
    ]
