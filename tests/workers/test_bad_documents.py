"""Documents that are wrong in one way each: one sentence with file, line and field path, and the others go on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workers import catalog
from workers.apps import Index

ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: bad
spec:
  project: default
  destination:
    server: https://kubernetes.default.svc
    namespace: default
  source:
    repoURL: https://github.com/your-org/your-repo.git
    path: bad
    targetRevision: main
  syncPolicy:
    automated:
      prune: true
"""
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: bad
  namespace: flux-system
spec:
  interval: 10m
  prune: true
  path: ./bad
  sourceRef:
    kind: GitRepository
    name: repo
"""
EXPRESSIONS = """\
  prune: true
  healthCheckExprs:
  - {apiVersion: a/v1, kind: B, current: 'true'}
  - apiVersion: a/v1
    kind: B
    current: 'true'
    failed: status.phase ==
"""
REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: repo
  namespace: flux-system
spec:
  interval: 1m
  url: https://github.com/your-org/your-repo.git
"""
PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team
spec:
  sourceRepos: ['*']
  destinations:
    - {server: '*', namespace: '*'}
"""
GOOD = ARGO.replace("name: bad", "name: good").replace("path: bad", "path: good")

# what is wrong: document, old text, new text, line, field, words
CASES: dict[str, tuple[str, str, str, int, str, str]] = {
    "text where a boolean belongs": (ARGO, "prune: true", "prune: 'true'", 16, "spec.syncPolicy.automated.prune", "true or false"),
    "number where text belongs": (ARGO, "targetRevision: main", "targetRevision: 1.20", 13, "spec.source.targetRevision", "quotes"),
    "number as a name": (ARGO, "name: bad", "name: 12", 4, "metadata.name", "quotes"),
    "list where text belongs": (ARGO, "path: bad", "path: [bad]", 12, "spec.source.path", "expected text"),
    "text where a mapping belongs": (ARGO, "  destination:\n    server: https://kubernetes.default.svc\n    namespace: default\n", "  destination: here\n", 7, "spec.destination", "mapping"),
    "text where a list belongs": (ARGO, "    automated:", "    syncOptions: Replace=true\n    automated:", 15, "spec.syncPolicy.syncOptions", "list"),
    "misspelt field": (ARGO, "prune: true", "purne: true", 16, "spec.syncPolicy.automated.purne", "not known"),
    "misspelt field of the spec": (ARGO, "project: default", "projekt: default", 6, "spec.projekt", "not known"),
    "misspelt field of the source": (ARGO, "path: bad", "paths: bad", 12, "spec.source.paths", "not known"),
    "field one level too high": (ARGO, "  project: default", "  automated: {}", 6, "spec.automated", "not known"),
    "no spec": (ARGO, ARGO[ARGO.index("spec:"):], "", 1, "spec", "required"),
    "no destination": (ARGO, "  destination:\n    server: https://kubernetes.default.svc\n    namespace: default\n", "", 5, "spec.destination", "required"),
    "no source": (ARGO, "  source:\n    repoURL: https://github.com/your-org/your-repo.git\n    path: bad\n    targetRevision: main\n", "", 5, "spec", "expected `source`"),
    "no repoURL": (ARGO, "    repoURL: https://github.com/your-org/your-repo.git\n", "", 10, "spec.source.repoURL", "required"),
    "server and name": (ARGO, "    namespace: default", "    name: in-cluster", 7, "spec.destination", "exactly one of"),
    "source and sources": (ARGO, "  syncPolicy:", "  sources: [{repoURL: 'https://github.com/a/b'}]\n  syncPolicy:", 5, "spec", "not both"),
    "two sources with one ref": (ARGO, ARGO[ARGO.index("  source:"):ARGO.index("  syncPolicy:")], "  sources: [{repoURL: 'https://github.com/a/b', ref: x}, {repoURL: 'https://github.com/a/c', ref: x}]\n", 5, "spec", "two sources have the ref x"),
    "several sources": (ARGO, ARGO[ARGO.index("  source:"):ARGO.index("  syncPolicy:")], "  sources: [{repoURL: 'https://github.com/a/b'}, {repoURL: 'file:///etc'}]\n", 10, "spec.sources[1].repoURL", ""),
    "sources that only lend": (ARGO, ARGO[ARGO.index("  source:"):ARGO.index("  syncPolicy:")], "  sources: [{repoURL: 'https://github.com/a/b', ref: x}]\n", 10, "spec.sources", "every source only has a ref"),
    "two tools": (ARGO, "    path: bad", "    kustomize: {namePrefix: a-}\n    directory: {recurse: true}\n    path: bad", 10, "spec.source", "expected one tool"),
    "URL that runs a program": (ARGO, "https://github.com/your-org/your-repo.git", "'ext::sh -c id'", 11, "spec.source.repoURL", ""),
    "local URL": (ARGO, "https://github.com/your-org/your-repo.git", "file:///etc", 11, "spec.source.repoURL", ""),
    "empty URL": (ARGO, "https://github.com/your-org/your-repo.git", "''", 11, "spec.source.repoURL", "at least 1"),
    "Helm": (ARGO, "path: bad", "helm: {valueFiles: x}", 12, "spec.source.helm.valueFiles", "expected a list"),
    "chart": (ARGO, "path: bad", "chart: a b", 12, "spec.source.chart", "expected the name of one chart"),
    "plugin": (ARGO, "path: bad", "plugin: {name: x}", 12, "spec.source.plugin", "plugins are not served"),
    "Jsonnet": (ARGO, "path: bad", "directory: {jsonnet: {libs: a}}", 12, "spec.source.directory.jsonnet.libs", "list"),
    "hydrator": (ARGO, "  syncPolicy:", "  sourceHydrator: {drySource: {path: x}}\n  syncPolicy:", 14, "spec.sourceHydrator", "not served"),
    "unknown field of Kustomize": (ARGO, "path: bad", "kustomize: {prefix: a}", 12, "spec.source.kustomize.prefix", "not known"),
    "replicas that are no number": (ARGO, "path: bad", "kustomize: {replicas: [{name: a, count: many}]}", 12, "spec.source.kustomize.replicas[0].count", ""),
    "image that is no text": (ARGO, "path: bad", "kustomize: {images: [{name: a}]}", 12, "spec.source.kustomize.images[0]", "expected text"),
    "wrong value of a sync option": (ARGO, "    automated:", "    syncOptions: [Prune=never]\n    automated:", 15, "spec.syncPolicy.syncOptions", "Prune=never"),
    "sync options that contradict": (ARGO, "    automated:", "    syncOptions: [Replace=true, Replace=false]\n    automated:", 15, "spec.syncPolicy.syncOptions", "both true and false"),
    "unknown propagation": (ARGO, "    automated:", "    syncOptions: [PrunePropagationPolicy=slowly]\n    automated:", 15, "spec.syncPolicy.syncOptions", "foreground or background or orphan"),
    "retry limit as text": (ARGO, "    automated:", "    retry: {limit: '5'}\n    automated:", 15, "spec.syncPolicy.retry.limit", "whole number"),
    "duration without a unit": (ARGO, "    automated:", "    retry: {backoff: {duration: '5'}}\n    automated:", 15, "spec.syncPolicy.retry.backoff.duration", "such as 30s"),
    "factor of zero": (ARGO, "    automated:", "    retry: {backoff: {factor: 0}}\n    automated:", 15, "spec.syncPolicy.retry.backoff.factor", "greater than or equal to 1"),
    "approval that is no moment": (ARGO, "  name: bad", "  name: bad\n  annotations: {argocd.argoproj.io/deletion-approved: soon}", 5, "metadata.annotations.argocd.argoproj.io/deletion-approved", "2026-01-31"),
    "annotation that is a boolean": (ARGO, "  name: bad", "  name: bad\n  annotations: {note: yes}", 5, "metadata.annotations.note", "quotes"),
    "name too long": (ARGO, "name: bad", f"name: {'a' * 64}", 4, "metadata.name", "at most 63"),
    "name with capitals": (ARGO, "name: bad", "name: Bad_Name", 4, "metadata.name", "pattern"),
    "ignored difference without a kind": (ARGO, "  syncPolicy:", "  ignoreDifferences: [{group: apps}]\n  syncPolicy:", 14, "spec.ignoreDifferences[0].kind", "required"),
    "a pointer that is none": (ARGO, "  syncPolicy:", "  ignoreDifferences: [{kind: X, jsonPointers: [spec]}]\n  syncPolicy:", 14, "spec.ignoreDifferences[0].jsonPointers[0]", "JSON pointer such as"),
    "a broken jq expression": (ARGO, "  syncPolicy:", "  ignoreDifferences: [{kind: X, jqPathExpressions: ['.a[']}]\n  syncPolicy:", 14, "spec.ignoreDifferences[0].jqPathExpressions[0]", "syntax error"),
    "an endless jq expression": (ARGO, "  syncPolicy:", "  ignoreDifferences: [{kind: X, jqPathExpressions: ['def f: f; f']}]\n  syncPolicy:", 14, "spec.ignoreDifferences[0].jqPathExpressions[0]", "took more than 1 s"),
    "pointers that are no list": (ARGO, "  syncPolicy:", "  ignoreDifferences: [{kind: X, jsonPointers: /a}]\n  syncPolicy:", 14, "spec.ignoreDifferences[0].jsonPointers", "list"),
    "wrong version": (ARGO, "v1alpha1", "v1", 2, "kind", "unknown kind argoproj.io/v1 Application"),
    "unknown kind": (ARGO, "kind: Application", "kind: ApplicationSet", 2, "kind", "unknown kind"),
    "no kind": (ARGO, "kind: Application\n", "", 1, "kind", "(no kind)"),
    "missing project": (ARGO, "project: default", "project: nobody", 1, "spec.project", "there is no AppProject nobody"),
    "empty project": (ARGO, "project: default", "project: ''", 6, "spec.project", "at least 1"),
    "Kustomization with an expression that is none": (
        FLUX,
        "  prune: true\n",
        EXPRESSIONS,
        14,
        "spec.healthCheckExprs[1].failed",
        "no CEL expression: line 1, column 16",
    ),
    "Kustomization with an empty expression": (
        FLUX,
        "  prune: true\n",
        "  prune: true\n  healthCheckExprs:\n  - {apiVersion: a/v1, kind: B, current: ''}\n",
        10,
        "spec.healthCheckExprs[0].current",
        "at least 1 character",
    ),
    "Kustomization without interval": (FLUX, "  interval: 10m\n", "", 6, "spec.interval", "required"),
    "Kustomization without prune": (FLUX, "  prune: true\n", "", 6, "spec.prune", "required"),
    "Kustomization without a source": (FLUX, FLUX[FLUX.index("  sourceRef:"):], "", 6, "spec.sourceRef", "required"),
    "interval as a number": (FLUX, "interval: 10m", "interval: 10", 7, "spec.interval", "expected text"),
    "source of another kind": (FLUX, "kind: GitRepository", "kind: Bucket", 11, "spec.sourceRef.kind", "not served"),
    "source that nobody declares": (FLUX, "name: repo", "name: other", 1, "spec.sourceRef", "there is no GitRepository other"),
    "wait and health checks": (FLUX, "  prune: true", "  prune: true\n  wait: true\n  healthChecks: [{kind: Deployment, name: a}]", 6, "spec", "`wait` looks at every object"),
    "impersonation": (FLUX, "  prune: true", "  prune: true\n  serviceAccountName: team", 9, "spec.serviceAccountName", "impersonation"),
    "another way to decrypt": (FLUX, "  prune: true", "  prune: true\n  decryption: {provider: vault}", 9, "spec.decryption.provider", "sops"),
    "keys of a cloud": (FLUX, "  prune: true", "  prune: true\n  decryption: {provider: sops, serviceAccountName: a}", 9, "spec.decryption.serviceAccountName", "as the worker: see `decryption`"),
    "another cluster": (FLUX, "  prune: true", "  prune: true\n  kubeConfig: {secretRef: {name: a}}", 9, "spec.kubeConfig", "configuration"),
    "CEL": (FLUX, "  prune: true", "  prune: true\n  dependsOn: [{name: good, readyExpr: 'true'}]", 9, "spec.dependsOn[0].readyExpr", "no Kustomization"),
    "depends on itself": (FLUX, "  prune: true", "  prune: true\n  dependsOn: [{name: bad}]", 1, "dependsOn", "bad -> bad"),
    "unknown deletion policy": (FLUX, "  prune: true", "  prune: true\n  deletionPolicy: Never", 9, "spec.deletionPolicy", "MirrorPrune"),
    "patch without a patch": (FLUX, "  prune: true", "  prune: true\n  patches: [{target: {kind: X}}]", 9, "spec.patches[0].patch", "required"),
    "variable that is a number": (FLUX, "  prune: true", "  prune: true\n  postBuild: {substitute: {count: 3}}", 9, "spec.postBuild.substitute.count", "quotes"),
    "variables from another kind": (FLUX, "  prune: true", "  prune: true\n  postBuild: {substituteFrom: [{kind: Pod, name: a}]}", 9, "spec.postBuild.substituteFrom[0].kind", "ConfigMap"),
    "namespace too long": (FLUX, "  prune: true", f"  prune: true\n  targetNamespace: {'a' * 64}", 9, "spec.targetNamespace", "at most 63"),
    "beta version": (FLUX, "toolkit.fluxcd.io/v1", "toolkit.fluxcd.io/v1beta1", 2, "kind", "unknown kind"),
}  # fmt: skip
OTHERS: dict[str, tuple[str, str, str, int, str, str]] = {
    "repository without a URL": (REPOSITORY, "  url: https://github.com/your-org/your-repo.git\n", "", 6, "spec.url", "required"),
    "range that is none": (REPOSITORY, "  interval", "  ref: {semver: newest}\n  interval", 7, "spec.ref.semver", "no range"),
    "signatures without keys": (REPOSITORY, "  interval", "  verify: {mode: HEAD}\n  interval", 7, "spec.verify.secretRef", "required"),
    "signatures of what is unknown": (REPOSITORY, "  interval", "  verify: {mode: All, secretRef: {name: a}}\n  interval", 7, "spec.verify.mode", "TagAndHEAD"),
    "submodules": (REPOSITORY, "  interval", "  recurseSubmodules: true\n  interval", 7, "spec.recurseSubmodules", "submodules"),
    "misspelt field of a repository": (REPOSITORY, "interval", "intervall", 7, "spec.intervall", "not known"),
    "project with a misspelt field": (PROJECT, "sourceRepos", "sourceRepositories", 6, "spec.sourceRepositories", "not known"),
    "project with a short key id": (PROJECT, "  sourceRepos", "  signatureKeys: [{keyID: 0xDEADBEEF}]\n  sourceRepos", 6, "spec.signatureKeys[0].keyID", ""),
    "project with another kind of signatures": (PROJECT, "  sourceRepos", "  sourceIntegrity: {git: {}}\n  sourceRepos", 6, "spec.sourceIntegrity", "signatureKeys"),
    "project with accounts": (PROJECT, "  sourceRepos", "  destinationServiceAccounts: [{server: a}]\n  sourceRepos", 6, "spec.destinationServiceAccounts", "impersonation"),
    "kinds that are no mapping": (PROJECT, "  sourceRepos", "  clusterResourceWhitelist: ['*']\n  sourceRepos", 6, "spec.clusterResourceWhitelist[0]", "mapping"),
    "project without a spec": (PROJECT, PROJECT[PROJECT.index("spec:"):], "", 1, "spec", "required"),
}  # fmt: skip


def load(folder: Path, name: str, text: str) -> tuple[list[str], Index]:
    """Write a catalog with one wrong document; return all faults and the index."""
    (folder / "bad.yaml").write_text(text)
    (folder / "good.yaml").write_text(GOOD)
    if name not in OTHERS:
        (folder / "repo.yaml").write_text(REPOSITORY)
    index = catalog.load([folder])
    return [*index.faults, *(app.fault for app in index.apps.values() if app.fault)], index


@pytest.mark.parametrize("name", [*CASES, *OTHERS])
def test_a_bad_document_gets_one_sentence_and_harms_itself_only(tmp_path: Path, name: str) -> None:
    """File, line and field; and the good app beside it is served."""
    document, old, new, line, field, words = (CASES | OTHERS)[name]
    assert old in document
    faults, index = load(tmp_path, name, document.replace(old, new, 1))
    assert len(faults) == 1, faults
    assert re.match(rf"{re.escape(tmp_path.name)}/bad\.yaml:{line}: {re.escape(field)}", faults[0]), faults[0]
    assert words in faults[0]
    assert "\n" not in faults[0]
    assert index.apps["good"].fault == ""


def test_there_are_enough_of_them() -> None:
    """The issue asks for sixty at least."""
    assert len(CASES | OTHERS) >= 60


def test_a_broken_project_or_repository_breaks_its_apps_and_no_others(tmp_path: Path) -> None:
    """Their commits are told why."""
    (tmp_path / "team.yaml").write_text(PROJECT.replace("sourceRepos", "sourceRepositories"))
    (tmp_path / "repo.yaml").write_text(REPOSITORY.replace("url:", "address:"))
    (tmp_path / "of-team.yaml").write_text(ARGO.replace("project: default", "project: team"))
    (tmp_path / "of-repo.yaml").write_text(FLUX.replace("name: bad", "name: flux"))
    (tmp_path / "good.yaml").write_text(GOOD)
    index = catalog.load([tmp_path])
    assert "its project is broken" in index.apps["bad"].fault
    assert "repo.yaml:6: spec.url: this field is required" in index.apps["flux"].fault
    assert index.apps["good"].fault == ""


def test_a_circle_of_dependencies_is_named_on_each_app_of_it_only(tmp_path: Path) -> None:
    """The one that merely depends on the circle is not in it."""
    (tmp_path / "repo.yaml").write_text(REPOSITORY)
    for name, other in {"a": "b", "b": "c", "c": "a", "d": "a"}.items():
        text = FLUX.replace("name: bad", f"name: {name}") + f"  dependsOn: [{{name: {other}}}]\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    index = catalog.load([tmp_path])
    assert "a -> b -> c -> a" in index.apps["a"].fault
    assert "c -> a -> b -> c" in index.apps["c"].fault
    assert index.apps["d"].fault == ""
