"""What git is handed besides a password, by the real git: bearer tokens, authorities, certificates of ours, proxies."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.forge import Forge
from deploy.local.forge.web import Request, Response, Server
from deploy.local.pki import Authority
from tests.workers.test_private_repositories import REPOSITORY, processes
from workers.errors import AccessDenied, GitUnreachable
from workers.git import transport
from workers.git.access import Access, Login, Way, opened
from workers.git.mirror import Mirror

CANARY = 'kanarienvogel "17\\/%+='


@pytest.fixture(scope="module")
def advertised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """What upload-pack says first of a repository with one commit."""
    folder = tmp_path_factory.mktemp("ways")
    with Forge(folder / "forge") as forge:
        forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, folder / "work")
        work.commit({"one.yaml": "a: 1\n"}, "first")
        work.push()
        path = forge.state.repositories[REPOSITORY].path
        command = ["git", "upload-pack", "--stateless-rpc", "--advertise-refs", str(path)]
        yield b"001e# service=git-upload-pack\n0000" + subprocess.run(command, check=True, capture_output=True).stdout


def listed(folder: Path, url: str, login: Login) -> set[str]:
    """The refs that git sees at a URL with a login."""
    access = Access("Secret argocd/one", 1, lambda: login)
    return set(Mirror(folder / "mirrors", url, url, find=lambda _: access).remote_refs().commits)


def served(advertised: bytes, asked: list[Request]) -> Any:
    """Answer as a Git server that knows everybody."""

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(200, advertised, {"content-type": "application/x-git-upload-pack-advertisement"})

    return answer


def test_a_bearer_token_is_a_header_and_goes_nowhere_else(
    advertised: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to where a redirect leads, in no argument and no variable of any process, in none of what git started."""
    seen: list[str] = []
    elsewhere: list[Request] = []
    wanted = f"Bearer {CANARY}"

    def answer(request: Request) -> Response:
        if request.path.startswith("/moved"):
            return Response(302, b"", {"location": f"http://127.0.0.1:{other.port}{request.path}?{request.raw_query}"})
        if request.headers.get("authorization") != wanted:
            return Response(401, b"", {"www-authenticate": 'Basic realm="x"'})
        seen.append(processes())
        return Response(200, advertised, {"content-type": "application/x-git-upload-pack-advertisement"})

    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    server, other = Server(answer), Server(served(advertised, elsewhere))
    server.start()
    other.start()
    try:
        login = Login("", CANARY, bearer=True)
        assert "refs/heads/main" in listed(tmp_path, f"http://127.0.0.1:{server.port}/a/b.git", login)
        with pytest.raises(GitUnreachable):
            listed(tmp_path, f"http://127.0.0.1:{server.port}/moved/b.git", login)
        with pytest.raises(AccessDenied, match="refused the credential of Secret argocd/one") as refusal:
            listed(tmp_path, f"http://127.0.0.1:{server.port}/a/c.git", Login("", "another", bearer=True))
    finally:
        server.stop()
        other.stop()
    assert elsewhere == []
    assert "remote-http" in seen[0]
    for text in (seen[0], trace.read_text(), str(refusal.value)):
        assert CANARY not in text
        assert "kanarienvogel" not in text


def test_a_url_says_nothing_in_git_s_configuration() -> None:
    """Whoever writes one can put in neither another section nor another key."""
    url = 'http://git.example.com/a"]proxy=http:;/b.git'
    with opened(Login("", "token", bearer=True), url, 1) as given:
        environment = {"PATH": os.environ["PATH"], **transport.environment(), **given}
        command = ["git", "config", "--list", "--name-only"]
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    mine = [one for one in said if one.startswith("http.") and one != "http.followredirects"]
    start = 'http.http://git.example.com/a"]proxy=http:;'
    assert mine == [f"{start}.extraheader", f"{start}.followredirects"]


def test_an_authority_and_a_certificate_of_ours(advertised: bytes, tmp_path: Path) -> None:
    """Of a server that this machine does not trust, and that asks who we are."""
    authority, asked = Authority(), list[Request]()
    pair, mine = authority.server(["localhost", "127.0.0.1"]), authority.client("ada")
    (tmp_path / "server.pem").write_bytes(pair.certificate + pair.key)
    (tmp_path / "authority.pem").write_bytes(authority.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "authority.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(str(tmp_path / "server.pem"))
    server = Server(served(advertised, asked))
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.start()
    url, trusted = f"https://localhost:{server.port}/a/b.git", authority.certificate.decode()
    try:
        for way in (Way(), Way(trusted), Way("", mine.certificate.decode(), mine.key.decode())):
            with pytest.raises(GitUnreachable):
                listed(tmp_path, url, Login("", "", way=way))
        assert asked == []
        whole = Way(trusted, mine.certificate.decode(), mine.key.decode())
        assert "refs/heads/main" in listed(tmp_path, url, Login("", "", way=whole))
    finally:
        server.stop()
    assert len(asked) == 1


def test_a_proxy_and_what_is_reached_without_it(advertised: bytes, tmp_path: Path) -> None:
    """The proxy's own password is a secret like any other."""
    through, direct = list[Request](), list[Request]()
    passes = served(advertised, through)

    def guarded(request: Request) -> Response:
        if "proxy-authorization" in request.headers:
            return passes(request)  # type: ignore[no-any-return]
        return Response(407, b"", {"proxy-authenticate": 'Basic realm="x"'})

    proxy, server = Server(guarded), Server(served(advertised, direct))
    proxy.start()
    server.start()
    url, said = f"http://127.0.0.1:{server.port}/a/b.git", f"http://ada:canary17@127.0.0.1:{proxy.port}"
    try:
        assert "refs/heads/main" in listed(tmp_path, url, Login("", "", way=Way(proxy=said)))
        assert len(through) == 1
        assert through[0].headers["proxy-authorization"] == f"Basic {base64.b64encode(b'ada:canary17').decode()}"
        assert direct == []
        assert "refs/heads/main" in listed(tmp_path, url, Login("", "", way=Way(proxy=said, direct="127.0.0.1")))
    finally:
        proxy.stop()
        server.stop()
    assert len(direct) == len(through) == 1
