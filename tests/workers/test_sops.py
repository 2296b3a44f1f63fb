"""Encrypted files, with the real sops: opened in memory for who has the key, a clear sentence for everybody else."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog

from deploy.local import binaries
from tests.fakes import age
from tests.shown import shows
from tests.workers import charts
from tests.workers.charts import CHART, SHOWN, application_of, tree_of
from tests.workers.conftest import Bench
from tests.workers.forges.test_secrecy import contents
from tests.workers.test_declared_fields import kustomization
from workers import decryption
from workers.apps import App
from workers.decryption import Decryption
from workers.documents import Document
from workers.errors import AuthorError, BadConfiguration, HooklineError, OperatorError, RenderFailed
from workers.given import NO_KEYS, Given, Keys
from workers.model import State
from workers.renderers import child, scratch, sops, source
from workers.stages import render

CANARY = "kanarienvogel17"
SECRET = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: one\nstringData:\n  password: {CANARY}\n"
ONLY_DATA = ("--encrypted-regex", "^(data|stringData)$")
VECTORS = Path(__file__).parent / "vectors"
PAIR, OTHER = age.pair(), age.pair()
MINE = Keys(age=(PAIR.private,), places=("decryption.mine",))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while charts.OPENED:
        charts.OPENED.pop().close()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A Secret that was encrypted for the first key."""
    return age.encrypted(tmp_path, "one.yaml", SECRET, PAIR.recipient, *ONLY_DATA)


@pytest.fixture
def roots(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders in which children ran, as they come."""
    seen: list[Path] = []
    run = child.run

    def noted(tool: str, what: str, arguments: Sequence[str], root: Path, *more: Any, **named: Any) -> child.Done:
        seen.append(root)
        assert not [one for one in arguments if CANARY in one or PAIR.private in one]
        return run(tool, what, arguments, root, *more, **named)

    monkeypatch.setattr(child, "run", noted)
    return seen


def read(folder: Path, files: dict[str, str], held: Keys = MINE) -> list[Document]:
    """The documents of the folder ``web`` of a commit."""
    return source.read(tree_of(folder, files), App("myapp", "u", "web", "main", "f"), {}, Given(keys=held))


def test_a_manifest_of_a_plain_folder_is_opened(tmp_path: Path, secret: str, roots: list[Path]) -> None:
    found = read(tmp_path / "repo", {"web/a.yaml": "apiVersion: v1\nkind: A\nmetadata: {}\n", "web/one.yaml": secret})
    assert found[1].value["stringData"] == {"password": CANARY}
    assert "sops" not in found[1].value
    assert [one.parent for one in roots] == [scratch.MEMORY]
    assert not roots[0].exists()


def test_pgp_needs_no_gpg() -> None:
    """A key and a file that gpg and sops made once."""
    held = Keys(pgp=((VECTORS / "pgp.asc").read_text(),), places=("decryption.mine",))
    assert CANARY.encode() in sops.opened((VECTORS / "pgp.yaml").read_bytes(), "pgp.yaml", held)
    with pytest.raises(BadConfiguration, match="a PGP key of x is no armored private key") as refusal:
        sops.opened((VECTORS / "pgp.yaml").read_bytes(), "a.yaml", Keys(pgp=("hunter2",), places=("x",)))
    assert "hunter2" not in str(refusal.value)


def test_kustomize_gets_what_its_generators_and_resources_read(tmp_path: Path, secret: str, roots: list[Path]) -> None:
    """Of a base beside it, too; as dotenv, as a whole file and as a manifest; all in memory."""
    files = {
        "web/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\n"
        "secretGenerator: [{name: env, envs: [a.env]}]\n",
        "web/a.env": age.encrypted(tmp_path, "a.env", f"word={CANARY}\n", PAIR.recipient),
        "base/kustomization.yaml": "resources: [one.yaml]\nsecretGenerator: [{name: file, files: [a.txt]}]\n",
        "base/one.yaml": secret,
        "base/a.txt": age.encrypted(tmp_path, "a.txt", f"all of {CANARY}", PAIR.recipient),
    }
    found = {one.value["metadata"]["name"].split("-")[1]: one.value for one in read(tmp_path / "repo", files)}
    assert found["one"]["stringData"] == {"password": CANARY}
    assert base64.b64decode(found["env"]["data"]["word"]).decode() == CANARY
    assert base64.b64decode(found["file"]["data"]["a.txt"]).decode() == f"all of {CANARY}"
    assert {one.parent for one in roots} == {scratch.MEMORY}
    files["web/kustomization.yaml"] += f"unknown: {CANARY}\n"
    with pytest.raises(RenderFailed, match="its words are kept back") as refusal:
        read(tmp_path / "bad", files)
    assert CANARY not in str(refusal.value)


def test_helm_gets_value_files_and_file_parameters(
    tmp_path: Path, roots: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    files = {
        "web/Chart.yaml": CHART,
        "web/values.yaml": "a: chart\n",
        "web/templates/show.yaml": SHOWN,
        "web/v.yaml": age.encrypted(tmp_path, "v.yaml", f"a: {CANARY}\n", PAIR.recipient),
        "web/p.txt": age.encrypted(tmp_path, "p.txt", f"p {CANARY}", PAIR.recipient),
    }
    app = application_of("valueFiles: [v.yaml], fileParameters: [{name: b, path: p.txt}]")
    tree = tree_of(tmp_path / "repo", files)
    values = source.read(tree, app, {}, Given(keys=MINE))[0].value["data"]["values"]
    assert f'"a":"{CANARY}","b":"p {CANARY}"' in values
    assert {one.parent for one in roots} == {scratch.MEMORY}
    with pytest.raises(BadConfiguration, match=r"web/v.yaml: encrypted with SOPS, and no key is for this app"):
        source.read(tree, app, {}, Given())


def tampered(text: str, how: str) -> str:
    """The same file, after somebody had a hand in it."""
    if how == "clear part":
        return text.replace("name: one", "name: two")
    if how == "no MAC":
        return re.sub(r"\n    mac: .*", "\n    mac: ''", text)
    if how == "value":
        return re.sub(r"(password: ENC\[AES256_GCM,data:)(.)", lambda m: m[1] + ("B" if m[2] == "A" else "A"), text)
    return text.replace("-----BEGIN AGE ENCRYPTED FILE-----", "-----BEGIN-----")


@pytest.mark.parametrize(
    ("how", "held", "kind", "words"),
    [
        ("", NO_KEYS, OperatorError, r"web/one.yaml: this Secret is encrypted .* add it to `decryption`"),
        ("", Keys(age=(OTHER.private,), places=("decryption.other",)), OperatorError, r"no key of decryption.other"),
        (
            "",
            Keys(places=("Secret a/b",)),
            OperatorError,
            rf"no key of Secret a/b opens it.* for {PAIR.recipient}, add",
        ),
        (
            "",
            Keys(places=("d",), fault="decryption.x: no file"),
            OperatorError,
            r"decryption.x: no file .*web/one.yaml",
        ),
        ("clear part", MINE, AuthorError, r"web/one.yaml: it was changed after it was encrypted"),
        ("no MAC", MINE, AuthorError, r"web/one.yaml: it was changed after it was encrypted"),
        ("value", MINE, AuthorError, r"web/one.yaml: an encrypted value was changed or is damaged"),
        ("key", MINE, OperatorError, r"web/one.yaml: no key of decryption.mine opens it"),
    ],
)
def test_what_cannot_be_opened_is_one_clear_sentence(
    tmp_path: Path, secret: str, how: str, held: Keys, kind: type[HooklineError], words: str
) -> None:
    with pytest.raises(kind, match=words) as refusal:
        read(tmp_path / "repo", {"web/one.yaml": tampered(secret, how)}, held)
    assert PAIR.private not in str(refusal.value)
    assert OTHER.private not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_secret_of_encrypted_values_is_never_applied(tmp_path: Path) -> None:
    """What a generator makes of an encrypted file when there is no key."""
    files = {
        "web/kustomization.yaml": "secretGenerator: [{name: env, envs: [a.env]}]\n",
        "web/a.env": age.encrypted(tmp_path, "a.env", f"word={CANARY}\n", PAIR.recipient),
    }
    with pytest.raises(BadConfiguration, match="this Secret is encrypted"):
        read(tmp_path / "repo", files, NO_KEYS)


def test_without_keys_other_kinds_stay_as_they_are(tmp_path: Path) -> None:
    """Something in the cluster may be there to decrypt them."""
    text = age.encrypted(
        tmp_path, "a.yaml", SECRET.replace("kind: Secret", "kind: SopsSecret"), PAIR.recipient, *ONLY_DATA
    )
    assert "sops" in read(tmp_path / "repo", {"web/a.yaml": text}, NO_KEYS)[0].value


def test_another_key_is_another_render(tmp_path: Path, secret: str) -> None:
    """And a digest is all that the key of the inputs has of it."""
    tree, app = tree_of(tmp_path / "repo", {"web/one.yaml": secret}), App("myapp", "u", "web", "main", "f")
    made = {
        render.inputs(tree, app, Given(keys=held))
        for held in (NO_KEYS, MINE, Keys(age=(OTHER.private,), places=MINE.places))
    }
    assert len(made) == 3
    assert PAIR.private not in f"{made}{MINE!r}{Given(keys=MINE)!r}"


def test_memory_is_a_tmpfs_or_nothing_is_decrypted(
    tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    with pytest.raises(BadConfiguration, match="is no tmpfs"):
        read(tmp_path / "repo", {"web/one.yaml": secret})


@pytest.mark.parametrize(
    ("app", "project", "expected"),
    [
        ("shop", "payments", ["a", "b"]),
        ("other", "payments", ["b"]),
        ("shop", "default", ["a"]),
        ("other", "default", []),
    ],
)
def test_keys_are_for_apps_and_projects(app: str, project: str, expected: list[str]) -> None:
    declared = {
        "a": Decryption(apps=("sh*",), age=("env:A",)),
        "b": Decryption(projects=("payments",), pgp=("env:A",)),
        "c": Decryption(apps=("shop",), projects=("none",), age=("env:A",)),
    }
    assert decryption.fitting(declared, app, project) == expected


def test_the_canary_is_nowhere_but_in_the_secret(
    bench: Bench,
    tmp_path: Path,
    secret: str,
    roots: list[Path],
    redis_client: redis.Redis,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Through a whole sync, with the key replaced in between: Redis, the data folder, logs, statuses, errors."""
    key = tmp_path / "key"
    key.write_text(OTHER.private)
    bench.configure(decryption={"mine": Decryption(projects=("default",), age=(f"file:{key}",))})
    with structlog.testing.capture_logs() as logs:
        first = bench.push({"one.yaml": secret})
        bench.ask(first)
        bench.look()
        assert "no key of decryption.mine opens it" in bench.told(first).text
        key.write_text(PAIR.private)
        second = bench.push({"two.yaml": secret.replace("name: one", "name: two")})
        bench.ask(second)
        bench.look()
        assert "myapp/two.yaml: it was changed after it was encrypted" in bench.told(second).text
        third = bench.push({"two.yaml": None})
        bench.ask(third)
        bench.look()
        assert bench.settle(third).state is State.SUCCESS
    assert password(bench) == CANARY
    assert {one.parent for one in roots} == {scratch.MEMORY}
    said = f"{logs}{capfd.readouterr()}"
    for place, text in places(bench, redis_client, said, first, second, third).items():
        for canary in (CANARY, base64.b64encode(CANARY.encode()).decode(), PAIR.private):
            assert canary not in text, place


def password(bench: Bench) -> str:
    """What the cluster's Secret has."""
    return base64.b64decode(bench.get("secret", "one", "-o", "jsonpath={.data.password}")).decode()


def places(bench: Bench, client: redis.Redis, said: str, *commits: str) -> dict[str, str]:
    """Where else it could be: the text of each place, by its name."""
    data = bench.context.settings.data
    held = b"".join(one.read_bytes() for one in data.rglob("*") if one.is_file()).decode("latin-1")
    statuses = repr([bench.told(one) for one in commits])
    return {"Redis": contents(client), "data folder": held, "logs": said, "statuses": statuses}


@contextlib.contextmanager
def of_flux(bench: Bench) -> Iterator[tuple[str, str]]:
    """A Kustomization whose ``decryption`` names the Secret ``sops``; yields its namespace and the app's name."""
    home = f"{bench.namespace}-home"
    bench.cluster.kubectl("create", "namespace", home)
    try:
        kustomization(bench, {"decryption": {"provider": "sops", "secretRef": {"name": "sops"}}})
        text = (bench.catalog / "myapp.yaml").read_text()
        text = text.replace("name: myapp, namespace: flux-system", f"name: myapp, namespace: {home}")
        bench.declare(text.replace('"name": "repo"', '"name": "repo", "namespace": "flux-system"'))
        yield home, f"{home}.myapp"
    finally:
        bench.cluster.kubectl("delete", "namespace", home, "--wait=false")


@shows("Kustomization spec.decryption.provider", "Kustomization spec.decryption.secretRef.name")
def test_flux_names_a_secret_with_keys(bench: Bench, secret: str) -> None:
    """``*.agekey`` and ``*.asc`` of it count, beside those of the configuration; without it the sync says so."""
    with of_flux(bench) as (home, name):
        commit = bench.push({"one.yaml": secret})
        bench.ask(commit, app=name)
        bench.look(name)
        assert f"spec.decryption.secretRef: there is no Secret {home}/sops: make it" in bench.told(commit, name).text
        literals = [f"--from-literal={one}" for one in (f"a.agekey={PAIR.private}", "note=x")]
        bench.cluster.kubectl("-n", home, "create", "secret", "generic", "sops", *literals)
        number = bench.ask(commit, app=name)
        bench.look_until_done(number, name)
        assert password(bench) == CANARY
