"""Commits and tags signed with real GPG and SSH keys: whose signatures count, and what is said of the others."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.forge import Checkout, Forge
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.test_holds import ADA, desk
from workers import plan, rolling
from workers.apps import App
from workers.clusters import Clusters
from workers.errors import BadConfiguration, SignatureMissing
from workers.git import signatures
from workers.git.mirror import Mirror
from workers.model import State, Why
from workers.settings import Settings
from workers.signed import Mode, Seen, Verify, counts
from workers.signed import State as How
from workers.verifying import guard

REPOSITORY = "your-org/your-repo"


class Keys:
    """GPG and SSH keys of some people, made once; ``environment`` lets git sign with them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "gnupg"
        self.home.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(self.home)}
        self.ids = {}
        for who in ("ada", "eve", "old", "gone"):
            name = f"{who.title()} <{who}@example.com>"
            until = "seconds=1" if who == "old" else "never"
            self._gpg(
                "--faked-system-time",
                "20200101T000000!",
                "--passphrase",
                "",
                "--quick-gen-key",
                name,
                "ed25519",
                "sign",
                until,
            )
            self.ids[who] = self._gpg("--with-colons", "--list-keys", name).split("\nfpr:")[1].split(":")[8]
            (folder / f"{who}.asc").write_text(self._gpg("--armor", "--export", name))
        revocation = (
            (self.home / "openpgp-revocs.d" / f"{self.ids['gone']}.rev").read_text().replace("\n:-----", "\n-----")
        )
        (folder / "gone.asc").write_text((folder / "gone.asc").read_text() + revocation)
        for who in ("ada", "eve"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / who], check=True)
        public = (folder / "ada.pub").read_text()
        (folder / "signers").write_text(f'ada@example.com namespaces="git" {public}')

    def _gpg(self, *arguments: str) -> str:
        done = subprocess.run(
            ["gpg", "--batch", "--quiet", *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def by(self, who: str) -> tuple[str, ...]:
        """Arguments with which git signs as somebody: a GPG key, or with ``ssh:`` an SSH key."""
        if who.startswith("ssh:"):
            return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.folder / who.removeprefix('ssh:')}")
        program = self.folder / "then"
        program.write_text('#!/bin/sh\nexec gpg --batch --faked-system-time 20200101T000000 "$@"\n')
        program.chmod(0o755)
        old = ("-c", f"gpg.program={program}") if who in ("old", "gone") else ()
        return (*old, "-c", f"user.signingkey={self.ids[who]}")

    def commit(self, work: Checkout, text: str, who: str) -> str:
        """Commit a change signed by somebody, "" for nobody; return it."""
        (work.folder / "myapp").mkdir(exist_ok=True)
        (work.folder / "myapp" / "one.yaml").write_text(text)
        subprocess.run(["git", "add", "--all"], cwd=work.folder, check=True)
        options = ("-S",) if who else ()
        self._git(work, *(self.by(who) if who else ()), "commit", "-q", "-m", "change", *options)
        return work.head

    def tag(self, work: Checkout, name: str, who: str) -> None:
        """Tag what is checked out."""
        self._git(work, *(self.by(who) if who else ()), "tag", *(["-s"] if who else ["-a"]), "-m", name, name)

    def _git(self, work: Checkout, *arguments: str) -> None:
        done = subprocess.run(
            ["git", *arguments], cwd=work.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    made = Keys(tmp_path_factory.mktemp("k"))
    yield made
    subprocess.run(["gpgconf", "--kill", "all"], env=made.environment, check=False)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        yield forge


def settings(keys: Keys, url: str, **more: Any) -> Settings:
    """A configuration by which Ada's keys count, and those of Old and Gone are known."""
    gpg = [keys.folder / f"{who}.asc" for who in ("ada", "old", "gone")]
    return Settings.model_validate(
        {"signatures": {"team": {"url": url, "gpg": gpg, "ssh": keys.folder / "signers", **more}}}
    )


def refused(mirror: Mirror, revision: str) -> str:
    """What is said of a commit, "" when its files may be read."""
    try:
        mirror.tree(revision)
    except SignatureMissing as error:
        return str(error)
    return ""


def test_only_a_good_signature_of_a_listed_key_counts(forge: Forge, tmp_path: Path, keys: Keys) -> None:
    url, work = forge.clone_url(REPOSITORY), forge.checkout(REPOSITORY, tmp_path / "work")
    made = {
        who: keys.commit(work, f"a: {who}\n", who) for who in ("ada", "ssh:ada", "", "eve", "ssh:eve", "old", "gone")
    }
    work.push()
    app = catalog_app(url)
    declared = settings(keys, forge.url)
    mirror = Mirror(tmp_path / "m", url, url, guard=guard(declared, Clusters(declared), app))
    mirror.fetch()
    said = {who: refused(mirror, revision) for who, revision in made.items()}
    assert said["ada"] == ""
    assert said["ssh:ada"] == ""
    assert said[""] == (
        f"commit {made[''][:7]} of {url} is not signed; `signatures.team` asks for a signature: sign it"
    )
    assert f"is signed by {keys.ids['eve']}, which is not among the keys of signatures.team" in said["eve"]
    assert "is signed by SHA256:" in said["ssh:eve"]
    assert "which is not among the keys" in said["ssh:eve"]
    assert (
        f"is signed by {keys.ids['old']} (Old <old@example.com>), and that key or signature has expired" in said["old"]
    )
    assert "that key is revoked" in said["gone"]


def test_a_program_that_is_not_installed_is_named_with_its_package(
    forge: Forge, tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a PATH with git alone."""
    url, work = forge.clone_url(REPOSITORY), forge.checkout(REPOSITORY, tmp_path / "work")
    revision = keys.commit(work, "a: ssh\n", "ssh:ada")
    work.push()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(str(shutil.which("git")))
    left: tuple[tuple[dict[str, Any], str], ...] = (({"ssh": None}, "gnupg"), ({"gpg": ()}, "openssh-client"))
    for number, (without, package) in enumerate(left):
        declared = settings(keys, forge.url, **without)
        mirror = Mirror(tmp_path / f"m{number}", url, url, guard=guard(declared, Clusters(declared), catalog_app(url)))
        mirror.fetch()
        with monkeypatch.context() as patch:
            patch.setenv("PATH", str(tmp_path / "bin"))
            with pytest.raises(BadConfiguration, match=f"is not installed, .*: install {package}"):
                mirror.tree(revision)


def catalog_app(url: str, revision: str = "main", **more: Any) -> App:
    return App("myapp", url, "myapp", revision, "myapp.yaml", **more)


def test_a_commit_changed_after_it_was_signed_does_not_count(forge: Forge, tmp_path: Path, keys: Keys) -> None:
    url, work = forge.clone_url(REPOSITORY), forge.checkout(REPOSITORY, tmp_path / "work")
    for number, who in enumerate(("ada", "ssh:ada")):
        keys.commit(work, f"a: {who}\n", who)
        text = work.run("cat-file", "commit", "HEAD").replace("\n\nchange", "\n\nharmful")
        (tmp_path / "object").write_text(f"{text}\n")
        forged = work.run("hash-object", "-t", "commit", "-w", str(tmp_path / "object"))
        work.push(f"+{forged}:refs/heads/main")
        declared = settings(keys, forge.url)
        mirror = Mirror(tmp_path / f"m{number}", url, url, guard=guard(declared, Clusters(declared), catalog_app(url)))
        mirror.fetch()
        assert "changed after it was signed" in refused(mirror, forged) or "not among the keys" in refused(
            mirror, forged
        )


def test_of_a_tag_that_an_app_follows_that_very_tag_has_to_be_signed(forge: Forge, tmp_path: Path, keys: Keys) -> None:
    """An old signed tag does not vouch for a new name of it, nor for a tag that somebody made to lead there."""
    url, work = forge.clone_url(REPOSITORY), forge.checkout(REPOSITORY, tmp_path / "work")
    first = keys.commit(work, "a: 1\n", "")
    keys.tag(work, "v1", "ada")
    keys.tag(work, "v2", "eve")
    work.run("update-ref", "refs/tags/v3", work.run("rev-parse", "v1"))
    work.run("tag", "light")
    second = keys.commit(work, "a: 2\n", "ada")
    keys.tag(work, "v4", "")
    work.push("HEAD", "v1", "v2", "v3", "v4", "light")

    def said(revision: str, commit: str, mode: str) -> str:
        declared = settings(keys, forge.url, verify=mode)
        check = guard(declared, Clusters(declared), catalog_app(url, revision))
        mirror = Mirror(tmp_path / "m", url, url, guard=check)
        mirror.fetch(lambda: not mirror.fetched_at())
        return refused(mirror, commit)

    assert said("v1", first, "Revision") == ""
    assert said("v1", first, "Tag") == ""
    assert "is not signed" in said("v1", first, "TagAndHEAD")
    assert f"tag v2 of {url} is signed by {keys.ids['eve']}, which is not among" in said("v2", first, "Tag")
    assert "tag v3" in (words := said("v3", first, "Tag"))
    assert "is the signed tag v1 under another name" in words
    assert "no annotated tag leads to" in said("light", second, "Tag") or "tag v4" in said("light", second, "Tag")
    assert "tag v4" in said("v4", second, "Revision")
    assert said("v4", second, "HEAD") == ""
    assert said("main", second, "Revision") == ""
    assert said("v1", second, "None") == ""


def test_a_project_lists_keys_by_their_ids() -> None:
    good = Seen(How.GOOD, "A" * 40, "B" * 40)
    assert counts(good, Verify(Mode.HEAD, "x"))
    assert counts(good, Verify(Mode.HEAD, "x", ("a" * 16,)))
    assert counts(good, Verify(Mode.HEAD, "x", ("c" * 16, "B" * 40)))
    assert not counts(good, Verify(Mode.HEAD, "x", ("c" * 16,)))
    assert not counts(Seen(How.EXPIRED, "A" * 40), Verify(Mode.HEAD, "x"))


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("", How.NONE),
        ("[GNUPG:] GOODSIG 1 Ada", How.BAD),
        ("[GNUPG:] NODATA 4", How.NONE),
        ("[GNUPG:] ERRSIG ABC 1 8 00 1 9\n[GNUPG:] NO_PUBKEY ABC", How.UNKNOWN),
        ('Good "git" signature with ED25519 key SHA256:abc\nNo principal matched.', How.UNKNOWN),
        ("Signature verification failed: incorrect signature", How.BAD),
    ],
)
def test_what_does_not_say_good_is_not_good(said: str, state: How) -> None:
    assert signatures.read(said, 0).state is state
    assert signatures.read(said, 1).state is not How.GOOD


def test_without_keys_the_operator_is_told(keys: Keys, tmp_path: Path) -> None:
    demand = (Verify(Mode.HEAD, "spec.signatureKeys of project p"),)
    check = guard(Settings(), Clusters(Settings()), catalog_app("https://git.example/a/b", verify=demand))
    assert check
    with pytest.raises(BadConfiguration, match=r"of project p asks for .* add them to `signatures`"):
        check(Mirror(tmp_path, "https://git.example/a/b", "https://git.example/a/b"), "f" * 40)


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: one}}\ndata: {{a: '{}'}}\n"


def test_no_way_leads_around_a_signature(bench: Bench, keys: Keys) -> None:
    """A push, an emergency, a rollback, a plan: what is not signed stays out, and what is goes in."""
    bench.configure(signatures=settings(keys, "https://github.com/your-org").signatures)
    work = bench.checkout
    first = keys.commit(work, CONFIG.format("first"), "")
    work.push()
    signed = keys.commit(work, CONFIG.format("signed"), "ada")
    work.push()
    bench.ask(signed)
    bench.look()
    assert bench.settle(signed).state is State.SUCCESS
    second = keys.commit(work, CONFIG.format("second"), "eve")
    work.push()
    for why, revision in ((Why.PUSH, second), (Why.EMERGENCY, second), (Why.MANUAL, second)):
        number = bench.ask(revision, why)
        bench.look_until_done(number)
        assert "is signed by" in bench.told(second).text, why
        assert bench.told(second).state is State.FAILURE
    app = bench.context.catalog.index().apps["myapp"]
    for revision in (first, second):
        with pytest.raises(SignatureMissing):
            plan.made(bench.context, app, revision)
    assert plan.made(bench.context, app, signed).revision == signed
    _, number = rolling.back(desk(bench), ADA, "myapp", "to see it", first)
    bench.look_until_done(number)
    ended = bench.context.records.progress.app("myapp")
    assert (ended.outcome, "is not signed" in ended.text) == ("failed", True), ended.text
    assert "signed" in bench.get("configmap", "one", "-o", "jsonpath={.data.a}")
    assert bench.writes() == ["patch configmaps/one"]


PROJECT = """---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {{name: signed}}
spec:
  sourceRepos: ['*']
  destinations: [{{server: '*', namespace: '*'}}]
  signatureKeys: [{{keyID: {}}}]
"""


@shows("AppProject spec.signatureKeys[].keyID")
def test_a_project_asks_for_keys_of_its_own(bench: Bench, keys: Keys) -> None:
    """Eve's key is known to the configuration, which asks for nothing; the project lists Ada's only."""
    declared = settings(
        keys, "https://github.com/your-org", verify="None", gpg=[keys.folder / f"{who}.asc" for who in ("ada", "eve")]
    )
    bench.configure(signatures=declared.signatures)
    text = (bench.catalog / "myapp.yaml").read_text().replace("project: default", "project: signed")
    bench.declare(text + PROJECT.format(keys.ids["ada"][-16:]))
    revision = keys.commit(bench.checkout, CONFIG.format("one"), "eve")
    bench.checkout.push()
    bench.look_until_done(bench.ask(revision))
    assert "which spec.signatureKeys of project signed does not list" in bench.told(revision).text
    revision = keys.commit(bench.checkout, CONFIG.format("two"), "ada")
    bench.checkout.push()
    bench.ask(revision)
    bench.look()
    assert bench.settle(revision).state is State.SUCCESS


FLUX = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: repo, namespace: {namespace}}}
spec:
  interval: 1m
  url: https://github.com/your-org/your-repo.git
  ref: {{branch: main}}
  verify: {{mode: HEAD, secretRef: {{name: keys}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: myapp, namespace: {namespace}}}
spec:
  interval: 10m
  prune: true
  targetNamespace: {namespace}
  path: ./myapp
  sourceRef: {{kind: GitRepository, name: repo}}
"""


@shows("GitRepository spec.verify.mode", "GitRepository spec.verify.secretRef.name")
def test_a_git_repository_of_flux_has_its_keys_in_a_secret(bench: Bench, keys: Keys) -> None:
    name = f"{bench.namespace}.myapp"
    bench.declare(FLUX.format(namespace=bench.namespace))
    revision = keys.commit(bench.checkout, CONFIG.format("one"), "eve")
    bench.checkout.push()
    bench.look_until_done(bench.ask(revision, app=name), name)
    assert f"there is no Secret {bench.namespace}/keys" in bench.told(revision, name).text
    secret = ("-n", bench.namespace, "create", "secret", "generic", "keys")
    bench.cluster.kubectl(*secret, f"--from-file=ada.asc={keys.folder / 'ada.asc'}")
    bench.look_until_done(bench.ask(revision, Why.RERUN, name), name)
    assert f"is not among the keys of Secret {bench.namespace}/keys" in bench.told(revision, name).text
    revision = keys.commit(bench.checkout, CONFIG.format("two"), "ada")
    bench.checkout.push()
    bench.ask(revision, app=name)
    bench.look(name)
    assert bench.settle(revision, name).state is State.SUCCESS
