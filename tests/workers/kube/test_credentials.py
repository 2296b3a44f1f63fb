"""Kubeconfigs and pods: who we are, how that is renewed, and what a broken file says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.workers.kube.conftest import CONFIG_MAPS, Kubeconfig, Reply, Scripted, status
from workers.errors import AccessDenied, BadConfiguration
from workers.kube import Client, connection

CANARY = "CANARY-7f3a"


def test_the_token_of_the_kubeconfig_is_sent(server: Scripted, scripted_client: Client) -> None:
    scripted_client.get(CONFIG_MAPS, "a", "web")

    assert server.asked[0].headers["authorization"] == "Bearer first"


def test_a_user_without_a_token_sends_none(server: Scripted, kubeconfig: Kubeconfig) -> None:
    Client.from_kubeconfig(kubeconfig(server.url), None).get(CONFIG_MAPS, "a", "web")

    assert "authorization" not in server.asked[0].headers


def test_a_server_below_a_path_keeps_it(server: Scripted, kubeconfig: Kubeconfig) -> None:
    """As with clusters behind Rancher."""
    Client.from_kubeconfig(kubeconfig(f"{server.url}/k8s/clusters/c-1/"), None).get(CONFIG_MAPS, "a", "web")

    assert server.asked[0].path == "/k8s/clusters/c-1/api/v1/namespaces/a/configmaps/web"


def test_the_environment_names_the_kubeconfig_when_we_do_not(
    server: Scripted, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(server.url)))

    assert Client.from_kubeconfig(None, "it").get(CONFIG_MAPS, "a", "web") == {}


def test_a_token_file_that_was_renewed_is_read_again_after_a_401(
    server: Scripted, kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a write, which a 401 proves was not carried out."""
    monkeypatch.setattr(connection, "RELOAD_SECONDS", 0.0)
    token = tmp_path / "token"
    token.write_text("old")
    client = Client.from_kubeconfig(kubeconfig(server.url, {"tokenFile": str(token)}), None)
    token.write_text("new")
    server.replies = [status(401, "Unauthorized"), Reply()]

    client.delete(CONFIG_MAPS, "a", "web")

    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer old", "Bearer new"]


def test_credentials_that_stay_wrong_are_the_operators_and_not_tried_for_ever(
    server: Scripted, scripted_client: Client
) -> None:
    server.replies = [status(401, "Unauthorized") for _ in range(9)]

    for _ in range(2):
        with pytest.raises(AccessDenied, match="renew the credentials"):
            scripted_client.get(CONFIG_MAPS, "a", "web")

    assert len(server.asked) == 2


def test_a_program_is_asked_for_a_token_and_asked_again_when_it_has_expired(
    server: Scripted, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    """The exec plugins of cloud providers."""
    count = tmp_path / "count"
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        f"""
import json, pathlib
count = pathlib.Path({str(count)!r})
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "status": {{"token": f"token-{{number}}", "expirationTimestamp": "2020-01-01T00:00:00Z"}}}}))
"""
    )
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(plugin)],
        "interactiveMode": "Never",
    }
    client = Client.from_kubeconfig(kubeconfig(server.url, {"exec": command}), None)

    for _ in range(2):
        client.get(CONFIG_MAPS, "a", "web")

    sent = [asked.headers["authorization"] for asked in server.asked]
    assert sent[0].startswith("Bearer token-")
    assert sent[0] != sent[1]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"there is no kubeconfig .*nowhere"):
        Client.from_kubeconfig(tmp_path / "nowhere", None)


def test_a_missing_context_is_named(kubeconfig: Kubeconfig) -> None:
    with pytest.raises(BadConfiguration, match="staging"):
        Client.from_kubeconfig(kubeconfig("http://127.0.0.1:1"), "staging")


@pytest.mark.parametrize(
    "text",
    [
        f"users: [{{token: {CANARY}\n",
        f"{CANARY}",
        f"[{CANARY}]",
        "",
        "clusters: 7",
        f"current-context: a\ncontexts: {{{CANARY}: 1}}",
        f"a: b: {CANARY}",
        "\x00",
    ],
)
def test_a_broken_file_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text)

    with pytest.raises(BadConfiguration) as caught:
        Client.from_kubeconfig(path, None)

    assert str(path) in str(caught.value)
    assert CANARY not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_certificate_files_that_are_missing_are_the_operators(tmp_path: Path, kubeconfig: Kubeconfig) -> None:
    gone = str(tmp_path / "gone.crt")
    user = {"client-certificate": gone, "client-key": gone}
    with pytest.raises(BadConfiguration):
        Client.from_kubeconfig(kubeconfig("https://127.0.0.1:1", user), None).get(CONFIG_MAPS, "a", "web")


def test_a_tokens_value_is_in_no_error(server: Scripted, kubeconfig: Kubeconfig) -> None:
    """Not even one that cannot be sent."""
    client = Client.from_kubeconfig(kubeconfig(server.url, {"token": f"{CANARY}\r\nX-Evil: 1"}), None)

    with pytest.raises(AccessDenied, match="holds characters no token has") as caught:
        client.get(CONFIG_MAPS, "a", "web")

    assert CANARY not in repr(caught.value)
    assert not server.asked


def test_outside_of_a_pod_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(BadConfiguration, match="does not run in a pod"):
        Client.in_cluster()


def test_in_a_pod_the_service_accounts_token_and_authority_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Scripted
) -> None:
    """With the very TLS a pod has, and the token as it is now."""
    from kubernetes.config import incluster_config

    from tests.workers.kube.test_connection import certificate, encrypted

    files = certificate(tmp_path, "authority", 30)
    encrypted(server, files)
    token = tmp_path / "token"
    token.write_text("from-the-pod")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_address[1]))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(files[0]))

    Client.in_cluster().get(CONFIG_MAPS, "a", "web")

    assert server.asked[0].headers["authorization"] == "bearer from-the-pod"
