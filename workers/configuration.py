"""Reads the configuration file into :class:`workers.settings.Settings`; every complaint has file, line and field."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workers import documents
from workers.apis import Forge
from workers.credentials import Prefix, prefix
from workers.errors import BadConfiguration, BadDocument
from workers.settings import Cluster, Settings

CONFIG_VARIABLE = "HOOKLINE_CONFIG"
DEFAULT_FILE = "hookline.yaml"


def load(path: Path | None = None) -> Settings:
    """Return the settings of ``path``, of ``$HOOKLINE_CONFIG``, or of ``hookline.yaml`` in this folder.

    Relative paths in the file are resolved against the file's folder. Raises :class:`BadConfiguration` with
    every problem found, one sentence a line.
    """
    settings, problems = examine(path)
    if settings is None:
        first = problems[0]
        raise BadConfiguration("\n".join(str(problem) for problem in problems)) if problems[1:] else first
    return settings


def examine(path: Path | None = None) -> tuple[Settings | None, list[BadConfiguration]]:
    """Return the settings, or ``None`` and all problems found, in the order of the file's lines."""
    path = path or Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_FILE))
    try:
        document = _document(path)
    except BadConfiguration as error:
        return None, [error]
    values = document.value if document else {}
    if not isinstance(values, dict):
        return None, [BadConfiguration("expected `name: value` fields, not a list or a word", str(path), 1)]
    try:
        settings = Settings(**values)
    except ValidationError as error:
        return None, sorted(_problems(error, document, path), key=lambda problem: problem.line)
    settings = _anchored(settings, path.resolve().parent)
    problems = [_consistent(problem, document, path) for problem in _inconsistencies(settings)]
    return (None, problems) if problems else (settings, [])


def _document(path: Path) -> documents.Document | None:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadConfiguration(
            f"cannot be read ({error.strerror}): name the configuration with --config or ${CONFIG_VARIABLE}",
            str(path),
        ) from None
    try:
        found = documents.read(text, str(path))
    except BadDocument as error:
        raise BadConfiguration(str(error)) from None
    if len(found) > 1:
        raise BadConfiguration("expected one document, found several: remove the `---` lines", str(path), found[1].line)
    return found[0] if found else None


def _problems(error: ValidationError, document: documents.Document | None, path: Path) -> list[BadConfiguration]:
    """Turn pydantic's errors into ours. The input is never repeated: it may be a secret in the wrong place."""
    problems = []
    for detail in error.errors(include_url=False, include_input=False):
        place = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part.startswith("function-")))
        text = "this field is not known: check the spelling" if detail["type"] == "extra_forbidden" else detail["msg"]
        line = document.line_of(place) if document else 0
        problems.append(BadConfiguration(text.removeprefix("Value error, "), str(path), line, dotted(place)))
    return problems


def _inconsistencies(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong between fields that are each right by themselves, as (place, sentence)."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    for name, hook in settings.hooks.items():
        if hook.account and hook.account not in settings.forges:
            found.append(
                (
                    ("hooks", name, "account"),
                    f"no forge of this name: expected one of {sorted(settings.forges)}",
                )
            )
        if same := _indistinct(settings.serving(hook)):
            found.append((("hooks", name), f"set `account` to the forge that gets the statuses: one of {same}"))
        if "/" in name:
            found.append((("hooks", name), "a hook's name is part of its URL and cannot contain `/`"))
    found += _credential_problems(settings)
    if (name := settings.repository_secrets.cluster) and name not in settings.clusters:
        words = f"no cluster is called {name}: expected one of {sorted(settings.clusters)}"
        found.append((("repository_secrets", "cluster"), words))
    for name, cluster in settings.clusters.items():
        if cluster.in_cluster and (cluster.kubeconfig or cluster.context):
            found.append((("clusters", name), "set either in_cluster, or kubeconfig and context, not both"))
    return found


def _credential_problems(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong between credentials for repositories, and between them and the accounts they name. Pure."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    holders: dict[Prefix, str] = {}
    for name, declared in settings.repository_credentials.items():
        start = prefix(declared.url)
        forge = settings.forges.get(declared.forge)
        if (other := holders.setdefault(start, name)) != name:
            found.append((("repository_credentials", name, "url"), f"{other} is for the same URL: remove one of them"))
        if declared.forge and forge is None:
            names = sorted(settings.forges)
            found.append((("repository_credentials", name, "forge"), f"no forge of this name: expected one of {names}"))
        elif forge and forge.web.lower() != start.host:
            text = f"the account is for {forge.web}, and its token is sent nowhere else: expected a `url` of that host"
            found.append((("repository_credentials", name, "url"), text))
    return found


def _indistinct(serving: Mapping[str, Forge]) -> list[str]:
    """Return the accounts of which nothing says which one a repository's statuses are written with. Pure."""
    count = Counter(glob.lower() for forge in serving.values() for glob in set(forge.repositories))
    return sorted(name for name, forge in serving.items() if any(count[one.lower()] > 1 for one in forge.repositories))


def _consistent(
    problem: tuple[tuple[str | int, ...], str], document: documents.Document | None, path: Path
) -> BadConfiguration:
    place, text = problem
    return BadConfiguration(text, str(path), document.line_of(place) if document else 0, dotted(place))


def dotted(place: tuple[str | int, ...]) -> str:
    """Write a path the way people do: ``hooks.main.secrets[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Resolve the relative paths of ``settings`` against ``folder``."""
    clusters = {name: _found_from(folder, cluster) for name, cluster in settings.clusters.items()}
    catalog = settings.catalog.model_copy(update={"folders": tuple(folder / item for item in settings.catalog.folders)})
    checks = settings.health.model_copy(
        update={
            "folders": tuple(folder / item for item in settings.health.folders),
            "configmaps": tuple(folder / item for item in settings.health.configmaps),
        }
    )
    forges = {
        name: forge.model_copy(update={"ca": folder / forge.ca}) if forge.ca else forge
        for name, forge in settings.forges.items()
    }
    access = {
        name: one.model_copy(update={"known_hosts": folder / one.known_hosts}) if one.known_hosts else one
        for name, one in settings.repository_credentials.items()
    }
    file = settings.audit.file
    audit = settings.audit.model_copy(update={"file": folder / file if file else None})
    update: dict[str, Any] = {
        "audit": audit,
        "data": folder / settings.data,
        "clusters": clusters,
        "forges": forges,
        "repository_credentials": access,
        "catalog": catalog,
        "health": checks,
    }
    return settings.model_copy(update=update)


def _found_from(folder: Path, cluster: Cluster) -> Cluster:
    """Resolve the relative paths of one cluster."""
    update: dict[str, Any] = {"kubeconfig": folder / cluster.kubeconfig} if cluster.kubeconfig else {}
    if cluster.plans and cluster.plans.kubeconfig:
        update["plans"] = cluster.plans.model_copy(update={"kubeconfig": folder / cluster.plans.kubeconfig})
    return cluster.model_copy(update=update)
