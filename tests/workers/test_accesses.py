"""Who may use which Secret, as values: what a declaration can and cannot make Hookline show, and how long it counts."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
import structlog

from tests.fixtures import Clock
from workers import declared, documents, joining
from workers.accesses import Accesses, wanted_by
from workers.apps import App, Index
from workers.clustersecrets.argo import LABEL
from workers.clustersecrets.reading import LIFE, Secrets
from workers.credentials import RepositorySecrets
from workers.errors import ClusterUnreachable
from workers.forges.accounts import Accounts
from workers.secretrefs import Named
from workers.settings import Settings

URL = "https://git.example.com/team/app.git"
NAMED = Named("shop", "git", URL, "a.yaml:3: spec.secretRef")
HTTP = httpx2.Client()
"""Asks nobody here."""
APP = App("myapp", URL, ".", "main", "a.yaml", secret=NAMED)
SOURCE = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repo, namespace: shop}
spec:
  interval: 1m
  url: https://git.example.com/team/app.git
  secretRef: {name: git}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: myapp, namespace: other}
spec: {interval: 1m, prune: true, sourceRef: {kind: GitRepository, name: repo, namespace: shop}}
"""
PARENT = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: parent}
spec:
  project: team
  source: {repoURL: "https://git.example.com/team/apps", path: .}
  destination: {server: "https://kubernetes.default.svc", namespace: team}
"""
PROJECT = """---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: NAME}
spec: {sourceRepos: ["*"], destinations: [{name: in-cluster, namespace: NAMESPACE}]}
"""


def index(text: str, children: str = "") -> Index:
    """What documents declare, some of them in the app ``parent``."""
    own = [declared.declared(one) for one in documents.read(text.encode(), "a.yaml")]
    below = [declared.declared(one) for one in documents.read(children.encode(), "a.yaml")] if children else []
    return joining.joined([*own, *(replace(one, parent="parent") for one in below)])


def test_a_secret_is_of_the_namespace_of_its_document_and_for_its_url() -> None:
    """Not of the namespace of whoever refers to it."""
    found = index(SOURCE).apps["other.myapp"]
    assert found.fault == ""
    assert found.secret == replace(NAMED, by="a.yaml:7: spec.secretRef")
    assert wanted_by(found, URL).named == found.secret


@pytest.mark.parametrize(
    ("url", "chart"),
    [
        ("https://git.example.com/team/other.git", ""),
        ("https://git.example.com/team/app", ""),
        ("https://evil.example/charts", "shop"),
        ("oci://evil.example/charts", "shop"),
    ],
)
def test_a_chart_from_elsewhere_does_not_get_the_secret(url: str, chart: str) -> None:
    """Such as one that a ``Chart.lock`` of the repository names."""
    assert wanted_by(replace(APP, url=url, chart=chart), url).named is None


def test_a_declared_default_project_bounds_the_namespaces_of_secrets() -> None:
    allowed = PROJECT.replace("NAME}", "default}")
    assert index(SOURCE + allowed.replace("NAMESPACE", '"*"')).apps["other.myapp"].fault == ""
    fault = index(SOURCE + allowed.replace("NAMESPACE", "other")).apps["other.myapp"].fault
    assert (
        "a.yaml:7: spec.secretRef: project default does not allow other.myapp to be fetched with Secret shop" in fault
    )


def test_an_app_of_a_project_declares_no_secret() -> None:
    """Else whoever writes to its repository could have any Secret sent to a server of theirs."""
    project = PROJECT.replace("NAME}", "team}").replace("NAMESPACE", '"*"')
    head, _, rest = SOURCE.partition("---")
    inside = f"{PARENT.removeprefix('---')}{project}---{rest}"
    fault = index(inside, head).apps["other.myapp"].fault
    assert "a.yaml:7: spec.secretRef: repo is declared in parent: only apps of the project default may" in fault
    bare = head.replace("  secretRef: {name: git}\n", "")
    assert index(inside, bare).apps["other.myapp"].fault == ""


@dataclass
class Cluster:
    """Stands where a cluster's client does: what it has, how often it was asked, and whether it answers."""

    items: list[dict[str, Any]] = field(default_factory=list)
    configs: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    down: bool = False

    def client(self, name: str) -> Cluster:
        """Return the client of the one cluster."""
        assert name == "here"
        return self

    def resource(self, *kind: str) -> Any:
        """Say how a kind is served."""
        return kind

    def list(self, _: Any, selector: str, namespace: str) -> Any:
        """Answer a list."""
        assert (selector, namespace) == (f"{LABEL} in (repository,repo-creds)", "argocd")
        return Listing(self._answer())

    def get(self, _: Any, namespace: str, name: str) -> Any:
        """Answer for one object."""
        every = [*self._answer(), *self.configs]
        return next((one for one in every if one["metadata"]["name"] == name), None)

    def _answer(self) -> Any:
        self.asked += 1
        if self.down:
            raise ClusterUnreachable("no answer")
        return self.items


@dataclass
class Listing:
    """A list's answer."""

    items: list[dict[str, Any]]


def cluster_settings() -> Settings:
    """A configuration that reads Argo CD's Secrets."""
    return Settings.model_validate({"clusters": {"here": {}}, "repository_secrets": {"namespace": "argocd"}})


def secret(name: str, **values: str) -> dict[str, Any]:
    """A Secret as the API server gives it."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": "argocd", "resourceVersion": repr(values), "labels": {LABEL: "repository"}}
    return {"metadata": metadata, "data": data}


def test_what_was_read_counts_for_seconds_and_not_when_it_was_refused() -> None:
    """One that cannot be read harms itself only and is named once; what was known outlives an outage."""
    cluster, clock = Cluster([secret("one", url=URL, password="x")]), Clock()
    clusters: Any = cluster
    seen = Secrets(clusters, RepositorySecrets(namespace="argocd"), "here", clock)
    assert [one.place for one in seen.held()] == ["Secret argocd/one"]
    cluster.items = [secret("broken"), *cluster.items, secret("two", url=URL, password="x")]
    assert len(seen.held()) == 1
    assert cluster.asked == 1
    with structlog.testing.capture_logs() as logs:
        assert [one.place for one in seen.held(anew=True)] == ["Secret argocd/one", "Secret argocd/two"]
        clock.forward(LIFE + 1)
        cluster.down = True
        assert len(seen.held()) == 2
        cluster.down = False
        clock.forward(LIFE + 1)
        assert len(seen.held()) == 2
    assert [one["event"] for one in logs] == ["a repository's Secret cannot be used", "kept what was known of a Secret"]
    assert seen.named("here", "argocd", "none") is None
    assert cluster.asked == 5


def test_what_is_for_everybody_is_found_whoever_came_first() -> None:
    """A mirror is shared: the app that made it may get a credential of its project's own later, the others not."""
    cluster: Any = Cluster([secret("all", url=URL, password="x")])
    settings = cluster_settings()
    seen = Accesses(settings, Accounts(settings), cluster, HTTP)
    app = replace(APP, secret=None, project="shop")
    assert seen.scope(app, URL) == ""
    shared = seen.finder(app, URL, "")
    cluster.items = [*cluster.items, secret("own", url=URL, password="y", project="shop")]
    found = shared(True)
    assert found
    assert found.setting == "Secret argocd/all"
    assert seen.scope(app, URL) == "project shop"
    own = seen.finder(app, URL, "project shop")(False)
    assert own
    assert own.setting == "Secret argocd/own"
    assert seen.scope(replace(app, project="default"), URL) == ""
    cluster.items = cluster.items[1:]
    assert shared(True) is None


def test_without_a_namespace_nothing_is_asked_and_an_outage_at_the_start_is_told() -> None:
    cluster: Any = Cluster(down=True)
    assert Secrets(cluster, RepositorySecrets(), "here").held() == ()
    assert cluster.asked == 0
    with pytest.raises(ClusterUnreachable):
        Secrets(cluster, RepositorySecrets(namespace="argocd"), "here").held()
