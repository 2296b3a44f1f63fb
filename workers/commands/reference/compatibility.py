"""The page that says which fields of Argo CD's and Flux's documents are served: every field is tried, none is claimed.

A field is set in a good document and the document is read as the catalog reads it: the page says what came of it. Pure:
nothing here reads a file or keeps a table of what is served.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from workers import declared, options, phases
from workers.apps import App
from workers.commands.reference import sampling
from workers.commands.reference.wording import MADE
from workers.declarations import argo, flux, git_repository, project
from workers.declarations.common import Path, Vocabulary
from workers.declared import Declared
from workers.documents import Document
from workers.errors import BadDeclaration


class Standing(StrEnum):
    """What becomes of a field that is set."""

    SERVED = "served"
    REFUSED = "**refused**"
    NAMED = "no effect, said as a warning"
    ACCEPTED = "no effect"


REPOSITORY: Final = "https://github.com/your-org/your-repo.git"
GOOD: Final[dict[str, tuple[Vocabulary, dict[str, Any]]]] = {
    "Argo CD: `Application`": (
        argo.VOCABULARY,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "myapp"},
            "spec": {
                "destination": {"server": "https://kubernetes.default.svc"},
                "source": {"repoURL": REPOSITORY},
                "syncPolicy": {"automated": {}},
            },
        },
    ),
    "Argo CD: `AppProject`": (
        project.VOCABULARY,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "team"},
            "spec": {},
        },
    ),
    "Flux: `GitRepository`": (
        git_repository.REPOSITORY,
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "podinfo"},
            "spec": {"url": REPOSITORY, "interval": "1m"},
        },
    ),
    "Flux: `Kustomization`": (
        flux.KUSTOMIZATION,
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "podinfo"},
            "spec": {"interval": "10m", "prune": False, "sourceRef": {"kind": "GitRepository", "name": "podinfo"}},
        },
    ),
}
"""A good document of each kind, with its vocabulary."""

NOTES: Final = {
    "Application metadata.name": "the app's name; unique in the whole catalog, whatever the namespace",
    "Application metadata.namespace": "the catalog is the one namespace of all apps",
    "Application metadata.annotations": "`sync-wave` (of an app in an app), `manifest-generate-paths`, "
    "`deletion-approved`; `hookline.dev/depends-on`",
    "Application metadata.finalizers": "`resources-finalizer.argocd.argoproj.io`, also with `/background`",
    "Application spec.destination.server": "a cluster's `server`; `https://kubernetes.default.svc` is the first",
    "Application spec.destination.name": "a key of `clusters`; `in-cluster` is the first; either this or `server`",
    "Application spec.destination.namespace": "for objects of namespaced kinds that name none; else `default`",
    "Application spec.source.repoURL": "every spelling of the same URL counts, https or ssh",
    "Application spec.source.path": "plain YAML, or a Kustomize folder; `.` when left out",
    "Application spec.source.targetRevision": "a branch, tag, full ref, range of versions or commit; else `HEAD`",
    "Application spec.syncPolicy.automated.prune": "also for a sync by hand, which has no switch of its own",
    "Application spec.syncPolicy.retry.limit": "below 0: the commit is told after the first try, and again later",
    "Application spec.ignoreDifferences[].jsonPointers": "no drift; with `RespectIgnoreDifferences` never written",
    "Application spec.revisionHistoryLimit": "the last 50 syncs are kept",
    "Kustomization metadata.namespace": "outside `flux-system` and `default` part of the name: `<namespace>.<name>`",
    "Kustomization spec.sourceRef.kind": "`GitRepository`",
    "Kustomization spec.wait": "`false`: green once applied; `true`: once healthy",
}
"""What is worth knowing beyond the standing."""

HEAD: Final = f"""\
# Compatibility with Argo CD and Flux

{MADE.format(page="compatibility")}

`spec.sources` may hold one source, which is as `spec.source`; several are refused for now.
Documents written for Argo CD and Flux work unchanged. A field that would change what is deployed, or who may, and is
not served yet is refused with a sentence; one that has no effect here is named in a warning on the app; a field that
Argo CD or Flux does not have is an error. `hookline check` finds all three and names file and line.
"""

TABLE: Final = """
## {title}

| field | is | to know |
|---|---|---|
"""

OPTIONS: Final = """
## Sync options

Of `spec.syncPolicy.syncOptions`, and of single objects in the annotation `argocd.argoproj.io/sync-options`.

| option | is | to know |
|---|---|---|
"""

ANNOTATIONS: Final = f"""
## Annotations of objects

| annotation | values |
|---|---|
| `{phases.WAVE}` | a whole number |
| `{phases.HOOK}` | {", ".join(f"`{one}`" for one in phases.Phase if one is not phases.Phase.DELETE)}, `Skip` |
| `{phases.POLICY}` | {", ".join(f"`{one}`" for one in phases.Policy)} |
| `{options.SYNC_OPTIONS}` | the options above |
| `{options.FLUX}prune` | `disabled` |
| `{options.FLUX}force` | `enabled` |
| `{options.FLUX}ssa` | `IfNotPresent`, `Ignore`; `Merge` and `Override` apply as ever |
| `{options.FLUX}reconcile` | `disabled` |
| `{options.FLUX}substitute` | `disabled` |
"""


def page() -> str:
    """Return the page. Pure."""
    parts = [HEAD]
    for title, (vocabulary, good) in GOOD.items():
        parts.append(TABLE.format(title=title))
        for path in sampling.leaves(vocabulary.model):
            if path[:2] == ("spec", "sources"):
                continue  # each is as `spec.source`
            standing, sentence = standing_of(vocabulary, good, path)
            dotted = written(path)
            note = sentence or NOTES.get(f"{good['kind']} {dotted}", "")
            parts.append(f"| `{dotted}` | {standing} | {note} |\n")
    parts.append(OPTIONS)
    served = {f"{name}={value}": "" for name, values in options.VALUES.items() for value in values} | options.ALWAYS
    parts += [f"| `{option}` | {Standing.SERVED} | {note} |\n" for option, note in sorted(served.items())]
    parts.append(f"| any other | {Standing.NAMED} | |\n")
    return "".join(parts) + ANNOTATIONS


def written(path: Path) -> str:
    """Return a path as people write it: ``spec.sources[].path``. Pure."""
    return ".".join(path).replace(".*.", "[].").removesuffix(".*") + (".*" if path[-2:] == ("metadata", "*") else "")


def standing_of(vocabulary: Vocabulary, good: dict[str, Any], path: Path) -> tuple[Standing, str]:
    """Try a field: return what becomes of it, and the sentence that refuses or names it, if one does. Pure."""
    for table, standing in ((vocabulary.refused, Standing.REFUSED), (vocabulary.named, Standing.NAMED)):
        for place, sentence in table.items():
            if path[: len(place)] == place:
                return standing, sentence
    base, document = sampling.tried(vocabulary.model, good, path)
    before, after = _read(base), _read(document)
    if after is None or _essence(after) != _essence(before):
        return Standing.SERVED, ""
    return Standing.ACCEPTED, ""


def _read(value: dict[str, Any]) -> Declared | None:
    """Return what a document declares, ``None`` when the field's value is one that is looked at and not taken."""
    try:
        read = declared.declared(Document(value, "app.yaml", 1))
    except BadDeclaration:
        return None
    return None if read.fault else read


def _essence(read: Declared | None) -> Declared | None:
    """Leave out what changes nothing that is deployed."""
    return read and (replace(read, warnings=()) if isinstance(read, App) else replace(read, file="", warnings=()))
