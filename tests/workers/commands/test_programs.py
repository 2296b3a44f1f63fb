"""What `hookline check` says of programs that only some configurations need: named with the package, where needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workers import apps
from workers.apps import App
from workers.commands import programs
from workers.settings import Settings
from workers.signed import Mode, Verify

HTTPS, SSH = "https://git.example.com/team/app.git", "git@git.example.com:team/app.git"
APP = App("myapp", HTTPS, ".", "main", "a.yaml", 3)


def said(settings: dict[str, Any], *every: App) -> list[str]:
    """What is missing for a configuration and its apps."""
    return programs.missing(Settings.model_validate(settings), apps.index(every))


def test_a_program_is_asked_for_where_something_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing on the PATH; each program once, however many need it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert said({}, APP) == []
    key = {"url": "git@git.example.com:team", "ssh_key": "env:KEY", "known_hosts": "hosts"}
    assert said({"repository_credentials": {"team": key}}, replace(APP, url=SSH)) == [
        "repository_credentials.team is for SSH, and ssh is not installed here: install openssh-client"
    ]
    words = "a.yaml:3: myapp is fetched by SSH, and ssh is not installed here: install openssh-client"
    assert said({}, replace(APP, url=SSH)) == [words]
    mapped = {"repositories": [{"url": SSH, "clone": HTTPS}]}
    assert said(mapped, replace(APP, url=SSH)) == []
    assert said({}, replace(APP, url=SSH, fault="broken")) == []
    both = {"url": "https://git.example.com", "gpg": ["a.asc"], "ssh": "signers"}
    assert said({"signatures": {"all": both}}) == [
        "signatures.all has GPG keys, and gpg is not installed here: install gnupg",
        "signatures.all has SSH keys, and ssh-keygen is not installed here: install openssh-client",
    ]
    flux = Verify(Mode.HEAD, "spec.verify of GitRepository repo", secret=("default", "keys"))
    words = "a.yaml:3: spec.verify of GitRepository repo asks for signatures, and gpg is not installed here: install"
    assert said({}, replace(APP, verify=(flux,)))[0].startswith(words)


def test_what_is_installed_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssh").write_text("#!/bin/sh\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert said({}, replace(APP, url=SSH)) == []
