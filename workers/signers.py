"""Settings of whose signatures count: public keys, by the start of a repository's URL (`docs/signed-sources.md`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, model_validator

from workers import credentials
from workers.groups import Group
from workers.signed import Mode


def _url(url: str) -> str:
    credentials.prefix(url)
    return url


class Signers(Group):
    """Whose signatures count for some repositories. The keys are public, and read at every fetch."""

    url: Annotated[str, AfterValidator(_url)]
    """The repositories: a URL, or whole segments of its start, such as https://github.com/your-org. Of several that
    fit, the longest counts. How a repository is fetched (https or ssh) does not matter."""
    gpg: tuple[Path, ...] = ()
    """Files with GPG public keys, as `gpg --export --armor` writes them."""
    ssh: Path | None = None
    """A file of SSH keys in the format of `gpg.ssh.allowedSignersFile` (ssh-keygen(1), ALLOWED SIGNERS)."""
    verify: Mode = Mode.REVISION
    """What has to be signed: `Revision` (an annotated tag, else the commit), `HEAD` (the commit), `Tag`, `TagAndHEAD`,
    or `None`: only where a project's `signatureKeys` ask for it."""

    @model_validator(mode="after")
    def _usable(self) -> Signers:
        if not self.gpg and not self.ssh:
            raise ValueError("expected `gpg` or `ssh`: files with public keys")
        return self


def fitting(declared: Mapping[str, Signers], url: str) -> str:
    """Return the name of the entry for a repository, ``""`` for none. Pure.

    Raises ``ValueError`` as `workers.repositories.canonical` does.
    """
    wanted = credentials.prefix(url)
    fits = {
        name: len(start.segments)
        for name, start in ((name, credentials.prefix(one.url)) for name, one in declared.items())
        if start.host == wanted.host and start.segments == wanted.segments[: len(start.segments)]
    }
    return max(fits, key=lambda name: fits[name], default="")
