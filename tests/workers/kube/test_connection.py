"""What happens between us and the API server: load balancers, sleepy servers, TLS, forks and threads."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.workers.kube.conftest import CONFIG_MAPS, Kubeconfig, Reply, Scripted, status
from workers.errors import AccessDenied, BadConfiguration, ClusterUnreachable
from workers.kube import Client, Unanswered, connection
from workers.model import Manifest

WEB: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "a"}}


def test_a_load_balancers_502_is_a_cluster_that_cannot_be_reached(server: Scripted, scripted_client: Client) -> None:
    """Whether HTML, nothing at all, or without a content type; tried again a few times, not for ever."""
    server.replies = [Reply(502, b"<h1>Bad Gateway</h1>", {"Content-Type": "text/html"}), *[Reply(502, b"")] * 9]

    with pytest.raises(ClusterUnreachable, match="answered 502"):
        scripted_client.get(CONFIG_MAPS, "a", "web")

    assert len(server.asked) == 4


def test_json_with_a_charset_and_without_a_content_type_is_read(server: Scripted, scripted_client: Client) -> None:
    server.replies = [
        Reply(200, b'{"a":1}', {"Content-Type": "application/json; charset=utf-8"}),
        Reply(200, b'{"a":2}'),
    ]

    assert [scripted_client.get(CONFIG_MAPS, "a", "web") for _ in range(2)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"", b"[]"])
def test_a_200_that_is_no_object_is_not_believed(server: Scripted, scripted_client: Client, body: bytes) -> None:
    server.replies = [Reply(200, body)]

    with pytest.raises(ClusterUnreachable, match="login page"):
        scripted_client.get(CONFIG_MAPS, "a", "web")


def test_a_404_that_is_not_the_api_servers_is_no_proof_of_absence(server: Scripted, scripted_client: Client) -> None:
    for reply in (Reply(404, b"<h1>nothing here</h1>"), Reply(404, b"")):
        server.replies = [reply]
        with pytest.raises(ClusterUnreachable):
            scripted_client.get(CONFIG_MAPS, "a", "web")
        server.replies = [reply]
        with pytest.raises(ClusterUnreachable):
            scripted_client.delete(CONFIG_MAPS, "a", "web")


def test_reads_and_applies_are_sent_again_after_the_time_asked_for(server: Scripted, scripted_client: Client) -> None:
    busy = status(429, "slow down")
    busy.headers["Retry-After"] = "1"
    server.replies = [busy, Reply(200, b'{"a":1}'), status(503, "not yet"), Reply(201, b'{"b":1}')]

    assert scripted_client.get(CONFIG_MAPS, "a", "web") == {"a": 1}
    assert scripted_client.apply(WEB, force=False).created
    assert [asked.method for asked in server.asked] == ["GET", "GET", "PATCH", "PATCH"]


def test_a_wait_that_is_too_long_is_left_to_the_queue(server: Scripted, scripted_client: Client) -> None:
    busy = status(503, "come back later")
    busy.headers["Retry-After"] = "600"
    server.replies = [busy]

    with pytest.raises(Unanswered) as caught:
        scripted_client.get(CONFIG_MAPS, "a", "web")

    assert caught.value.retry_after == 600
    assert len(server.asked) == 1


def test_what_may_have_been_done_is_not_sent_again(server: Scripted, scripted_client: Client) -> None:
    stored = {**WEB, "metadata": {**WEB["metadata"], "resourceVersion": "1"}}
    for action in (
        lambda: scripted_client.create(WEB),
        lambda: scripted_client.replace(stored),
        lambda: scripted_client.delete(CONFIG_MAPS, "a", "web"),
    ):
        for reply in (status(503, "who knows"), Reply(drop=True)):
            server.asked.clear()
            server.replies = [reply]
            with pytest.raises(ClusterUnreachable):
                action()
            assert len(server.asked) == 1


def test_a_dropped_connection_is_no_matter_for_a_read_or_an_apply(server: Scripted, scripted_client: Client) -> None:
    server.replies = [Reply(drop=True), Reply(200, b'{"a":1}'), Reply(drop=True), Reply(200, b'{"b":1}')]

    assert scripted_client.get(CONFIG_MAPS, "a", "web") == {"a": 1}
    assert not scripted_client.apply(WEB, force=False).created


def test_credentials_do_not_follow_a_redirect(server: Scripted, scripted_client: Client) -> None:
    with Scripted() as elsewhere:
        server.replies = [Reply(302, b"", {"Location": f"{elsewhere.url}/api/v1/namespaces/a/configmaps/web"})]

        with pytest.raises(BadConfiguration, match="redirect"):
            scripted_client.get(CONFIG_MAPS, "a", "web")

        assert len(server.asked) == 1


def test_nobody_listening_is_a_cluster_that_cannot_be_reached(kubeconfig: Kubeconfig) -> None:
    """Every verb is tried again, as nothing was sent."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = Client.from_kubeconfig(kubeconfig(f"http://127.0.0.1:{held.getsockname()[1]}"), None)

        with pytest.raises(Unanswered, match="did not answer") as caught:
            client.delete(CONFIG_MAPS, "a", "web")

    assert not caught.value.sent
    assert client.requests == 4


def test_a_silent_server_does_not_hold_us_for_ever(kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = Client.from_kubeconfig(kubeconfig(f"http://127.0.0.1:{silent.getsockname()[1]}"), None)

        with pytest.raises(Unanswered, match="no answer in") as caught:
            client.get(CONFIG_MAPS, "a", "web")

    assert not caught.value.again
    assert client.requests == 1


def test_one_connection_serves_many_requests(server: Scripted, scripted_client: Client) -> None:
    for _ in range(5):
        scripted_client.get(CONFIG_MAPS, "a", "web")

    assert len({asked.port for asked in server.asked}) == 1
    assert scripted_client.requests == 5


def test_threads_share_a_client_and_every_request_is_counted(server: Scripted, scripted_client: Client) -> None:
    """Discovery's two requests are made once although all ask at the same time."""
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: scripted_client.apply(WEB, force=False), range(64)))

    assert len(done) == len(server.asked) == 64
    assert scripted_client.requests == 66
    assert len({asked.port for asked in server.asked}) <= 17


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_use_the_parents_connections(server: Scripted, scripted_client: Client) -> None:
    scripted_client.get(CONFIG_MAPS, "a", "web")
    child = os.fork()
    if child == 0:
        try:
            scripted_client.get(CONFIG_MAPS, "a", "web")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    scripted_client.get(CONFIG_MAPS, "a", "web")

    first, forked, last = (asked.port for asked in server.asked)
    assert first == last != forked


def certificate(folder: Path, name: str, days: int) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 that ends in ``days``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def encrypted(server: Scripted, files: tuple[Path, Path]) -> str:
    """Make the server speak TLS and return its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


@pytest.mark.parametrize(("days", "trusted"), [(-1, True), (30, False)], ids=["expired", "of an unknown authority"])
def test_a_certificate_that_cannot_be_trusted_is_the_operators(
    server: Scripted, kubeconfig: Kubeconfig, tmp_path: Path, days: int, trusted: bool
) -> None:
    shown, other = certificate(tmp_path, "shown", days), certificate(tmp_path, "other", 30)
    url = encrypted(server, shown)
    authority = (shown if trusted else other)[0]
    client = Client.from_kubeconfig(kubeconfig(url, **{"certificate-authority": str(authority)}), None)

    with pytest.raises(AccessDenied, match="is not trusted") as caught:
        client.get(CONFIG_MAPS, "a", "web")

    assert ("has expired" if trusted else "self-signed") in str(caught.value)
    assert client.requests == 1


def test_a_trusted_certificate_is_accepted(server: Scripted, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    files = certificate(tmp_path, "shown", 30)
    path = kubeconfig(encrypted(server, files), **{"certificate-authority": str(files[0])})

    assert Client.from_kubeconfig(path, None).get(CONFIG_MAPS, "a", "web") == {}
