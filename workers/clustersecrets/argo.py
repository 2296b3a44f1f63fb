"""Secrets as Argo CD writes them: of one repository, and templates for all below a URL. Pure.

Field fact: "Declarative Setup", sections "Repositories" and "Repository Credentials", in Argo CD's operator manual.
There a template's URL is a mere text prefix; here it counts in whole segments, and never for another scheme or port.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from workers import packaged
from workers.clustersecrets.fields import Fields
from workers.clustersecrets.shown import ANYBODY, Shown, app_key, check_way
from workers.credentials import Prefix, prefix
from workers.errors import BadConfiguration
from workers.git.access import Key, Login, Way
from workers.model import Manifest

LABEL: Final = "argocd.argoproj.io/secret-type"
SELECTOR: Final = f"{LABEL} in (repository,repo-creds)"
HOST_KEYS: Final = ("argocd-ssh-known-hosts-cm", "ssh_known_hosts")
"""The ConfigMap with the host keys that SSH may meet, and its key."""
AUTHORITIES: Final = "argocd-tls-certs-cm"
"""The ConfigMap with a host's certificate authorities, by the host's name."""
_KINDS: Final = ("git", "helm", "oci")
_CREDENTIALS: Final = (
    "password",
    "bearerToken",
    "sshPrivateKey",
    "githubAppPrivateKey",
    "gcpServiceAccountKey",
    "useAzureWorkloadIdentity",
)
_UNCHECKED: Final = {
    "insecure": f"`false`, for certificates are always checked: put the server's authority into {AUTHORITIES}",
    "insecureIgnoreHostKey": f"`false`, for host keys are always checked: put the server's into {HOST_KEYS[0]}",
    "insecureOCIForceHttp": "`false`, for a credential is sent over https only",
}
_WAYS: Final = ("tlsClientCertData", "tlsClientCertKey", "proxy", *_UNCHECKED)


@dataclass(frozen=True, slots=True)
class Held:
    """One such Secret. ``start`` is its URL, ``kind`` what it opens, ``project`` whose apps may use it, "" for all.

    ``has_credential`` is whether there is something to show (a repository without it uses a template's), ``says``
    whether there is anything but a URL.
    """

    fields: Fields = field(repr=False)
    template: bool
    kind: str
    start: Prefix
    project: str
    has_credential: bool
    says: bool

    @property
    def place(self) -> str:
        """What people call it."""
        return self.fields.place


def read(manifest: Manifest) -> Held:
    """Return what a Secret is for. Raises :class:`BadConfiguration` where that cannot be known."""
    fields, labels = Fields(manifest), (manifest.get("metadata") or {}).get("labels") or {}
    kind, url = fields.text("type") or "git", fields.needed("url", "the URL of a repository, or the start of some")
    if kind not in _KINDS:
        raise fields.wrong("type", "git, helm or oci")
    kind = "oci" if kind == "helm" and fields.flag("enableOCI") else kind
    try:
        start = prefix(packaged.web(url if "://" in url else f"oci://{url}", "") if kind == "oci" else url)
    except ValueError as error:
        raise fields.wrong("url", f"a URL ({error})") from None
    has_credential = fields.has(*_CREDENTIALS)
    says = has_credential or fields.has(*_WAYS)
    return Held(fields, labels.get(LABEL) == "repo-creds", kind, start, fields.text("project"), has_credential, says)


def shown(held: Sequence[Held], clone: str, hosts: str, authorities: str) -> Shown:
    """Return what Secrets show to the server of ``clone``; of each key the first Secret that has it counts.

    ``hosts`` are the known host keys, ``authorities`` those of this host, "" for none. Raises
    :class:`BadConfiguration` naming Secret, key and what was expected.
    """
    for one in held:
        for name, expected in _UNCHECKED.items():
            if one.fields.flag(name):
                raise one.fields.wrong(name, expected)
    holder = next((one.fields for one in held if one.has_credential), None)
    first = held[0].fields
    if prefix(clone).scheme == "ssh":
        return _key(first, holder or first, hosts)
    way = _way([one.fields for one in held], authorities)
    if holder is None:
        return Login("", "", way=way)
    check_way(holder, clone)
    basic = holder.flag("forceHttpBasicAuth")
    if (token := holder.text("bearerToken")) and not basic:
        return Login("", token, bearer=True, way=way)
    if password := holder.text("password"):
        return Login(holder.text("username") or ANYBODY, password, way=way)
    if holder.text("githubAppPrivateKey"):
        return app_key(holder, clone, "githubAppEnterpriseBaseUrl", way)
    raise holder.wrong(
        "password", "a password or token, for this is all that https is opened with besides a GitHub App"
    )


def _key(first: Fields, holder: Fields, hosts: str) -> Key:
    private = holder.key("sshPrivateKey")
    if first.text("proxy"):
        raise first.wrong("proxy", "nothing, for SSH goes through no proxy")
    if not hosts:
        place = f"{first.place.removeprefix('Secret ').partition('/')[0]}/{HOST_KEYS[0]}"
        raise BadConfiguration(
            f"ConfigMap {place}: {HOST_KEYS[1]}: expected the server's host keys, as ssh-keyscan writes them"
        )
    return Key(private, hosts)


def _way(every: Sequence[Fields], authorities: str) -> Way:
    certificate, key = next(
        (pair for one in every if any(pair := one.pair("tlsClientCertData", "tlsClientCertKey"))), ("", "")
    )
    proxied = next((one for one in every if one.text("proxy")), None)
    if proxied is None:
        return Way(authorities, certificate, key)
    parts = urlsplit(proxied.text("proxy"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise proxied.wrong("proxy", "the URL of an HTTP proxy, such as http://proxy.example:3128")
    return Way(authorities, certificate, key, proxied.text("proxy"), proxied.text("noProxy"))
