"""Secrets of Argo CD and Flux as values: what each key means, which one is for which source, what is wrong with one."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workers.clustersecrets import argo, choosing, flux
from workers.clustersecrets.choosing import NOTHING, Wanted
from workers.clustersecrets.fields import Fields
from workers.clustersecrets.shown import AppKey
from workers.credentials import RepositoryCredential
from workers.errors import BadConfiguration
from workers.git.access import Key, Login, Way
from workers.model import Manifest
from workers.secretrefs import Named

HTTPS = "https://git.example.com/team/app.git"
SSH = "git@git.example.com:team/app.git"
OCI = "https://ghcr.io/team/shop"
CANARY = "kanarienvogel17"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----"
HOSTS = "git.example.com ssh-ed25519 AAAA"
LOCKED = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END RSA PRIVATE KEY-----"


def secret(name: str = "one", /, kind: str = "repository", **values: str) -> Manifest:
    """A Secret as the API server gives it; ``__`` in a key stands for ``.``."""
    data = {key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in values.items()}
    labels = {argo.LABEL: kind}
    metadata = {"name": name, "namespace": "argocd", "uid": name, "resourceVersion": "1", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def held(*every: Manifest) -> list[argo.Held]:
    """What Argo CD's Secrets are for."""
    return [argo.read(one) for one in every]


def test_argo_cd_s_ways_to_open_a_repository() -> None:
    """User and password, token alone, bearer, key, GitHub App, client certificate, proxy; a user alone is no login."""

    def shown(clone: str = HTTPS, hosts: str = "", authorities: str = "", **values: str) -> Any:
        return argo.shown(held(secret(url=clone, **values)), clone, hosts, authorities)

    assert shown(username="ada", password=CANARY) == Login("ada", CANARY)
    assert shown(password=f"{CANARY}\n") == Login("x-access-token", CANARY)
    assert shown(username="ada", password="x", bearerToken=CANARY) == Login("", CANARY, bearer=True)
    both = shown(password="x", username="ada", bearerToken=CANARY, forceHttpBasicAuth="true")
    assert both == Login("ada", "x")
    assert shown(SSH, HOSTS, sshPrivateKey=f"{PEM}\r\n") == Key(PEM, HOSTS)
    way = Way("authority", "certificate", "key", "http://proxy.example:3128", "localhost")
    named = {"tlsClientCertData": "certificate", "tlsClientCertKey": "key", "noProxy": "localhost"}
    found = shown(authorities="authority", proxy="http://proxy.example:3128", insecure="false", **named)
    assert found == Login("", "", way=way)
    app = {"githubAppID": "7", "githubAppInstallationID": "8", "githubAppPrivateKey": PEM}
    assert shown("https://github.com/a/b", **app) == AppKey("https://api.github.com", "7", PEM)
    ghes = shown("https://ghes.example/a/b", githubAppEnterpriseBaseUrl="https://ghes.example/api/v3", **app)
    assert ghes == AppKey("https://ghes.example/api/v3", "7", PEM)


def test_what_a_repository_does_not_have_it_takes_from_its_template() -> None:
    own = secret(url=HTTPS, proxy="http://proxy.example:3128")
    template = secret("two", kind="repo-creds", url="https://git.example.com/team", password=CANARY)
    found = argo.shown(held(own, template), HTTPS, "", "")
    assert found == Login("x-access-token", CANARY, way=Way(proxy="http://proxy.example:3128"))


WRONG = {
    "no key": ({"url": SSH, "password": "x"}, "sshPrivateKey: expected a private key for SSH"),
    "no private key": ({"url": SSH, "sshPrivateKey": "ssh-ed25519 AAAA"}, "sshPrivateKey: expected a private key as"),
    "a passphrase": ({"url": SSH, "sshPrivateKey": LOCKED}, "sshPrivateKey: expected a private key without a passphr"),
    "no host keys": ({"url": SSH, "sshPrivateKey": PEM}, "ConfigMap argocd/argocd-ssh-known-hosts-cm: ssh_known_hosts"),
    "unchecked": ({"url": HTTPS, "password": "x", "insecure": "true"}, "insecure: expected `false`, for certificates"),
    "a flag": ({"url": HTTPS, "password": "x", "insecure": "perhaps"}, "insecure: expected `true` or `false`"),
    "unchecked host": ({"url": SSH, "insecureIgnoreHostKey": "true"}, "insecureIgnoreHostKey: expected `false`"),
    "a cloud": ({"url": HTTPS, "gcpServiceAccountKey": "{}"}, "password: expected a password or token"),
    "half a pair": ({"url": HTTPS, "tlsClientCertData": "x"}, "tlsClientCertKey: expected PEM, for there is tlsClient"),
    "a proxy": ({"url": HTTPS, "proxy": "socks5://x"}, "proxy: expected the URL of an HTTP proxy"),
    "no App": ({"url": "https://github.com/a/b", "githubAppPrivateKey": PEM}, "githubAppID: expected the App's ID"),
    "another API": (
        {"url": HTTPS, "githubAppPrivateKey": PEM, "githubAppID": "7"},
        "githubAppEnterpriseBaseUrl: expec",
    ),
    "plain http": ({"url": "http://git.example.com/a/b", "password": "x"}, "url: expected https, so that nobody"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_broken_secret_is_one_sentence(case: str) -> None:
    """With the Secret, the key and what was expected, and without any value."""
    values, expected = WRONG[case]
    with pytest.raises(BadConfiguration) as refusal:
        argo.shown(held(secret(**values)), values["url"], "", "")
    said = str(refusal.value)
    assert expected in said
    assert said.startswith(("Secret argocd/one: ", "ConfigMap argocd/"))
    assert CANARY not in said


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "url: expected the URL of a repository"),
        ({"url": "ext::sh -c x"}, "url: expected a URL"),
        ({"url": "--upload-pack=x"}, "url: expected a URL"),
        ({"url": HTTPS, "type": "svn"}, "type: expected git, helm or oci"),
    ],
)
def test_a_secret_of_nobody_knows_what_is_one_sentence(values: dict[str, str], expected: str) -> None:
    with pytest.raises(BadConfiguration, match=f"Secret argocd/one: {expected}"):
        argo.read(secret(**values))


def test_a_value_that_is_no_text_is_one_sentence() -> None:
    broken = secret(url=HTTPS)
    broken["data"]["password"] = base64.b64encode(b"\xff\xfe").decode()
    with pytest.raises(BadConfiguration, match="Secret argocd/one: password: expected a text in UTF-8"):
        argo.shown(held(broken), HTTPS, "", "")


def test_the_key_that_ssh_keygen_writes_is_told_from_one_with_a_passphrase(tmp_path: Path) -> None:
    for name, words in (("open", ""), ("closed", CANARY)):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", words, "-f", tmp_path / name], check=True)
    found = Fields(secret(identity=(tmp_path / "open").read_text())).key("identity")
    assert found == (tmp_path / "open").read_text().strip()
    with pytest.raises(BadConfiguration, match="without a passphrase"):
        Fields(secret(identity=(tmp_path / "closed").read_text())).key("identity")


def test_flux_s_ways_to_open_a_repository() -> None:
    """Of Git: basic, bearer, key, authority and certificate, GitHub App; of a registry what docker keeps."""

    def shown(clone: str = HTTPS, provider: str = "", *, git: bool = True, **values: str) -> Any:
        return flux.shown(Fields(secret(**values)), clone, provider, git=git)

    assert shown(username="ada", password=CANARY) == Login("ada", CANARY)
    assert shown(bearerToken=CANARY) == Login("", CANARY, bearer=True)
    assert shown(SSH, identity=PEM, identity__pub="x", known_hosts=HOSTS) == Key(PEM, HOSTS)
    assert shown(ca__crt="a", tls__crt="b", tls__key="c") == Login("", "", way=Way("a", "b", "c"))
    assert shown(caFile="a", certFile="b", keyFile="c") == Login("", "", way=Way("a", "b", "c"))
    app: dict[str, Any] = {"githubAppID": "7", "githubAppInstallationID": "8", "githubAppPrivateKey": PEM}
    assert shown("https://github.com/a/b", "github", **app) == AppKey("https://api.github.com", "7", PEM)
    auth = base64.b64encode(f"ada:{CANARY}".encode()).decode()
    entries = {"https://index.docker.io/v1/": {"auth": "x"}, "ghcr.io": {"auth": "x"}, "ghcr.io/team": {"auth": auth}}
    docker: dict[str, Any] = {"__dockerconfigjson": json.dumps({"auths": entries})}
    assert shown(OCI, git=False, **docker) == Login("ada", CANARY)
    local: dict[str, Any] = {"__dockerconfigjson": json.dumps({"auths": {"localhost:5000": {"auth": auth}}})}
    assert shown("http://localhost:5000/team/shop", git=False, **local) == Login("ada", CANARY)
    hub: dict[str, Any] = {"__dockerconfigjson": json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": auth}}})}
    assert shown("https://registry-1.docker.io/team/shop", git=False, **hub) == Login("ada", CANARY)


FLUX_WRONG = {
    "nothing": (HTTPS, {}, "password: expected a password beside `username`, or `bearerToken`"),
    "half": (HTTPS, {"username": "ada"}, "password: expected both"),
    "no key": (SSH, {"username": "ada"}, "identity: expected a private key for SSH"),
    "no hosts": (SSH, {"identity": PEM}, "known_hosts: expected the server's host keys"),
    "a passphrase": (SSH, {"identity": PEM, "known_hosts": "x", "password": "y"}, "password: expected nothing"),
    "an App": (HTTPS, {"githubAppID": "7"}, "githubAppID: expected nothing without `provider: github`"),
    "another host": (OCI, {"__dockerconfigjson": '{"auths": {"evil.example": {}}}'}, "expected an entry for ghcr.io"),
    "no JSON": (OCI, {"__dockerconfigjson": "["}, '.dockerconfigjson: expected a JSON object with "auths"'),
    "plain http": ("http://git.example.com/a/b", {"bearerToken": "x"}, "url: expected https"),
}


@pytest.mark.parametrize("case", FLUX_WRONG)
def test_a_broken_secret_of_flux_is_one_sentence(case: str) -> None:
    clone, values, expected = FLUX_WRONG[case]
    with pytest.raises(BadConfiguration) as refusal:
        flux.shown(Fields(secret(**values)), clone, git=clone != OCI)
    assert "Secret argocd/one: " in str(refusal.value)
    assert expected in str(refusal.value)
    assert CANARY not in str(refusal.value)


EVERY = held(
    secret("exact", url=HTTPS, password="x"),
    secret("bare", url="https://git.example.com/team/bare", proxy="http://proxy.example"),
    secret("public", url="https://git.example.com/other/public"),
    secret("theirs", url="https://git.example.com/team/theirs", password="x", project="shop"),
    secret("a-host", kind="repo-creds", url="https://git.example.com", password="x"),
    secret("b-team", kind="repo-creds", url="https://git.example.com/team", password="x"),
    secret("c-team-of-shop", kind="repo-creds", url="https://git.example.com/team", password="x", project="shop"),
    secret("d-team-again", kind="repo-creds", url="https://git.example.com/team/", password="x"),
    secret("ssh", kind="repo-creds", url="git@git.example.com:team", sshPrivateKey=PEM),
    secret("charts", url="https://charts.example.com", type="helm", password="x"),
    secret("registry", kind="repo-creds", url="ghcr.io/team", type="helm", enableOCI="true", password="x"),
)
CHOICES = [
    (HTTPS, "git", "default", ["exact"]),
    (HTTPS.removesuffix(".git"), "git", "default", ["exact"]),
    ("https://git.example.com:443/team/app", "git", "default", ["exact"]),
    ("https://git.example.com/team/bare", "git", "default", ["bare", "b-team"]),
    ("https://git.example.com/team/bare", "git", "shop", ["bare", "c-team-of-shop"]),
    ("https://git.example.com/other/public", "git", "default", ["a-host"]),
    ("https://git.example.com/team/theirs", "git", "shop", ["theirs"]),
    ("https://git.example.com/team/theirs", "git", "default", ["b-team"]),
    ("https://git.example.com/teams/app", "git", "default", ["a-host"]),
    ("https://git.example.com/team-evil/app", "git", "default", ["a-host"]),
    ("https://git.example.com.evil.example/team/app", "git", "default", []),
    ("https://git.example.com@evil.example/team/app", "git", "default", []),
    ("https://evil.example/git.example.com/team/app", "git", "default", []),
    ("https://git.example.com:8443/team/app", "git", "default", []),
    ("http://git.example.com/team/app", "git", "default", []),
    (SSH, "git", "default", ["ssh"]),
    ("ssh://git@git.example.com/team/app", "git", "default", ["ssh"]),
    ("ssh://git@git.example.com:2222/team/app", "git", "default", []),
    ("https://charts.example.com", "helm", "default", ["charts"]),
    ("https://charts.example.com", "git", "default", []),
    (OCI, "oci", "default", ["registry"]),
    (OCI, "git", "default", []),
]


@pytest.mark.parametrize(("clone", "kind", "project", "expected"), CHOICES)
def test_which_of_argo_cd_s_secrets_is_for_a_source(clone: str, kind: str, project: str, expected: list[str]) -> None:
    """The exact one, then the longest start in whole segments; of its own kind; of its own project or of none."""
    found = choosing.chosen({}, Wanted(clone, kind, project), EVERY)
    assert [one.place for one in found.held] == [f"Secret argocd/{name}" for name in expected]
    mine = any(one.project for one in found.held)
    assert found.scope == (f"project {project}" if mine else "")


def test_the_configuration_goes_first_then_the_secret_that_a_source_names() -> None:
    named = Named("shop", "git", HTTPS, "a.yaml:3: spec.secretRef")
    host = RepositoryCredential.model_validate({"url": "https://git.example.com", "password": "env:X"})
    other = RepositoryCredential.model_validate({"url": "https://git.example.com/teams", "password": "env:X"})
    wanted = Wanted(HTTPS, named=named)
    assert choosing.chosen({"host": host, "other": other}, wanted, EVERY).setting == "host"
    assert choosing.chosen({"host": host}, wanted, EVERY).scope == ""
    found = choosing.chosen({"other": other}, wanted, EVERY)
    assert (found.named, found.held) == (named, ())
    assert "shop/git" in found.scope


def test_a_secret_that_a_source_names_is_for_its_own_host_only() -> None:
    """Also where the configuration fetches the source from elsewhere; nobody else's credential takes its place."""
    named = Named("shop", "git", HTTPS, "a.yaml:3: spec.secretRef")
    for clone in ("https://evil.example/team/app", "http://git.example.com/team/app", SSH):
        assert choosing.chosen({}, Wanted(clone, named=named), EVERY) == NOTHING
