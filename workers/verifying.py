"""Lets nobody read a commit that is not signed as the configuration, a project or a GitRepository asks for.

It stands at the mirror, where every way to a commit's files goes through: syncs, emergencies, rollbacks, plans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import git

from workers import clusters, signed, signers, variables
from workers.apps import App
from workers.clusters import Clusters
from workers.errors import BadConfiguration, SignatureMissing, SourceMissing
from workers.git import signatures
from workers.git.mirror import Mirror
from workers.git.signatures import Keyring
from workers.secretrefs import read
from workers.settings import Settings
from workers.signed import Mode, Verify

Guard = Callable[[Mirror, str], None]
_TAGS = "refs/tags/"


def demands(settings: Settings, app: App) -> tuple[Verify, ...]:
    """Return all that asks for a signature of what ``app`` is made from. Pure."""
    name = _fitting(settings, app)
    mode = settings.signatures[name].verify if name else Mode.NOTHING
    own = (Verify(mode, f"`signatures.{name}`"),) if mode is not Mode.NOTHING else ()
    return (*own, *app.verify)


def guard(settings: Settings, every: Clusters, app: App) -> Guard | None:
    """Return what looks at a commit before its files are read, ``None`` where nobody asks for signatures.

    It raises :class:`SignatureMissing` saying whose signature is missing, :class:`BadConfiguration` when there are no
    keys to check it with, :class:`SourceMissing` naming a Secret that is not there.
    """
    wanted = demands(settings, app)
    if not wanted:
        return None

    def check(mirror: Mirror, revision: str) -> None:
        for one in wanted:
            keys = _of_secret(settings, every, app, one.secret) if one.secret else _configured(settings, app, one)
            for found in _asked(mirror, app, revision, one):
                _vouched(mirror, revision, one, keys, found)

    return check


def _fitting(settings: Settings, app: App) -> str:
    try:
        return signers.fitting(settings.signatures, app.url)
    except ValueError:
        return ""


def _configured(settings: Settings, app: App, one: Verify) -> Keyring:
    name = _fitting(settings, app)
    if not name:
        raise BadConfiguration(f"{one.by} asks for signatures, and no keys are for {app.url}: add them to `signatures`")
    declared, place = settings.signatures[name], f"signatures.{name}"
    try:
        armored = tuple(read(f"file:{file}") for file in declared.gpg)
        return Keyring(place, armored, read(f"file:{declared.ssh}") if declared.ssh else "")
    except BadConfiguration as error:
        raise BadConfiguration(f"{place}: {error}") from None


def _of_secret(settings: Settings, every: Clusters, app: App, secret: tuple[str, str]) -> Keyring:
    """Read the public keys of a Secret, as Flux does: every value is one."""
    client, (namespace, name) = every.client(clusters.name_for(settings, app)), secret
    live = client.get(client.resource("", "Secret", "v1"), namespace, name)
    if live is None:
        raise SourceMissing(f"{app.origin}: spec.verify.secretRef: there is no Secret {namespace}/{name}: make it")
    return Keyring(f"Secret {namespace}/{name}", tuple(text for _, text in sorted(variables.values(live).items())))


def _asked(mirror: Mirror, app: App, revision: str, one: Verify) -> list[list[tuple[str, str]]]:
    """Return what has to be signed: of each list one is enough. (ref, id); the ref is "" for the commit."""
    commit, ref = ("", revision), mirror.ref(app.revision)
    follows = ref.startswith(_TAGS)
    own = [(name, made) for name, made in _tags(mirror, revision) if name == ref]
    # Where it leads here, this very tag counts: another one may be older.
    tags = own if follows and mirror.peeled(ref) == revision else _tags(mirror, revision)
    if one.mode is Mode.HEAD:
        return [[commit]]
    if one.mode is Mode.REVISION:
        return [own or ([*tags, commit] if follows else [commit])]
    return [tags, [commit]] if one.mode is Mode.BOTH else [tags]


def _tags(mirror: Mirror, revision: str) -> list[tuple[str, str]]:
    """Return the annotated tags that lead to a commit."""
    try:
        said = mirror.repo.git.for_each_ref(
            "--format=%(objecttype) %(objectname) %(refname)", f"--points-at={revision}", _TAGS
        )
    except git.GitCommandError:
        return []
    rows = [line.split(" ", 2) for line in str(said).splitlines()]
    return [(name, made) for kind, made, name in rows if kind == "tag"]


def _vouched(mirror: Mirror, revision: str, one: Verify, keys: Keyring, found: Sequence[tuple[str, str]]) -> None:
    """Return if one of ``found`` is signed as ``one`` asks."""
    refused = ""
    for ref, name in found:
        what = f"tag {ref.removeprefix(_TAGS)}" if ref else f"commit {name[:7]}"
        seen = signatures.seen(mirror, name, tag=bool(ref), keys=keys)
        if signed.counts(seen, one):
            says = signatures.tagged(mirror, name) if ref else ""
            if not ref or ref == f"{_TAGS}{says}":
                return
            words = f"is the signed tag {signed.plain(says)} under another name: push it under its own"
            refused = refused or f"{what} of {mirror.url} {words}"
        refused = refused or signed.refusal(what, mirror.url, seen, one, keys.place)
    if not found:
        what = f"no annotated tag leads to commit {revision[:7]}"
        refused = f"{what} of {mirror.url}; {one.by} asks for a signed tag: make one (`git tag -s`) and follow it"
    raise SignatureMissing(refused)
