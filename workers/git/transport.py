"""How git is allowed to talk to a server, and what its complaints mean."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import git

from workers.errors import AccessDenied, GitUnreachable, HooklineError, SourceMissing

_DENIED = (
    "authentication failed",
    "permission denied",
    "returned error: 401",
    "returned error: 403",
    "could not read username",
)
_MISSING = (
    "repository not found",
    "not found",
    "does not appear to be a git repository",
    "returned error: 404",
)


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
def errors(url: str) -> Iterator[None]:
    """Turn git's failures inside the block into ours, naming ``url``."""
    try:
        yield
    except git.GitCommandError as error:
        raise judged(url, str(error.stderr or error)) from None


def judged(url: str, words: str) -> HooklineError:
    """Return the error that git's standard error ``words`` mean for the repository ``url``."""
    said = " ".join(line.strip() for line in words.replace("stderr:", "").strip(" '\n").splitlines())[-400:]
    lower = said.lower()
    if any(sign in lower for sign in _DENIED):
        return AccessDenied(f"the Git server refused our credentials for {url}: give Hookline read access to it")
    if any(sign in lower for sign in _MISSING):
        return SourceMissing(
            f"there is no repository {url}, or Hookline may not see it: correct repoURL or give it access"
        )
    return GitUnreachable(f"the Git server of {url} did not answer as expected ({said or 'it timed out'})")
