"""Charts and artifacts of a real registry, pushed with helm; and a registry that lies, which is not believed."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import binaries
from deploy.local.registry import Registry
from tests.workers.conftest import Bench
from tests.workers.shop import TOKEN, Shop, chart, packed
from workers import sweep
from workers.errors import AccessDenied, HooklineError
from workers.git.access import Access, Login
from workers.model import Outcome
from workers.packages import challenge, opening
from workers.packages.registry import CHART
from workers.packages.shelf import Shelf
from workers.rendering import Charts

FOLDER = "application/vnd.cncf.flux.content.v1.tar+gzip"
RULES = Charts(internal=("localhost", "127.0.0.1"), plain_http=True)
TLS = Charts(internal=("localhost",))
LOGIN = Access("repository_credentials.shop", 0, lambda: Login("ada", "hunter2-canary"))
APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop}}
spec:
  destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}
  project: default
  source: {{repoURL: {host}/team, chart: shop, targetRevision: 1.x}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One registry for all: each test has repositories of its own."""
    with Registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture
def gate(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The same over https, behind a token."""
    with Shop(behind=f"http://{registry.host}", login="ada:hunter2-canary") as made:
        (tmp_path / "ca.pem").write_bytes(made.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        yield made


def helm_push(registry: Registry, folder: Path, version: str, repository: str = "team") -> None:
    """Push a chart as people do."""
    archive = folder / f"shop-{version}.tgz"
    archive.write_bytes(chart(version))
    command = [
        str(binaries.locate()["helm"]),
        "push",
        str(archive),
        f"oci://{registry.host}/{repository}",
        "--plain-http",
    ]
    subprocess.run(command, check=True, capture_output=True, env={"HOME": str(folder)})


def shelf(folder: Path, host: str, repository: str, access: Access | None = None, rules: Charts = RULES) -> Shelf:
    """Return the shelf of a repository."""
    return opening.shelf(folder, rules, lambda _: access, f"oci://{host}/{repository}", "")


def brought(found: Shelf, revision: str) -> str:
    """Return the first line of what a revision is after a fetch."""
    found.resolve(revision)
    found.fetch()
    commit = found.resolve(revision)
    assert commit
    return str(found.repo.commit(commit).summary)


def test_a_chart_that_helm_pushed_is_synced_and_a_new_version_noticed(
    registry: Registry, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argo CD's way to name it: a registry without a scheme, and the chart."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    bench.configure(charts=RULES)
    helm_push(registry, tmp_path, "1.0.0+build.5")
    helm_push(registry, tmp_path, "2.0.0")
    bench.undeclare()
    bench.declare(APPLICATION.format(host=registry.host, namespace=bench.namespace), "shop")
    bench.look_until_done(bench.ask(app="shop"), "shop")
    record = bench.context.records.progress.app("shop")
    assert record.outcome == Outcome.SUCCEEDED, record.text
    assert "; shop 1.0.0+build.5 (sha256:" in record.text
    sweep.look_at_repositories(bench.context, bench.context.catalog.index().apps.values())
    assert bench.context.records.progress.app("shop").wanted == record.wanted
    helm_push(registry, tmp_path, "1.1.0")
    sweep.look_at_repositories(bench.context, bench.context.catalog.index().apps.values())
    bench.look_until_done(record.wanted + 1, "shop")
    shown = json.loads(bench.get("configmap", "shop-shown", "-o", "json"))["data"]
    assert shown["version"] == "1.1.0"


def test_a_token_is_fetched_for_reading_this_repository_only(registry: Registry, gate: Shop, tmp_path: Path) -> None:
    """Whatever the registry proposes; and the credential is shown where tokens come from, not with them."""
    helm_push(registry, tmp_path, "1.0.0", "private")
    host = gate.url.removeprefix("https://")
    assert brought(shelf(tmp_path, host, "private/shop", LOGIN, TLS), "1.0.0").startswith("shop 1.0.0 (sha256:")
    asked = [path for path in gate.paths() if path.startswith("/token")]
    assert asked == ["/token?service=shop&scope=repository%3Aprivate%2Fshop%3Apull"]
    heard = {headers.get("authorization", "")[:6] for path, headers in gate.asked if path.startswith("/v2/")}
    assert heard == {"", "Bearer"}
    with pytest.raises(AccessDenied, match=r"/token answered 401: add a credential") as denied:
        brought(shelf(tmp_path / "none", host, "private/shop", None, TLS), "1.0.0")
    assert TOKEN not in str(denied.value)


def test_an_artifact_of_flux_is_a_folder(registry: Registry, tmp_path: Path) -> None:
    """By tag, by digest and by range; a tag that moves is seen to."""
    one = registry.push("folders/app", "latest", {FOLDER: packed({"./a.yaml": "a: 1\n", "below/b.yaml": "b: 1\n"})})
    mine = shelf(tmp_path, registry.host, "folders/app")
    mine.follow("latest")
    assert len(mine.remote_refs().commits["refs/tags/latest"]) == 40, "also where it never was"
    assert brought(mine, "latest") == f"app latest ({one})"
    commit = mine.resolve("latest")
    assert commit
    assert mine.repo.git.ls_tree("-r", "-t", "--name-only", commit).split() == ["a.yaml", "below", "below/b.yaml"]
    assert mine.remote_refs().commits["refs/tags/latest"] == commit
    two = registry.push("folders/app", "latest", {FOLDER: packed({"a.yaml": "a: 2\n"})})
    assert mine.remote_refs().commits["refs/tags/latest"] != commit
    assert brought(mine, "latest") == f"app latest ({two})"
    assert brought(mine, one) == f"app {one} ({one})"
    assert mine.resolve(one) != mine.resolve("latest")


LIES: dict[str, tuple[str, str]] = {
    "a manifest by digest that is another": ("sha256:" + "0" * 64, "does not have the digest that was promised"),
    "an index of images": ("index", "is no chart and no artifact of Flux: its layers are none"),
    "an image": ("image", "its layers are application/vnd.docker.image.rootfs.diff.tar.gzip"),
    "layers that are no list": ("mapping", "its layers are none"),
    "no JSON": ("text", "something else than a JSON object"),
    "a manifest without an end": ("huge", "no more than 4194304 bytes are read"),
    "a layer that is another": ("layer", "and sha256:0{64} was promised: it is not used"),
    "a layer at another host": ("away", "127.0.0.1, an internal address"),
    "a layer in a file": ("file", "is not fetched: expected https"),
    "nothing": ("none", "has no version none"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_registry_that_lies_is_not_believed(name: str, gate: Shop, tmp_path: Path) -> None:
    tag, words = LIES[name]
    layer = {"mediaType": CHART, "digest": f"sha256:{'0' * 64}", "size": 3}
    image = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": layer["digest"], "size": 3}
    manifests: dict[str, object] = {
        "index": {"manifests": [layer]},
        "image": {"layers": [image]},
        "mapping": {"layers": {"a": 1}},
        "text": None,
        "huge": {"a": "x" * (5 << 20)},
        "layer": {"layers": [layer]},
        "away": {"layers": [layer]},
        "file": {"layers": [layer]},
        f"sha256:{'0' * 64}": {"layers": [layer]},
    }
    for about, manifest in manifests.items():
        body = json.dumps(manifest).encode() if manifest else b"<html>"
        gate.files[f"/v2/lies/manifests/{about}"] = functools.partial(Shop.say, code=200, body=body)
    where = {"away": "https://127.0.0.1:6443/", "file": "file:///etc/passwd"}.get(tag, "")
    blob = f"/v2/lies/blobs/{layer['digest']}"
    gate.files[blob] = lambda request: (
        Shop.say(request, 307, b"", location=where) if where else Shop.say(request, 200, b"abc")
    )
    mine = shelf(tmp_path, gate.url.removeprefix("https://"), "lies", LOGIN, TLS)
    mine.resolve(tag)
    with pytest.raises(HooklineError, match=words) as failed:
        mine.fetch()
    assert "canary" not in str(failed.value)
    assert TOKEN not in str(failed.value)
    assert mine.resolve(tag) is None


def test_tags_that_go_on_at_another_host_are_not_followed(gate: Shop, tmp_path: Path) -> None:
    link = '<https://other.example.com/v2/lies/tags/list?n=1>; rel="next"'
    gate.files["/v2/lies/tags/list"] = lambda request: Shop.say(request, 200, b'{"tags": ["1.0.0"]}', link=link)
    mine = shelf(tmp_path, gate.url.removeprefix("https://"), "lies", LOGIN, TLS)
    mine.resolve("*")
    with pytest.raises(HooklineError, match="continues its tags at another host"):
        mine.fetch()


REALMS: dict[str, tuple[str, str, bool]] = {
    "the registry itself": ("ghcr.io", "https://ghcr.io/token", True),
    "a neighbour": ("registry-1.docker.io", "https://auth.docker.io/token", True),
    "the domain above": ("registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
    "another port": ("ghcr.io", "https://ghcr.io:8443/token", False),
    "a stranger": ("ghcr.io", "https://evil.example.com/token", False),
    "another one of the same ending": ("ghcr.io", "https://evil.io/token", False),
    "a name that ends so": ("registry.gitlab.com", "https://evil-gitlab.com/token", False),
    "a neighbour without TLS": ("registry-1.docker.io", "http://auth.docker.io/token", False),
    "itself without TLS": ("ghcr.io", "http://ghcr.io/token", False),
}


@pytest.mark.parametrize("name", REALMS)
def test_a_credential_is_shown_to_the_registry_and_its_neighbours(name: str) -> None:
    registry, realm, may = REALMS[name]
    assert challenge.may_hear(registry, realm) is may


def test_a_realm_elsewhere_hears_no_credential(gate: Shop, tmp_path: Path) -> None:
    with Shop(tls=False) as stranger:
        gate.realm = f"{stranger.url.replace('localhost', '127.0.0.1')}/token"
        mine = shelf(tmp_path, gate.url.removeprefix("https://"), "lies", LOGIN, TLS)
        mine.resolve("1.0.0")
        with pytest.raises(
            AccessDenied, match=r"sends for its token to http://127.0.0.1:\d+/token, which is not asked"
        ):
            mine.fetch()
        assert not stranger.asked
