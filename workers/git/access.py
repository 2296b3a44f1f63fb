"""Handing a credential to git: by files in this worker's memory that git, its helper or ssh open while the call runs.

The credential is in no argument, no URL, no configuration file, no variable of the environment and on no disk: what git
gets is the name of the file, ``/proc/<this process>/fd/<number>``. Field facts: gitcredentials(7), git-config(1)
(``include.path``, ``http.<url>.*``), memfd_create(2) and ssh_config(5).
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
class Way:
    """What the way to a server needs besides, as PEM and URL: authorities to trust in place of this machine's, a
    certificate of ours with its key, a proxy, and the hosts that are reached without it.
    """

    authorities: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)
    direct: str = ""


PLAIN: Final = Way()
"""Nothing besides."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password or token, for https; without a password only the way is special. A ``bearer`` token has no
    user.
    """

    username: str
    password: str = field(repr=False)
    bearer: bool = False
    way: Way = PLAIN


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the host keys that are known, both as OpenSSH writes them."""

    private: str = field(repr=False)
    known_hosts: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """The credential of a repository: the setting or Secret it comes from, how many segments of the URL's path that one
    names, and what reads it, anew for each call.

    ``hosts`` is what people call its list of host keys, ``version`` tells a Secret from what it was before.
    """

    setting: str
    depth: int
    secret: Callable[[], Login | Key] = field(repr=False)
    hosts: str = ""
    version: str = ""


Find = Callable[[bool], Access | None]
"""Finds the credential, if there is one; with ``True`` what was read before does not count: it was refused."""


def nobody(anew: bool) -> Access | None:
    """Find no credential."""
    del anew
    return None


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
        if not (secret.username + secret.password + secret.way.proxy).isprintable():
            raise BadConfiguration("the username or password holds a line break or another control character")
        given = {}
        if secret.password and not secret.bearer:
            words = stack.enter_context(_in_memory(f"username={secret.username}\npassword={secret.password}\n"))
            place = f"credential.{scope(clone, depth)}.helper"
            given[place] = f'!f() {{ test "$1" != get || cat {words}; }}; f'
        if lines := _configured(secret):
            section = [f"[http {_quoted(scope(clone, depth))}]", *(f"{name} = {_quoted(said)}" for name, said in lines)]
            given["include.path"] = stack.enter_context(_in_memory("\n".join(section) + "\n"))
        environment = {"GIT_CONFIG_COUNT": str(2 + len(given))}
        for number, (name, value) in enumerate(given.items(), 2):
            environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        yield environment | _files(secret.way, stack)


def _files(way: Way, stack: contextlib.ExitStack) -> dict[str, str]:
    """Return the variables that name files for TLS, which go before git's configuration, and hosts without a proxy."""
    held = {"GIT_SSL_CAINFO": way.authorities, "GIT_SSL_CERT": way.certificate, "GIT_SSL_KEY": way.key}
    found = {name: stack.enter_context(_in_memory(f"{text}\n")) for name, text in held.items() if text}
    return found | ({"NO_PROXY": way.direct, "no_proxy": way.direct} if way.direct else {})


def _configured(secret: Login) -> list[tuple[str, str]]:
    """Return what git's configuration has to say of a server, but for a password."""
    found = []
    if secret.bearer:
        # git sends its header to whoever a redirect leads to, so none is followed.
        found += [("extraHeader", f"Authorization: Bearer {secret.password}"), ("followRedirects", "false")]
    return found + ([("proxy", secret.way.proxy)] if secret.way.proxy else [])


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


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
