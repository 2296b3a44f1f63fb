"""The page that says which fields of Argo CD's and Flux's documents are served: every field is tried, none is claimed.

A field is set in a good document, which is read as the catalog reads it. Pure: no file is read, no table is kept.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from workers import declared, options, phases
from workers.apps import App
from workers.commands.reference import sampling
from workers.commands.reference.goods import GOOD as GOOD
from workers.commands.reference.wording import MADE
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


NOTES: Final = {
    "Application metadata.name": "the app's name; unique in the whole catalog, whatever the namespace",
    "Application metadata.namespace": "the catalog is the one namespace of all apps",
    "Application metadata.annotations": "`sync-wave` (of an app in an app), `manifest-generate-paths`, "
    "`deletion-approved`; `hookline.dev/depends-on`, `hookline.dev/drift`, `hookline.dev/drift-quiet`, "
    "`hookline.dev/alerts`, `hookline.dev/rollback`, `hookline.dev/environment`, `hookline.dev/environment-url`, "
    "`hookline.dev/hold-until`, `-owner` and `-reason`",
    "Application metadata.finalizers": "`resources-finalizer.argocd.argoproj.io`, also with `/background`",
    "Application spec.destination.server": "a cluster's `server`; `https://kubernetes.default.svc` is the first",
    "Application spec.destination.name": "a key of `clusters`; `in-cluster` is the first; this or `server`",
    "Application spec.destination.namespace": "for objects of namespaced kinds that name none; else `default`",
    "Application spec.source.repoURL": "every spelling of the same URL counts, https or ssh",
    "Application spec.source.path": "plain YAML, a Kustomize folder or a chart; `.` when left out",
    "Application spec.source.ref": "in `spec.sources`: what `valueFiles` call it, as `$ref/`",
    "Application spec.source.targetRevision": "a branch, tag, full ref, range of versions or commit; else `HEAD`",
    "Application spec.syncPolicy.automated.prune": "also for a sync by hand, which has no switch of its own",
    "Application spec.syncPolicy.retry.limit": "below 0: the commit is told after the first try, and again later",
    "Application spec.ignoreDifferences[].jsonPointers": "no drift; with `RespectIgnoreDifferences` never written",
    "Application spec.ignoreDifferences[].jqPathExpressions": "by libjq in a child process, within limits",
    "Application spec.ignoreDifferences[].managedFieldsManagers": "on subresources too",
    "Kustomization spec.ignore[].paths": "neither drift nor written; released where another manager owns them",
    "Application spec.revisionHistoryLimit": "the last 50 syncs are kept",
    "AppProject metadata.annotations": "`hookline.dev/hold-longest`: see [holds](holds.md)",
    "AppProject spec.syncWindows[].schedule": "five fields, or a name such as `@daily`; see [holds](holds.md)",
    "GitRepository spec.provider": "`generic` or `github`; any other is named in a warning",
    "GitRepository spec.secretRef.name": "see [private repositories](private-repositories.md#secrets-of-flux)",
    "Kustomization metadata.namespace": "outside `flux-system` and `default` part of the name: `<namespace>.<name>`",
    "Kustomization metadata.annotations": "`hookline.dev/drift`, `hookline.dev/drift-quiet`, `hookline.dev/alerts`, "
    "`hookline.dev/rollback`, `hookline.dev/environment`, `hookline.dev/environment-url`, `hookline.dev/hold-until`, "
    "`-owner` and `-reason`",
    "Kustomization spec.interval": "how long drift may stay unseen, 30 s at the least; a push is served at once",
    "Kustomization spec.sourceRef.kind": "`GitRepository` or `OCIRepository`",
    "HelmRelease metadata.name": "the app's is `helm-<name>`, outside `flux-system` and `default`"
    " `helm-<namespace>.<name>`",
    "HelmRelease spec.chart.spec.sourceRef.kind": "`HelmRepository` or `GitRepository`",
    "HelmRelease spec.chartRef.kind": "`OCIRepository`",
    "HelmRelease spec.driftDetection.mode": "`warn` reports, `enabled` repairs",
    "HelmRelease spec.install.crds": "`Skip` leaves CRDs out; else they are synced first",
    "HelmRelease spec.install.disableWait": "or `upgrade.disableWait`: green once applied",
    "HelmRelease spec.interval": "how long drift may stay unseen, and the time between tries",
    "Kustomization spec.healthCheckExprs[].current": "see [health](health.md); only group and kind count",
    "Kustomization spec.wait": "`false`: green once applied; `true`: once healthy",
}
"""What is worth knowing beyond the standing."""

HEAD: Final = f"""\
# Compatibility with Argo CD and Flux

{MADE.format(page="compatibility")}

Each of `spec.sources` is as `spec.source`; [charts](helm.md) says more of both.
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
| `{phases.WAVE}`, else `{phases.HELM_WEIGHT}` | a whole number |
| `{phases.HOOK}` | {", ".join(f"`{one}`" for one in phases.Phase if one is not phases.Phase.DELETE)}, `Skip` |
| `{phases.POLICY}` | {", ".join(f"`{one}`" for one in phases.Policy)} |
| `{phases.HELM_HOOK}` | {", ".join(f"`{one}`" for one in phases.OF_HELM)}; others never run |
| `{phases.HELM_POLICY}` | {", ".join(f"`{one}`" for one in phases.POLICIES_OF_HELM)} |
| `{options.SYNC_OPTIONS}` | the options above |
| `argocd.argoproj.io/compare-options` | any: each is so anyway |
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
