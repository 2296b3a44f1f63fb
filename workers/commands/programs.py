"""Which programs a configuration and its apps need on a worker's machine, and which of them are not installed here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Final

from workers import credentials
from workers.apps import App, Index
from workers.context import clone_url
from workers.settings import Settings

PACKAGES: Final = {"ssh": "openssh-client", "ssh-keygen": "openssh-client", "gpg": "gnupg"}
"""The programs that are needed for some configurations only, with the package that has them."""


def missing(settings: Settings, index: Index) -> list[str]:
    """Return a sentence for each program that is not on the PATH, with what needs it first and the package."""
    found: dict[str, str] = {}
    for program, why in _needed(settings, index):
        if program not in found and shutil.which(program) is None:
            found[program] = f"{why}, and {program} is not installed here: install {PACKAGES[program]}"
    return list(found.values())


def _needed(settings: Settings, index: Index) -> Iterator[tuple[str, str]]:
    for name, declared in settings.repository_credentials.items():
        if declared.ssh_key:
            yield "ssh", f"repository_credentials.{name} is for SSH"
    for name, signers in settings.signatures.items():
        if signers.gpg:
            yield "gpg", f"signatures.{name} has GPG keys"
        if signers.ssh:
            yield "ssh-keygen", f"signatures.{name} has SSH keys"
    for app in index.apps.values():
        if app.fault:
            continue
        if any(_is_ssh(settings, view) for view in app.views):
            yield "ssh", f"{app.origin}: {app.name} is fetched by SSH"
        if by := next((one.by for one in app.verify if one.secret), ""):
            yield "gpg", f"{app.origin}: {by} asks for signatures"


def _is_ssh(settings: Settings, view: App) -> bool:
    try:
        return credentials.prefix(clone_url(settings, view.url)).scheme == "ssh"
    except ValueError:
        return False
