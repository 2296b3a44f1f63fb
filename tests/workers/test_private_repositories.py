"""Private repositories over real HTTP and real git: who gets in, with what, and that the credential is nowhere else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from deploy.local.forge import Forge, private
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, Server
from tests.fakes import github_apps
from tests.workers.test_redaction import traces
from workers import accesses
from workers.errors import AccessDenied, BadConfiguration, HooklineError, OperatorError
from workers.forges.accounts import Accounts
from workers.git import access, transport
from workers.git.mirror import Mirror
from workers.settings import Settings

REPOSITORY = "your-org/your-repo"
CANARY = 'kanarienvogel "17\\/%+='
"""A token of no known shape, with signs that need quoting."""


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A forge with one private repository, whose password is the canary."""
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, tmp_path / "work")
        work.commit({"myapp/one.yaml": "a: 1\n"}, "first")
        work.push()
        forge.state.private[REPOSITORY] = CANARY
        yield forge


def mirror(tmp_path: Path, url: str, **credentials: dict[str, Any]) -> Mirror:
    """The mirror of a repository, with these ``repository_credentials``."""
    settings = Settings.model_validate({"repository_credentials": credentials})
    accounts = Accounts(settings)
    return Mirror(tmp_path / "mirrors", url, url, find=lambda _: accesses.access_to(settings, accounts, url))


def secret(tmp_path: Path, text: str, name: str = "token") -> str:
    """A reference to a file that holds a secret."""
    (tmp_path / name).write_text(f"{text}\n")
    return f"file:{tmp_path / name}"


def test_a_token_opens_a_private_repository_and_may_be_replaced_at_any_time(forge: Forge, tmp_path: Path) -> None:
    """Wrong, right, rotated at the forge, rotated here: always what the file holds now, with one mirror."""
    reference = secret(tmp_path, "wrong")
    url = forge.clone_url(REPOSITORY)
    seen = mirror(tmp_path, url, team={"url": f"{forge.url}/your-org", "password": reference})
    with pytest.raises(AccessDenied, match=r"repository_credentials\.team") as refusal:
        seen.fetch()
    assert url in str(refusal.value)
    secret(tmp_path, CANARY)
    assert seen.fetch()
    assert seen.resolve("main")
    assert "refs/heads/main" in seen.remote_refs().commits
    forge.state.private[REPOSITORY] = "another"
    with pytest.raises(AccessDenied):
        seen.fetch()
    secret(tmp_path, "another")
    assert seen.fetch()
    (tmp_path / "token").unlink()
    with pytest.raises(BadConfiguration, match=r"repository_credentials\.team: the file .* cannot be read.*your-repo"):
        seen.fetch()


def test_without_a_credential_the_operator_reads_where_to_add_one(forge: Forge, tmp_path: Path) -> None:
    for url in (forge.clone_url(REPOSITORY), f"http://{CANARY.split()[0]}@127.0.0.1:1/x"):
        assert accesses.access_to(Settings(), Accounts(Settings()), url) is None
    with pytest.raises(AccessDenied, match="none is for it: add it to `repository_credentials`"):
        mirror(tmp_path, forge.clone_url(REPOSITORY)).fetch()


def test_a_line_break_in_a_password_is_refused_and_not_shown(forge: Forge, tmp_path: Path) -> None:
    reference = secret(tmp_path, f"{CANARY}\nhost=evil.example")
    with pytest.raises(BadConfiguration, match="line break") as refusal:
        mirror(tmp_path, forge.clone_url(REPOSITORY), team={"url": forge.url, "password": reference}).fetch()
    assert [one for one in traces(CANARY) if one in str(refusal.value)] == []


def processes() -> str:
    """Arguments and environment of every process that can be seen, but for this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) != os.getpid():
            for name in ("cmdline", "environ"):
                try:
                    found.append((folder / name).read_bytes().decode(errors="replace"))
                except OSError:
                    continue
    return "\n".join(found)


def test_the_credential_is_in_no_argument_log_error_or_file(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for in the middle of a call, when git has it, and afterwards; the server repeats it in its answer."""
    seen: list[str] = []

    def watch(request: Request) -> Response:
        if "authorization" not in request.headers:
            return Response(401, b"", {"www-authenticate": 'Basic realm="x"'})
        seen.append(processes())
        code = request.headers["authorization"]
        return Response(403, f"{CANARY} {code}".encode(), {"content-type": "text/plain"})

    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    reference = secret(tmp_path, CANARY, "holder")
    server = Server(watch)
    server.start()
    with structlog.testing.capture_logs() as logs:
        try:
            url = f"http://127.0.0.1:{server.port}/{REPOSITORY}.git"
            mirror(tmp_path, url, a={"url": url, "password": reference}).fetch()
        except HooklineError as error:
            said = f"{error}{error!r}{vars(error)}{traceback.format_exc()}"
        finally:
            server.stop()
    good = mirror(tmp_path, forge.clone_url(REPOSITORY), a={"url": forge.url, "password": reference})
    good.fetch()
    assert forge.state.fetches == [REPOSITORY]
    assert "remote-http" in seen[0]
    assert "/proc/" in trace.read_text()
    held = b"".join(one.read_bytes() for one in (tmp_path / "mirrors").rglob("*") if one.is_file())
    for place, text in {
        "processes": "".join(seen),
        "trace": trace.read_text(),
        "error": said,
        "logs": repr(logs),
        "mirror": held.decode("latin-1"),
    }.items():
        basic = base64.b64encode(f"x-access-token:{CANARY}".encode()).decode()
        assert [one for one in (*traces(CANARY), basic) if one in text] == [], place
    assert [
        one for one in Path("/proc/self/fd").iterdir() if one.is_symlink() and "credential" in str(one.readlink())
    ] == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("after_asking", [True, False])
def test_a_redirect_to_another_host_or_port_does_not_get_the_credential(
    tmp_path: Path, host: str, after_asking: bool
) -> None:
    """Before and after the first server has seen it; the second one asks for it."""
    asked = Response(401, b"", {"www-authenticate": 'Basic realm="x"'})
    got: list[str] = []
    first: list[str] = []

    def take(request: Request) -> Response:
        got.append(request.headers.get("authorization", ""))
        return asked

    def send_on(request: Request) -> Response:
        first.append(request.headers.get("authorization", ""))
        if after_asking and not first[-1]:
            return asked
        return Response(
            302, b"", {"location": f"http://{host}:{second.port}/team/app.git/info/refs?{request.raw_query}"}
        )

    second, server = Server(take), Server(send_on)
    second.start()
    server.start()
    url = f"http://127.0.0.1:{server.port}/team/app.git"
    seen = mirror(tmp_path, url, a={"url": url, "password": secret(tmp_path, CANARY)})
    with pytest.raises(AccessDenied):
        seen.fetch()
    server.stop()
    second.stop()
    basic = base64.b64encode(f"x-access-token:{CANARY}".encode()).decode()
    assert (f"Basic {basic}" in first) is after_asking
    assert got
    assert [one for one in got if basic in one] == []


def test_a_github_app_opens_what_it_is_installed_for(forge: Forge, tmp_path: Path) -> None:
    """With a token for reading this one repository's contents; without that permission it is said."""
    forge.state.private[REPOSITORY] = ""
    app = github_apps.register(forge)
    place = forge.state.apps.install(app, "your-org", github_apps.GRANTED)
    key = secret(tmp_path, github_apps.key()[0], "key")
    account = {"kind": "github", "api": forge.api, "app": {"id": app.client_id, "key": key}}
    wanted = {"url": f"{forge.url}/your-org", "forge": "github"}
    settings = Settings.model_validate({"repository_credentials": {"team": wanted}, "forges": {"github": account}})
    accounts, url = Accounts(settings), forge.clone_url(REPOSITORY)
    seen = Mirror(
        tmp_path / "mirrors", url, url, find=lambda anew: accesses.access_to(settings, accounts, url, anew=anew)
    )
    with pytest.raises(AccessDenied, match=r"repository_credentials\.team: .*lacks the permission to read contents"):
        seen.fetch()
    forge.state.apps.uninstall(place.number)
    forge.state.apps.install(app, "your-org", github_apps.GRANTED | {"contents": "read"})
    assert seen.fetch()
    assert [dict(one.permissions) for one in forge.state.apps.tokens] == [{"contents": "read"}]
    forge.state.apps.revoke()
    assert seen.fetch(), "a token that was revoked is made anew, once"
    assert len(forge.state.apps.tokens) == 1
    client = accounts.named("github", REPOSITORY).client
    assert client
    client.close()


@pytest.mark.parametrize("kind", ["token", "app"])
def test_in_a_real_fetch_the_server_alone_sees_the_credential(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Looked for at each of its requests: in what they ask for, in every process, and in what git says it started."""
    asked: list[str] = []
    passes = private.turned_away

    def watched(state: State, request: Request, name: str) -> Response | None:
        asked.append(f"{request.path}?{request.raw_query}\n{processes()}")
        return passes(state, request, name)

    monkeypatch.setattr(private, "turned_away", watched)
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    given: dict[str, Any] = {"password": secret(tmp_path, CANARY, "holder")}
    account: dict[str, Any] = {}
    if kind == "app":
        app = github_apps.register(forge)
        forge.state.apps.install(app, "your-org", github_apps.GRANTED | {"contents": "read"})
        key = secret(tmp_path, github_apps.key()[0], "holder")
        account = {"github": {"kind": "github", "api": forge.api, "app": {"id": app.client_id, "key": key}}}
        given = {"forge": "github"}
    team = {"url": f"{forge.url}/your-org", **given}
    settings = Settings.model_validate({"repository_credentials": {"team": team}, "forges": account})
    accounts, url = Accounts(settings), forge.clone_url(REPOSITORY)
    seen = Mirror(tmp_path / "mirrors", url, url, find=lambda _: accesses.access_to(settings, accounts, url))
    with structlog.testing.capture_logs() as logs:
        assert seen.fetch()
        assert seen.remote_refs().commits
    secrets = [one.text for one in forge.state.apps.tokens] if account else [CANARY]
    assert secrets
    assert any("git-remote-http" in one or "remote-http" in one for one in asked)
    files = [one for one in tmp_path.rglob("*") if one.is_file() and one.name != "holder" and "forge" not in one.parts]
    held = b"".join(one.read_bytes() for one in files).decode("latin-1")
    assert str(trace) in map(str, files)
    for text in (*asked, held, repr(logs)):
        for one in secrets:
            assert [form for form in traces(one) if form in text] == []
    if account and (client := accounts.named("github", REPOSITORY).client):
        client.close()


SSH = "git@git.example.com:team/app.git"


def test_the_real_ssh_understands_every_option() -> None:
    """As `ssh -G` reads them: nothing of the machine's own configuration, no agent, no other host keys."""
    with access.opened(access.Key("key", "hosts"), SSH, 1) as given:
        command = given["GIT_SSH_COMMAND"].split()
        said = subprocess.run([*command, "-G", "git.example.com"], check=True, capture_output=True, text=True).stdout
    lines = set(said.splitlines())
    assert {"stricthostkeychecking true", "globalknownhostsfile none", "identitiesonly yes", "batchmode yes"} <= lines
    assert [one for one in lines if one.startswith("userknownhostsfile /proc/")]


def test_an_unknown_host_key_is_the_operator_s_affair() -> None:
    said = transport.judged("git@h:x/y", "Host key verification failed.", "repository_credentials.team")
    assert isinstance(said, OperatorError)
    assert "repository_credentials.team.known_hosts" in str(said)


def test_a_credential_shows_nothing_of_itself() -> None:
    for one in (access.Login("me", CANARY), access.Key(CANARY, CANARY)):
        assert CANARY not in json.dumps(repr(one))
        assert "kanarien" not in repr(one)
