"""The credentials of this process: which one is for a source, found anew at each call, and what reads it."""

from __future__ import annotations

import hashlib
import ssl
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2

from workers import credentials, packaged, repositories, secretrefs
from workers.apps import App
from workers.clusters import Clusters, name_for
from workers.clustersecrets import argo, choosing, flux
from workers.clustersecrets.choosing import NOTHING, Choice, Wanted
from workers.clustersecrets.reading import Secrets
from workers.clustersecrets.shown import ANYBODY, AppKey, Shown
from workers.errors import BadConfiguration, HooklineError, SourceMissing
from workers.forges.accounts import SECONDS, Accounts
from workers.forges.apps import CLONING, Installations
from workers.git.access import PLAIN, Access, Find, Key, Login
from workers.settings import Settings


class Accesses:
    """Finds credentials in the configuration and in the cluster, and makes tokens with ``http``. Safe for threads."""

    def __init__(self, settings: Settings, accounts: Accounts, clusters: Clusters, http: httpx2.Client) -> None:
        self._settings, self._accounts, self._http = settings, accounts, http
        self._secrets = Secrets(clusters, settings.repository_secrets, next(iter(settings.clusters), ""))
        self._apps: dict[str, Installations] = {}
        self._lock = threading.Lock()

    def scope(self, app: App, clone: str) -> str:
        """Return who alone may read what is fetched with the credential for an app's source, "" for everybody."""
        try:
            return self._chosen(app, clone).scope
        except (HooklineError, ValueError):
            return ""  # whoever fetches hears of it, and gets no credential that is not for everybody

    def finder(self, app: App, clone: str, scope: str) -> Find:
        """Return what finds the credential for an app's source that is fetched from ``clone``.

        One of another ``scope`` is none: what it fetches would be read by others. Finding raises as the cluster's
        client does, and :class:`SourceMissing` naming a Secret that is not there.
        """

        def find(anew: bool) -> Access | None:
            choice = self._chosen(app, clone, scope, anew=anew)
            if choice == NOTHING or choice.scope != scope:
                return None
            if choice.setting:
                return access_to(self._settings, self._accounts, clone, anew=anew)
            if choice.named:
                return self._named(app, choice, clone, anew=anew)
            return self._held(choice, clone, anew=anew)

        return find

    def _chosen(self, app: App, clone: str, scope: str | None = None, *, anew: bool = False) -> Choice:
        """Return the choice; of what is for everybody (scope ""), whose project's app it is does not matter."""
        wanted = wanted_by(app, clone)
        wanted = replace(wanted, project="") if scope == "" else wanted
        choice = choosing.chosen(self._settings.repository_credentials, wanted)
        if choice != NOTHING or wanted.named:
            return choice
        held = self._secrets.held(anew=anew)
        return choosing.chosen({}, wanted, held) if held else NOTHING

    def _named(self, app: App, choice: Choice, clone: str, *, anew: bool) -> Access:
        named = choice.named
        assert named is not None  # noqa: S101 - whoever calls has looked
        place = (name_for(self._settings, app), named.namespace, named.name)
        fields = self._secrets.named(*place, anew=anew) or self._secrets.named(*place, anew=True)
        if fields is None:
            raise SourceMissing(f"{named.by}: there is no Secret {named.namespace}/{named.name}: make it")
        is_git = not packaged.is_packaged(app.url, app.chart)

        def secret() -> Login | Key:
            return self._login(fields.place, flux.shown(fields, clone, named.provider, git=is_git), clone, anew=anew)

        version = _version(fields.version, anew=anew and named.provider == "github")
        return Access(fields.place, _depth(clone), secret, f"known_hosts of {fields.place}", version)

    def _held(self, choice: Choice, clone: str, *, anew: bool) -> Access:
        first, *_ = choice.held
        holder = next((one for one in choice.held if one.has_credential), first)
        host, is_ssh = urlsplit(clone).hostname or "", credentials.prefix(clone).scheme == "ssh"
        hosts = self._secrets.beside(*argo.HOST_KEYS, anew=anew) if is_ssh else ""
        is_web = first.kind == "git" and not is_ssh  # a chart's server is one that this machine trusts
        trusted = self._secrets.beside(argo.AUTHORITIES, host, anew=anew) if is_web else ""
        beside = hashlib.sha256(f"{hosts}\n{trusted}".encode()).hexdigest()

        def secret() -> Login | Key:
            return self._login(holder.place, argo.shown(choice.held, clone, hosts, trusted), clone, anew=anew)

        version = " ".join((*(one.fields.version for one in choice.held), beside))
        version = _version(version, anew=anew and bool(holder.fields.text("githubAppPrivateKey")))
        known = f"ConfigMap {argo.HOST_KEYS[0]}"
        return Access(holder.place, min(_depth(clone), len(holder.start.segments)), secret, known, version)

    def _login(self, place: str, shown: Shown, clone: str, *, anew: bool) -> Login | Key:
        """Return what is shown; for a GitHub App a token, ``anew`` another one than before."""
        if not isinstance(shown, AppKey):
            return shown
        key = hashlib.sha256(repr((place, shown, shown.private, shown.way.authorities)).encode()).hexdigest()
        with self._lock:
            if key not in self._apps:
                client = self._http if shown.way == PLAIN else _client(place, shown)
                self._apps[key] = Installations(shown.api, shown.id, lambda: shown.private, client)
            found = self._apps[key]
        repository = repositories.canonical(clone).partition("/")[2]
        token = found.token(repository, CLONING)
        token = found.renewed(repository, CLONING, token) if anew else token
        return Login(ANYBODY, token, way=shown.way)


def wanted_by(app: App, clone: str) -> Wanted:
    """Return what an app's source asks for. The Secret that was named is for the URL it was named with alone. Pure."""
    named = app.secret if app.secret and app.secret.url == app.url else None
    if not packaged.is_packaged(app.url, app.chart):
        return Wanted(clone, "git", app.project, named)
    kind = "oci" if app.url.startswith(packaged.OCI) else "helm"
    return Wanted(clone, kind, app.project, named, packaged.web(app.url, ""))


def access_to(settings: Settings, accounts: Accounts, clone: str, *, anew: bool = False) -> Access | None:
    """Return the configured credential for what is fetched from ``clone``, ``None`` for none. Reads no secret yet.

    Of a GitHub App, ``anew`` makes another token than the one before, which was refused.
    """
    name = credentials.fitting(settings.repository_credentials, clone)
    if not name:
        return None
    declared = settings.repository_credentials[name]
    setting = f"repository_credentials.{name}"

    def secret() -> Login | Key:
        if declared.ssh_key and declared.known_hosts:
            return Key(secretrefs.read(declared.ssh_key), secretrefs.read(f"file:{declared.known_hosts}"))
        if declared.password:
            return Login(declared.username, secretrefs.read(declared.password))
        repository = repositories.canonical(clone).partition("/")[2]
        account = accounts.named(declared.forge, repository, CLONING)
        token = account.secret()
        return Login(declared.username, account.renew(token) if anew and account.renew else token)

    forge = settings.forges.get(declared.forge)
    version = _version("", anew=anew and bool(forge and forge.app))
    return Access(setting, len(credentials.prefix(declared.url).segments), secret, version=version)


def _version(of: str, *, anew: bool) -> str:
    return f"{of} anew" if anew else of


def _depth(clone: str) -> int:
    return len(credentials.prefix(clone).segments)


def _client(place: str, shown: AppKey) -> httpx2.Client:
    try:
        trusted = ssl.create_default_context(cadata=shown.way.authorities or None)
    except (ValueError, ssl.SSLError):
        raise BadConfiguration(f"{place}: ca.crt: expected certificates as PEM") from None
    try:
        return httpx2.Client(timeout=SECONDS, verify=trusted, proxy=shown.way.proxy or None)
    except (ValueError, httpx2.InvalidURL):
        raise BadConfiguration(f"{place}: proxy: expected the URL of an HTTP proxy") from None
