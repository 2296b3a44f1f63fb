"""Handing a credential to git: by a file in this worker's memory that git's helper, or ssh, opens while the call runs.

The credential is in no argument, no URL, no configuration file, no variable of the environment and on no disk: what git
gets is the name of the file, ``/proc/<this process>/fd/<number>``. Field facts: gitcredentials(7), memfd_create(2) and
ssh_config(5).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from workers.errors import BadConfiguration

_SSH: Final = (
    "ssh -F none -oBatchMode=yes -oStrictHostKeyChecking=yes -oGlobalKnownHostsFile=none -oUpdateHostKeys=no"
    " -oIdentitiesOnly=yes -oIdentityAgent=none -oForwardAgent=no -oPreferredAuthentications=publickey"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password or token, for https."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the host keys that are known, both as OpenSSH writes them."""

    private: str = field(repr=False)
    known_hosts: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """The credential of a repository: the setting it comes from, how many segments of the URL's path that one names,
    and what reads it, anew for each call.
    """

    setting: str
    depth: int
    secret: Callable[[], Login | Key] = field(repr=False)


@contextlib.contextmanager
def opened(secret: Login | Key, clone: str, depth: int) -> Iterator[dict[str, str]]:
    """Yield the environment that lets git use a credential for ``clone`` while the block runs.

    A login is given to the scheme, host, port and first ``depth`` segments of the path of ``clone`` only, so that no
    redirect takes it elsewhere. Raises :class:`BadConfiguration` for one that git's protocol has no words for.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(secret, Key):
            key = stack.enter_context(_in_memory(f"{secret.private}\n"))
            hosts = stack.enter_context(_in_memory(f"{secret.known_hosts}\n"))
            yield {"GIT_SSH_COMMAND": f"{_SSH} -oUserKnownHostsFile={hosts} -oIdentityFile={key}"}
            return
        if not (secret.username + secret.password).isprintable():
            raise BadConfiguration("the username or password holds a line break or another control character")
        words = stack.enter_context(_in_memory(f"username={secret.username}\npassword={secret.password}\n"))
        yield {
            "GIT_CONFIG_COUNT": "3",
            "GIT_CONFIG_KEY_2": f"credential.{scope(clone, depth)}.helper",
            "GIT_CONFIG_VALUE_2": f'!f() {{ test "$1" != get || cat {words}; }}; f',
        }


def scope(clone: str, depth: int) -> str:
    """Return the part of a URL that a login is for: without a user, cut after ``depth`` segments of the path. Pure."""
    parts = urlsplit(clone)
    segments = [one for one in parts.path.split("/") if one][:depth]
    return "/".join((f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}", *segments))


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Yield the name of a file in memory that only this user may open, and only until the block ends."""
    if not hasattr(os, "memfd_create"):
        raise BadConfiguration("credentials for Git need files in memory, which this system does not have: use Linux")
    number = os.memfd_create("credential")
    try:
        os.fchmod(number, 0o600)
        os.write(number, text.encode())
        yield f"/proc/{os.getpid()}/fd/{number}"
    finally:
        os.close(number)
