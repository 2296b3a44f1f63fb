"""Settings of the credentials for private repositories, and which of them is for a repository: by URL prefix.

Decided by parsing alone, as in `workers.repositories`; nothing is contacted. Field fact: Argo CD calls such a prefix a
credential template, and takes the longest one that matches, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, model_validator

from workers import addresses, repositories
from workers.groups import Group, SecretRef


class Prefix(NamedTuple):
    """The start of a repository's URL: ``https``, ``http`` or ``ssh``, host (with an unusual port), path segments."""

    scheme: str
    host: str
    segments: tuple[str, ...]


def prefix(url: str) -> Prefix:
    """Read a prefix of repository URLs, or a whole one. Pure.

    Raises ``ValueError``, a sentence without the URL, for what `workers.repositories.canonical` refuses.
    """
    start = url.rstrip("/").removesuffix(".git")
    start = f"https://{start.removeprefix('oci://')}" if start.startswith("oci://") else start
    host, *segments = repositories.canonical(f"{start}/x").split("/")
    scheme, separator, _ = start.partition("://")
    return Prefix(scheme.lower() if separator else "ssh", host, tuple(segments[:-1]))


def _url(url: str) -> str:
    found = prefix(url)
    if found.scheme != "ssh" and "@" in url:
        raise ValueError(
            "a secret is never written here: leave the user out of the URL, and use `username`, `password`"
        )
    return url


class RepositoryCredential(Group):
    """What Git shows to the server of private repositories (`docs/private-repositories.md`): one of `password`,
    `ssh_key` and `forge`. It is read at every fetch.
    """

    url: Annotated[str, AfterValidator(_url)]
    """The repositories it is for: a URL, or whole segments of its start, such as https://git.example.com/team,
    git@git.example.com:team, or oci://ghcr.io/team for a registry. Of several that fit, the longest counts."""
    username: str = "x-access-token"
    """Who `password` belongs to; GitHub and GitLab take any name with a token."""
    password: SecretRef | None = None
    """A reference to a password or token for https."""
    ssh_key: SecretRef | None = None
    """A reference to a private key for SSH, without a passphrase."""
    known_hosts: Path | None = None
    """The file with the host keys that SSH may meet, as `ssh-keyscan` writes it. Needed with `ssh_key`: a key that is
    not in it is never taken."""
    forge: str = ""
    """The account (a key under ``forges``) whose token or GitHub App opens the repositories."""
    plain_http: bool = False
    """Whether `url` may be http beyond this machine: the credential is then readable on the way."""

    @model_validator(mode="after")
    def _usable(self) -> RepositoryCredential:
        if sum(map(bool, (self.password, self.ssh_key, self.forge))) != 1:
            raise ValueError("expected one of `password`, `ssh_key` and `forge`")
        is_ssh = prefix(self.url).scheme == "ssh"
        if is_ssh != bool(self.ssh_key):
            raise ValueError(
                "`ssh_key` goes with a `url` for SSH (git@host:path), `password` and `forge` with https://"
            )
        if self.ssh_key and not self.known_hosts:
            raise ValueError("`known_hosts` is missing: name the file with the server's host keys")
        if not is_ssh and not self.plain_http and not addresses.is_safe(self.url.replace("oci://", "https://", 1)):
            raise ValueError(
                "`url` must be https, so that nobody on the way reads the credential; else say `plain_http: true`"
            )
        return self


class RepositorySecrets(Group):
    """Where Argo CD's Secrets of repositories are (`docs/private-repositories.md`): those that are labelled
    `argocd.argoproj.io/secret-type`, with the ConfigMaps of host keys and authorities beside them.
    """

    namespace: str = ""
    """Their namespace, usually `argocd`; without it none are read. Hookline has to be allowed to list its Secrets."""
    cluster: str = ""
    """The cluster (a key under ``clusters``) they are in; without it the first one."""


def covers(start: Prefix, url: Prefix) -> bool:
    """Whether a URL is below a start: of its scheme, host and port, in whole segments. Pure."""
    return start[:2] == url[:2] and start.segments == url.segments[: len(start.segments)]


def fitting(declared: Mapping[str, RepositoryCredential], clone: str) -> str:
    """Return the name of the credential for a repository that is fetched from ``clone``, ``""`` for none. Pure.

    One for https is never used over http, nor one for another port. Raises as :func:`prefix`.
    """
    wanted = prefix(clone)
    starts = {name: prefix(one.url) for name, one in declared.items()}
    fits = {name: len(start.segments) for name, start in starts.items() if covers(start, wanted)}
    return max(fits, key=lambda name: fits[name], default="")


def is_below(starts: Iterable[str], url: str) -> bool:
    """Whether a repository's URL begins with one of these, in whole segments; scheme, host and port are equal. Pure."""
    try:
        wanted = prefix(url)
    except ValueError:
        return False
    begins = [prefix(one) for one in starts]
    return any(one[:2] == wanted[:2] and one.segments == wanted.segments[: len(one.segments)] for one in begins)
