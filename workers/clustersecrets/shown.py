"""What is shown to a server, and the rules for it that Argo CD's and Flux's Secrets share. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from workers import addresses
from workers.clustersecrets.fields import Fields
from workers.credentials import prefix
from workers.git.access import PLAIN, Key, Login, Way

ANYBODY: Final = "x-access-token"
"""The user of a token that names none: GitHub and GitLab take any."""
_GITHUB: Final = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class AppKey:
    """A GitHub App that opens repositories: where GitHub's API is, its ID and its private key."""

    api: str
    id: str
    private: str = field(repr=False)
    way: Way = PLAIN


Shown = Login | Key | AppKey


def app_key(fields: Fields, clone: str, base: str, way: Way) -> AppKey:
    """Return the GitHub App of a Secret for ``clone``; ``base`` is the key with the API's address of another GitHub.

    The API has to be of the repository's own host. Raises :class:`workers.errors.BadConfiguration`.
    """
    said = fields.text(base)
    try:
        api = addresses.base(said or _GITHUB)
    except ValueError:
        raise fields.wrong(base, "the URL of GitHub's API, such as https://ghes.example.com/api/v3") from None
    host = (urlsplit(api).hostname or "").removeprefix("api.")
    wanted = urlsplit(clone).hostname or ""
    if host != wanted.lower():
        raise fields.wrong(base, f"the URL of GitHub's API at {wanted}, for its token is sent nowhere else")
    if not addresses.is_safe(api):
        raise fields.wrong(base, "https, so that nobody on the way reads the token")
    private = fields.needed("githubAppPrivateKey", "the App's private key, as PEM")
    return AppKey(api, fields.needed("githubAppID", "the App's ID"), private, way)


def check_way(fields: Fields, clone: str) -> None:
    """Raise :class:`workers.errors.BadConfiguration` where a credential would be readable on its way."""
    if prefix(clone).scheme == "http" and not addresses.is_safe(clone):
        raise fields.wrong("url", "https, so that nobody on the way reads the credential")
