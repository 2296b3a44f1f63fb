"""Settings of the API's callers: who may issue bearer tokens, what foreign tokens are worth, what the trail keeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from workers import addresses, globs
from workers.groups import Group, Seconds, SecretRef

Scope = Literal["sync", "sync:force", "hold", "rollback", "plan", "approve", "read", "audit"]
SHARED: Final = {
    "https://token.actions.githubusercontent.com": ("repository", "repository_owner", "repository_id", "sub"),
    "https://gitlab.com": ("project_path", "namespace_path", "project_id", "namespace_id", "sub"),
}
"""Issuers that sign for everybody, and the claims that say for whom: without one, a grant is open to the world."""


class Grant(Group):
    """What tokens are worth whose claims are like these: scopes, each on these apps."""

    claims: dict[str, str] = Field(min_length=1)
    """Claims by name, each a glob over its whole value, in case. `*` stays within one segment (`/` and `:` end one), a
    last segment `**` takes all below. All of them must fit."""
    scopes: tuple[Scope, ...] = Field(min_length=1)
    """What may be done."""
    apps: tuple[str, ...] = Field(min_length=1)
    """Globs over app names."""

    @model_validator(mode="after")
    def _readable(self) -> Grant:
        for glob in (*self.claims.values(), *self.apps):
            if wrong := globs.fault(glob):
                raise ValueError(f"a glob {wrong}")
        return self


class Issuer(Group):
    """Who may mint the bearer tokens of the API, and how their signatures are checked: by `key` or by `jwks`."""

    issuer: str
    audience: str = "hookline"
    algorithms: tuple[Literal["HS256", "RS256", "ES256", "EdDSA"], ...] = ("HS256",)
    key: SecretRef | None = None
    """HS256: a shared key of 32 bytes at least. RS256, ES256 and EdDSA: the public key as PEM."""
    jwks: str = ""
    """Where the public keys are published as a JSON Web Key Set: an https URL, or file:PATH. Needs `grants`."""
    grants: tuple[Grant, ...] = ()
    """What its tokens are worth, by their claims; `scope` and `apps` in them then count for nothing."""
    max_lifetime: Seconds = 86400.0
    """The longest a token may be good for, from `iat` to `exp`."""

    @field_validator("jwks")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if not value or (value.startswith("file:") and value != "file:"):
            return value
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        if not host or parts.username or parts.scheme not in ("https", "http"):
            raise ValueError("expected an https URL without a user, or file:PATH")
        if parts.scheme == "http" and not addresses.is_loopback(host):
            raise ValueError("expected https: whoever is between could put in keys of their own")
        return value

    @model_validator(mode="after")
    def _verifiable(self) -> Issuer:
        if bool(self.key) == bool(self.jwks):
            raise ValueError("set either `key` or `jwks`")
        if self.jwks and "HS256" in self.algorithms:
            raise ValueError("published keys are public keys: set `algorithms: [RS256]`, ES256 or EdDSA")
        if self.jwks and not self.grants:
            raise ValueError("say under `grants` what its tokens are worth: without any they are worth nothing")
        named = SHARED.get(self.issuer.rstrip("/"), ())
        for grant in self.grants:
            if named and not any(_binds(name, grant.claims.get(name, "*")) for name in named):
                raise ValueError(
                    f"this issuer signs for everybody: each grant must name an owner in one of {', '.join(named)}"
                )
        return self


class Audit(Group):
    """The audit trail."""

    most: int = Field(default=100_000, ge=1000)
    """Lines kept in Redis; older ones are let go, so export them or set `file`."""
    file: Path | None = None
    """A file that every line is appended to as well, for a SIEM to read. Processes of one machine may share it."""


def _binds(name: str, glob: str) -> bool:
    """Whether a claim's glob names one owner: its first segment, in `sub` (`repo:your-org/…`) the second, is whole."""
    owner = re.split("[/:]", glob + "/*")[1 if name == "sub" else 0]
    return bool(owner) and "*" not in owner
