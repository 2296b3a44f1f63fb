"""Credentials of a cluster's Secrets, from a real API server to real Git: who may use which, and replacing one."""

from __future__ import annotations

import base64
import json
from typing import Any

import redis
import structlog

from tests.fakes import github_apps
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.forges.test_secrecy import contents
from tests.workers.manifests import config
from tests.workers.test_private_repositories import REPOSITORY
from workers.clustersecrets.argo import LABEL
from workers.credentials import RepositorySecrets
from workers.model import State, Why

CANARY, SECOND = "kanarienvogel17", "kanarienvogel18"


def put(bench: Bench, namespace: str, name: str, values: dict[str, str], kind: str = "") -> None:
    """Make or replace a Secret, with the label that Argo CD looks for where a ``kind`` is given."""
    metadata = {"name": name, "namespace": namespace, "labels": {LABEL: kind} if kind else {}}
    text = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})
    bench.cluster.kubectl("delete", "secret", name, "-n", namespace, "--ignore-not-found")
    bench.cluster.kubectl("create", "-f", "-", input=text)


def commit(bench: Bench, value: str) -> str:
    """Push to the private repository, as somebody who may."""
    password = bench.forge.state.private.pop(REPOSITORY)
    made = bench.push({"one.yaml": config("one", value)})
    bench.forge.state.private[REPOSITORY] = password
    return made


def pushed(bench: Bench, value: str, app: str = "myapp", revision: str = "") -> str:
    """Push, or take what was pushed, and look until the end; return what the commit is told."""
    at = revision or commit(bench, value)
    bench.look_until_done(bench.ask(at, Why.RERUN if revision else Why.PUSH, app), app)
    report = bench.told(at, app)
    return report.text if report.state is not State.SUCCESS else "fine"


def held(bench: Bench, redis_client: redis.Redis) -> str:
    """Everything that Hookline wrote down."""
    files = b"".join(one.read_bytes() for one in bench.context.settings.data.rglob("*") if one.is_file())
    return contents(redis_client) + files.decode("latin-1")


PROJECT = """apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
"""


def test_argo_cd_s_secrets_open_repositories(bench: Bench, redis_client: redis.Redis) -> None:
    """A template, found as soon as it is there and replaced while we run; one of a project is for its apps alone."""
    home = f"{bench.namespace}-argocd"
    bench.cluster.kubectl("create", "namespace", home)
    bench.configure(repository_secrets=RepositorySecrets(namespace=home))
    bench.forge.state.private[REPOSITORY] = CANARY
    start = f"{bench.forge.url}/your-org"
    with structlog.testing.capture_logs() as logs:
        first = commit(bench, "a")
        assert "none is for it" in pushed(bench, "", revision=first)
        put(bench, home, "broken", {"password": CANARY}, "repo-creds")
        put(bench, home, "team", {"url": start, "password": SECOND}, "repo-creds")
        assert f"refused the credential of Secret {home}/team" in pushed(bench, "", revision=first)
        put(bench, home, "team", {"url": start, "password": CANARY}, "repo-creds")
        assert pushed(bench, "", revision=first) == "fine"
        bench.forge.state.private[REPOSITORY] = SECOND
        put(bench, home, "team", {"url": start, "password": SECOND}, "repo-creds")
        assert pushed(bench, "b") == "fine"
        put(bench, home, "team", {"url": start, "password": SECOND, "project": "shop"}, "repo-creds")
        bench.forge.state.private[REPOSITORY] = CANARY
        assert "refused" in pushed(bench, "c")
        assert "none is for it" in pushed(bench, "d")
        put(bench, home, "team", {"url": start, "password": CANARY, "project": "shop"}, "repo-creds")
        bench.declare(PROJECT, "project")
        bench.declare((bench.catalog / "myapp.yaml").read_text().replace("project: default", "project: shop"))
        assert pushed(bench, "e") == "fine"
    words = f"Secret {home}/broken: url: expected the URL of a repository, or the start of some"
    assert [one["reason"] for one in logs if one["event"] == "a repository's Secret cannot be used"] == [words]
    text = held(bench, redis_client) + repr(logs)
    for canary in (CANARY, SECOND, base64.b64encode(CANARY.encode()).decode()):
        assert canary not in text
    assert len(list((bench.context.settings.data / "mirrors").glob("*.git"))) == 2


def flux(bench: Bench, namespace: str, spec: dict[str, Any], name: str = "myapp") -> str:
    """Declare a GitRepository and its Kustomization in a namespace; return the app's name."""
    url = bench.forge.clone_url(REPOSITORY)
    source = {"interval": "1m", "url": url, "ref": {"branch": "main"}, **spec}
    ref = {"kind": "GitRepository", "name": "repo"}
    build = {"interval": "1m", "prune": True, "path": "./myapp", "targetNamespace": bench.namespace, "sourceRef": ref}
    documents = [
        ("source.toolkit.fluxcd.io/v1", "GitRepository", "repo", source),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "myapp", build),
    ]
    text = "\n---\n".join(
        json.dumps({"apiVersion": api, "kind": kind, "metadata": {"name": one, "namespace": namespace}, "spec": said})
        for api, kind, one, said in documents
    )
    bench.declare(text, name)
    return f"{namespace}.myapp"


@shows("GitRepository spec.secretRef.name", "GitRepository spec.provider")
def test_flux_names_a_secret_beside_the_repository(bench: Bench, redis_client: redis.Redis) -> None:
    """A login, replaced while we run, then a GitHub App; whoever names no Secret reads nothing of what was fetched."""
    home = bench.namespace
    bench.forge.state.private[REPOSITORY] = CANARY
    name = flux(bench, home, {"secretRef": {"name": "git"}})
    first = commit(bench, "a")
    assert f"spec.secretRef: there is no Secret {home}/git: make it" in pushed(bench, "", name, first)
    put(bench, home, "git", {"username": "ada"})
    words = f"Secret {home}/git: password: expected both `username` and `password`"
    assert words in pushed(bench, "", name, first)
    put(bench, home, "git", {"username": "ada", "password": CANARY})
    assert pushed(bench, "", name, first) == "fine"
    bench.forge.state.private[REPOSITORY] = SECOND
    put(bench, home, "git", {"username": "ada", "password": SECOND})
    assert pushed(bench, "b", name) == "fine"
    bench.forge.state.private[REPOSITORY] = ""
    app = github_apps.register(bench.forge)
    bench.forge.state.apps.install(app, "your-org", github_apps.GRANTED | {"contents": "read"})
    private = github_apps.key()[0]
    given = {"githubAppID": str(app.client_id), "githubAppInstallationID": "1", "githubAppPrivateKey": private}
    put(bench, home, "git", {**given, "githubAppBaseURL": "https://ghes.example/api/v3"})
    flux(bench, home, {"secretRef": {"name": "git"}, "provider": "github"})
    assert "githubAppBaseURL: expected the URL of GitHub's API at 127.0.0.1" in pushed(bench, "c", name)
    put(bench, home, "git", {**given, "githubAppBaseURL": bench.forge.api})
    second = commit(bench, "d")
    assert pushed(bench, "", name, second) == "fine"
    other = flux(bench, f"{home}-other", {}, "other")
    assert "none is for it" in pushed(bench, "", other, second)
    flux(bench, f"{home}-other", {"secretRef": {"name": "git"}}, "other")
    assert f"there is no Secret {home}-other/git" in pushed(bench, "", other, second)
    text = held(bench, redis_client)
    assert [one for one in (CANARY, SECOND, private.splitlines()[3]) if one in text] == []
