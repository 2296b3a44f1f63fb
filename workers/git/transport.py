"""How git is allowed to talk to a server, and what its complaints mean."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import git

from workers.errors import (
    AccessDenied,
    BadConfiguration,
    CommitGone,
    GitUnreachable,
    HooklineError,
    MirrorDamaged,
    OperatorError,
    SourceMissing,
)
from workers.git import damage
from workers.git.access import Access, Key, Login, opened
from workers.redaction import blank

_DENIED = (
    "authentication failed",
    "permission denied",
    "returned error: 401",
    "returned error: 403",
    "could not read username",
)
_STRANGER = ("host key verification failed",)
_CHANGED = ("remote host identification has changed",)
_NO_SSH = ("cannot run ssh", "ssh: not found", "ssh: command not found")
_MISSING = (
    "repository not found",
    "not found",
    "does not appear to be a git repository",
    "returned error: 404",
)
_GONE = ("not our ref", "unadvertised object")
"""What upload-pack says when it is asked for a commit that it does not have, or does not give by its id."""


def environment() -> dict[str, str]:
    """Return the environment of every git command: nobody is asked, no local configuration, network protocols only."""
    return {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "http:https:ssh",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": os.devnull,
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "initial",
    }


@contextlib.contextmanager
def reaching(url: str, clone: str, access: Access | None) -> Iterator[dict[str, str]]:
    """Yield what git's environment needs besides to fetch ``url`` from ``clone``, and turn git's failures into ours.

    The credential is read now, and blanked in whatever git says. Raises :class:`OperatorError` naming the repository
    and the setting for one that cannot be had, and what :func:`judged` returns.
    """
    secret = _read(url, access) if access else None
    try:
        if access is None or secret is None:
            yield {}
            return
        with opened(secret, clone, access.depth) as environment:
            yield environment
    except git.GitCommandError as error:
        words = _blanked(str(error.stderr or error), secret)
        raise judged(url, words, *((access.setting, access.hosts) if access else ())) from None
    except BadConfiguration as error:
        raise BadConfiguration(f"{error} (it is for {url})", field=access.setting if access else "") from None


def _read(url: str, access: Access) -> Login | Key:
    try:
        return access.secret()
    except OperatorError as error:
        words = str(error) if str(error).startswith(access.setting) else f"{access.setting}: {error}"
        raise type(error)(f"{words} (it is for {url})") from None


def _blanked(words: str, secret: Login | Key | None) -> str:
    if isinstance(secret, Login):
        hidden = [secret.password, secret.way.proxy, *secret.way.key.splitlines()]
    else:
        hidden = secret.private.splitlines() if secret else []
    for one in filter(None, hidden):
        words = blank(words, one)
    return words


def judged(url: str, words: str, setting: str = "", hosts: str = "") -> HooklineError:
    """Return the error that git's standard error ``words`` mean for the repository ``url``.

    ``setting`` is where the credential comes from that was used, ``""`` for none, ``hosts`` where the host keys do.
    Pure.
    """
    said = " ".join(line.strip() for line in words.replace("stderr:", "").strip(" '\n").splitlines())[-400:]
    lower = said.lower()
    if damage.is_sign(words):
        return MirrorDamaged(f"this machine's copy of {url} is damaged ({said})")
    if any(sign in lower for sign in _NO_SSH):
        return BadConfiguration(f"ssh is not installed, and {url} is fetched with it: install openssh-client")
    where = hosts or (f"{setting}.known_hosts" if setting else "this machine's known_hosts")
    if any(sign in words.lower() for sign in _CHANGED):
        return AccessDenied(
            f"the Git server of {url} shows another host key than the one in {where}: somebody may be in its place; "
            "correct the entry if the server was given a new key"
        )
    if any(sign in lower for sign in _STRANGER):
        return AccessDenied(
            f"the Git server of {url} has a host key that is not in {where}: add it if it is the right one"
        )
    if any(sign in lower for sign in _DENIED) and setting:
        return AccessDenied(
            f"the Git server refused the credential of {setting} for {url}: put a valid one in its place"
        )
    if any(sign in lower for sign in _DENIED):
        return AccessDenied(
            f"the Git server asks for a credential for {url} and none is for it: add it to `repository_credentials`"
        )
    if any(sign in lower for sign in _MISSING):
        seer = f"the credential of {setting}" if setting else "Hookline"
        return SourceMissing(
            f"there is no repository {url}, or {seer} may not see it: correct repoURL or give it access"
        )
    if any(sign in lower for sign in _GONE):
        return CommitGone(f"the Git server of {url} does not have that commit any more, or gives none by its id")
    return GitUnreachable(f"the Git server of {url} did not answer as expected ({said or 'it timed out'})")
