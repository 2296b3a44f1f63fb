"""Secrets as Flux's ``spec.secretRef`` names them, of a GitRepository, HelmRepository or OCIRepository. Pure.

Field facts: "Secret reference" and "Provider" of "Git Repositories", "Helm Repositories" and "OCI Repositories" in
Flux's documentation; "Pull an Image from a Private Registry" in Kubernetes' for ``.dockerconfigjson``.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import orjson

from workers.clustersecrets.fields import Fields
from workers.clustersecrets.shown import Shown, app_key, check_way
from workers.credentials import Prefix, covers, prefix
from workers.git.access import Key, Login, Way

_DOCKER: Final = ".dockerconfigjson"
_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_APP: Final = ("githubAppID", "githubAppInstallationID", "githubAppInstallationOwner", "githubAppPrivateKey")


def shown(fields: Fields, clone: str, provider: str = "", *, git: bool = True) -> Shown:
    """Return what a Secret shows to the server of ``clone``; ``git`` is whether that is one of Git.

    Raises :class:`workers.errors.BadConfiguration` naming Secret, key and what was expected.
    """
    if prefix(clone).scheme == "ssh":
        private = fields.key("identity")
        if fields.text("password"):
            raise fields.wrong("password", "nothing, for keys have no passphrase here")
        return Key(private, fields.needed("known_hosts", "the server's host keys, as ssh-keyscan writes them"))
    if fields.text(_DOCKER) and not git:
        return _of_registry(fields, clone)
    way = Way(fields.text("ca.crt", "caFile"), *_pair(fields))
    if provider == "github":
        return app_key(fields, clone, "githubAppBaseURL", way)
    if any(fields.text(name) for name in _APP):
        raise fields.wrong("githubAppID", "nothing without `provider: github`")
    token, user, password = fields.text("bearerToken"), fields.text("username"), fields.text("password")
    if not (token or user or password) and way == Way():
        raise fields.wrong("password", "a password beside `username`, or `bearerToken`")
    if token:
        check_way(fields, clone)
        return Login("", token, bearer=True, way=way)
    if bool(user) != bool(password):
        raise fields.wrong("password" if user else "username", "both `username` and `password`")
    if password:
        check_way(fields, clone)
    return Login(user, password, way=way)


def _pair(fields: Fields) -> tuple[str, str]:
    found = fields.pair("tls.crt", "tls.key")
    return found if any(found) else fields.pair("certFile", "keyFile")


def _of_registry(fields: Fields, clone: str) -> Login:
    """Return the login for a registry that ``docker login`` would use."""
    check_way(fields, clone)
    try:
        said = orjson.loads(fields.text(_DOCKER))
        every = {name: entry for name, entry in said["auths"].items() if isinstance(entry, dict)}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        raise fields.wrong(_DOCKER, 'a JSON object with "auths"') from None
    wanted = prefix(clone)._replace(scheme="https")  # an entry says nothing of it
    fits = [(start, entry) for name, entry in every.items() if (start := _start(name)) and covers(start, wanted)]
    if not fits:
        raise fields.wrong(_DOCKER, f"an entry for {wanted.host}")
    user, password = _login(max(fits, key=lambda one: len(one[0].segments))[1])
    if not user or not password:
        raise fields.wrong(_DOCKER, f"a user and a password for {wanted.host}")
    return Login(user, password)


def _start(name: str) -> Prefix | None:
    bare = name.partition("://")[2] or name
    host, _, path = bare.rstrip("/").removesuffix("/v1").removesuffix("/v2").partition("/")
    host = "registry-1.docker.io" if host in _HUB else host
    try:
        return prefix(f"https://{host}/{path}")
    except ValueError:
        return None


def _login(entry: dict[str, Any]) -> tuple[str, str]:
    if entry.get("auth"):
        try:
            user, _, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    return str(entry.get("username") or ""), str(entry.get("password") or "")
