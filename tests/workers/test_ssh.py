"""Git over SSH, by the real ssh at a real server: which keys open what, and that they are nowhere else meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import structlog

from deploy.local.forge import Forge
from tests.workers.sshd import Sshd
from tests.workers.test_accesses import HTTP, Cluster, cluster_settings, secret
from tests.workers.test_private_repositories import REPOSITORY, mirror, processes
from workers.accesses import Accesses
from workers.apps import App
from workers.clustersecrets.argo import HOST_KEYS
from workers.errors import AccessDenied, BadConfiguration
from workers.forges.accounts import Accounts
from workers.git.mirror import Mirror
from workers.secretrefs import Named


def made() -> tuple[str, str]:
    """A new key: the private half as ssh-keygen writes it, and the public one."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    return key.export_private_key().decode(), key.export_public_key().decode().strip()


@dataclass
class Place:
    """The server, and the files that a configuration names."""

    sshd: Sshd
    folder: Path

    def mirror(self, key: str, hosts: str) -> Mirror:
        """The mirror of the repository, with a key and host keys."""
        self.put(key)
        (self.folder / "hosts").write_text(hosts)
        url = self.sshd.url
        declared = {"ssh_key": f"file:{self.folder / 'key'}", "known_hosts": str(self.folder / "hosts")}
        return mirror(self.folder, url, team={"url": url.removesuffix("/your-repo.git"), **declared})

    def put(self, key: str) -> None:
        """Replace the key."""
        (self.folder / "key").write_text(key)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """The server, with a repository of one commit."""
    folder = tmp_path_factory.mktemp("ssh")
    with Forge(folder / "forge") as forge:
        forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, folder / "work")
        work.commit({"myapp/one.yaml": "a: 1\n"}, "first")
        work.push()
        with Sshd(forge.state.repositories[REPOSITORY].path) as sshd:
            yield sshd


@pytest.fixture
def place(served: Sshd, tmp_path: Path) -> Iterator[Place]:
    """The server, where nobody is known yet."""
    yield Place(served, tmp_path)
    served.allowed.clear()
    served.during = lambda: None


def test_a_key_opens_what_it_is_for_and_is_replaced_at_any_time(place: Place) -> None:
    """Wrong, right, taken away at the server, replaced here: always what the file holds now."""
    (mine, public), (other, others) = made(), made()
    place.sshd.allowed.add(public)
    seen = place.mirror(other, place.sshd.host_key)
    with pytest.raises(AccessDenied, match=r"refused the credential of repository_credentials\.team for ssh://"):
        seen.fetch()
    place.put(mine)
    assert seen.fetch()
    assert seen.resolve("main")
    assert "refs/heads/main" in seen.remote_refs().commits
    place.sshd.allowed = {others}
    with pytest.raises(AccessDenied, match="put a valid one in its place"):
        seen.fetch()
    place.put(other)
    assert seen.fetch()


def test_a_host_key_that_is_unknown_or_another_one_is_refused(place: Place) -> None:
    """Before the key is shown to anybody: the server runs nothing."""
    key, public = made()
    place.sshd.allowed.add(public)
    before = place.sshd.served
    with pytest.raises(AccessDenied, match=r"has a host key that is not in repository_credentials\.team\.known_hosts"):
        place.mirror(key, "git.example.com ssh-ed25519 AAAA\n").fetch()
    changed = place.sshd.known_as(asyncssh.generate_private_key("ssh-ed25519"))
    with pytest.raises(AccessDenied, match=r"shows another host key than the one in repository_credentials\.team"):
        place.mirror(key, changed).fetch()
    assert place.sshd.served == before


def test_the_key_is_in_no_argument_environment_file_or_log(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked for in the middle of a call, when ssh has it, and afterwards."""
    key, public = made()
    place.sshd.allowed.add(public)
    seen: list[str] = []
    place.sshd.during = lambda: seen.append(processes())
    trace, temporary = place.folder / "trace", place.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with structlog.testing.capture_logs() as logs:
        place.mirror(key, place.sshd.host_key).fetch()
    files = [one for one in place.folder.rglob("*") if one.is_file() and one.name != "key"]
    held = b"".join(one.read_bytes() for one in files).decode("latin-1")
    assert "-oIdentityFile=/proc/" in seen[0]
    assert "-oIdentityFile=/proc/" in trace.read_text()
    lines = key.splitlines()[1:-1]
    for where, text in {"processes": seen[0], "trace": trace.read_text(), "files": held, "logs": repr(logs)}.items():
        assert [line for line in lines if line in text] == [], where
    assert list(temporary.iterdir()) == []
    opened = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert [one for one in opened if "credential" in one] == []


@pytest.mark.parametrize("kind", ["argo", "flux"])
def test_a_deploy_key_of_a_secret(place: Place, kind: str) -> None:
    """Argo CD's with the host keys of its ConfigMap, Flux's with its own; both are replaced while we run."""
    (mine, public), (other, others) = made(), made()
    place.sshd.allowed.add(public)
    cluster: Any = Cluster()
    settings, url = cluster_settings(), place.sshd.url
    named = Named("argocd", "one", url, "a.yaml:7: spec.secretRef") if kind == "flux" else None
    app = App("myapp", url, ".", "main", "a.yaml", cluster="here", secret=named)
    seen = Accesses(settings, Accounts(settings), cluster, HTTP)
    scope = seen.scope(app, url)
    mirror = Mirror(place.folder / "mirrors", url, url, find=seen.finder(app, url, scope), scope=scope)

    def put(key: str, hosts: str) -> None:
        if kind == "flux":
            cluster.items = [secret("one", identity=key, known_hosts=hosts)]
        else:
            cluster.items = [secret("one", url=url, sshPrivateKey=key)]
            cluster.configs = [{"metadata": {"name": HOST_KEYS[0]}, "data": {HOST_KEYS[1]: hosts}}]

    where = "known_hosts of Secret argocd/one" if kind == "flux" else f"ConfigMap {HOST_KEYS[0]}"
    put(mine, "git.example.com ssh-ed25519 AAAA")
    with pytest.raises(AccessDenied, match=f"has a host key that is not in {where}"):
        mirror.fetch()
    put(mine, place.sshd.host_key)
    assert mirror.fetch()
    place.sshd.allowed = {others}
    with pytest.raises(AccessDenied, match="refused the credential of Secret argocd/one"):
        mirror.fetch()
    put(other, place.sshd.host_key)
    assert mirror.fetch()


def test_without_ssh_the_operator_reads_what_to_install(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with git alone."""
    git = Path(os.environ.get("GIT_PYTHON_GIT_EXECUTABLE", "") or "/usr/bin/git")
    (place.folder / "bin").mkdir()
    (place.folder / "bin" / "git").symlink_to(git)
    seen = place.mirror(made()[0], place.sshd.host_key)
    monkeypatch.setenv("PATH", str(place.folder / "bin"))
    with pytest.raises(BadConfiguration, match=r"ssh is not installed, .*: install openssh-client"):
        seen.fetch()
