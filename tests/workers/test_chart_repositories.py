"""Charts from a chart repository: which version is synced and seen, what is asked for, and who hears a credential."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import binaries
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.shelving import PLACES
from tests.workers.shop import Shop, chart
from workers import sweep
from workers.context import Context
from workers.credentials import RepositoryCredential
from workers.errors import AccessDenied, BadConfiguration, SourceMissing
from workers.git.access import Access, Login
from workers.model import Outcome
from workers.packages import budget, opening
from workers.packages.shelf import Shelf
from workers.rendering import Charts

APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop}}
spec:
  destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}
  project: default
  source: {{repoURL: {url}, chart: shop, targetRevision: "{version}", helm: {{values: "b: app"}}}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""
RULES = Charts(internal=("localhost",))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A chart repository whose certificate this machine trusts."""
    with Shop() as made:
        (tmp_path / "ca.pem").write_bytes(made.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        yield made


def shelf(shop: Shop, folder: Path, rules: Charts = RULES, access: Access | None = None) -> Shelf:
    """Return the shelf of the chart."""
    return opening.shelf(folder, rules, lambda _: access, f"{shop.url}/charts", "shop")


def brought(found: Shelf, revision: str) -> str:
    """Return the first line of what a revision is after a fetch."""
    found.resolve(revision)
    found.fetch()
    commit = found.resolve(revision)
    assert commit
    return str(found.repo.commit(commit).summary)


@shows("Application spec.source.chart")
def test_a_chart_of_a_repository_is_synced_and_a_new_version_in_its_range_noticed(
    bench: Bench, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text says version and digest; a look that finds nothing new downloads nothing."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    bench.configure(charts=RULES)
    shop.publish({"1.0.0": chart("1.0.0"), "2.0.0": chart("2.0.0"), "1.2.0-rc.1": chart("1.2.0-rc.1")})
    bench.undeclare()
    bench.declare(APPLICATION.format(url=f"{shop.url}/charts", namespace=bench.namespace, version="^1.0.0"), "shop")
    bench.look_until_done(bench.ask(app="shop"), "shop")
    record = bench.context.records.progress.app("shop")
    assert record.outcome == Outcome.SUCCEEDED, record.text
    assert "; shop 1.0.0 (sha256:" in record.text

    def shown() -> dict[str, str]:
        found: dict[str, str] = json.loads(bench.get("configmap", "shop-shown", "-o", "json"))["data"]
        return found

    assert shown() == {"version": "1.0.0", "values": '{"a":"chart","b":"app"}'}
    sweep.look_at_repositories(bench.context, bench.context.catalog.index().apps.values())
    assert bench.context.records.progress.app("shop").wanted == record.wanted, "nothing is new"
    bench.look_until_done(bench.ask(app="shop"), "shop")
    assert [path for path in shop.paths() if path.endswith(".tgz")] == ["/charts/shop-1.0.0.tgz"]
    shop.publish({"1.1.0": chart("1.1.0"), "1.0.0": chart("1.0.0"), "2.0.0": chart("2.0.0")})
    sweep.look_at_repositories(bench.context, bench.context.catalog.index().apps.values())
    wanted = bench.context.records.progress.app("shop").wanted
    assert wanted == record.wanted + 2
    bench.look_until_done(wanted, "shop")
    assert shown()["version"] == "1.1.0"
    sweep.look_at_repositories(bench.context, bench.context.catalog.index().apps.values())
    assert bench.context.records.progress.app("shop").wanted == wanted


def test_a_chart_takes_values_from_a_git_repository(bench: Bench, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a push to that one is told how it ended."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    bench.configure(charts=RULES)
    shop.publish({"1.0.0": chart("1.0.0")})
    text = APPLICATION.format(url=f"{shop.url}/charts", namespace=bench.namespace, version="1.0.0")
    begin, _, end = text.partition("  source: ")
    source, _, end = end.partition("\n")
    source = source.replace('values: "b: app"', "valueFiles: [$mine/myapp/v.yaml]")
    git = "{repoURL: https://github.com/your-org/your-repo.git, targetRevision: main, ref: mine}"
    bench.undeclare()
    bench.declare(f"{begin}  sources:\n  - {source}\n  - {git}\n{end}", "shop")
    for value in ("one", "two"):
        commit = bench.push({"v.yaml": f"b: {value}\n"})
        bench.look_until_done(bench.ask(commit, app="shop"), "shop")
        assert bench.told(commit, "shop").text.startswith("synced")
        assert f'"b":"{value}"' in json.loads(bench.get("configmap", "shop-shown", "-o", "json"))["data"]["values"]
    assert shop.paths().count("/charts/shop-1.0.0.tgz") == 1


VERSIONS = {
    "1.0.0": "1.0.0",
    "*": "2.0.0",
    "1.x": "1.10.0",
    "~1.2.0": "1.2.3",
    ">=1.0.0 <2.0.0": "1.10.0",
    ">=2.0.0-0": "3.0.0-rc.1",
    "3.0.0-rc.1": "3.0.0-rc.1",
}


@pytest.mark.parametrize("revision", VERSIONS)
def test_a_revision_names_a_version(revision: str, shop: Shop, tmp_path: Path) -> None:
    """As Helm picks it: a version before a release only for who names one."""
    every = ("1.0.0", "1.2.3", "1.10.0", "2.0.0", "3.0.0-rc.1")
    shop.publish({one: chart(one) for one in every})
    assert brought(shelf(shop, tmp_path), revision).startswith(f"shop {VERSIONS[revision]} (sha256:")


def test_the_same_archive_is_the_same_commit_everywhere(shop: Shop, tmp_path: Path) -> None:
    """So that what one machine recorded means something on another."""
    shop.publish({"1.0.0": chart("1.0.0")})
    found = [shelf(shop, tmp_path / name) for name in ("one", "two")]
    assert brought(found[0], "1.0.0") == brought(found[1], "1.0.0")
    assert found[0].resolve("1.0.0") == found[1].resolve("1.0.0")


@pytest.mark.parametrize("place", PLACES)
def test_a_worker_that_is_killed_leaves_no_half_chart(place: str, shop: Shop, tmp_path: Path) -> None:
    """The next one makes the whole of it, the same as anybody else's, and takes away what git left behind."""
    shop.publish({"1.0.0": chart("1.0.0")})
    said = {"place": place, "folder": str(tmp_path / "killed"), "url": f"{shop.url}/charts"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.workers.shelving"], stdin=subprocess.PIPE, process_group=0
    )
    process.communicate(json.dumps(said).encode(), 60)
    assert process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 90
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:  # the git that it started ends by itself
            os.killpg(process.pid, 0)
            threading.Event().wait(0.01)
    mine, other = shelf(shop, tmp_path / "killed"), shelf(shop, tmp_path / "other")
    left = [one.name for one in mine.path.rglob("*") if "crash" in one.name or one.name.startswith("tmp_")]
    assert bool(left) is (place == "half")
    assert mine.resolve("1.0.0") is None
    assert bool(mine.repo.refs) is (place != "half")
    assert brought(mine, "1.0.0") == brought(other, "1.0.0")
    assert mine.resolve("1.0.0") == other.resolve("1.0.0")
    assert not [one for one in mine.path.rglob("*") if "crash" in one.name or one.name.startswith("tmp_")]


def test_forty_who_wait_fetch_once(shop: Shop, tmp_path: Path) -> None:
    """Whoever waits for the lock finds the work done; an unchanged index is not sent again."""
    shop.publish({"1.0.0": chart("1.0.0")})

    def one() -> None:
        mine = shelf(shop, tmp_path)
        mine.fetch(lambda: mine.resolve("1.0.0") is None)

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(shop.paths()) == ["/charts/index.yaml", "/charts/shop-1.0.0.tgz"]
    assert brought(shelf(shop, tmp_path), "1.0.0").startswith("shop 1.0.0")
    path, headers = shop.asked[-1]
    assert (path, "if-none-match" in headers) == ("/charts/index.yaml", True)


def test_a_version_that_is_here_serves_while_its_repository_is_down(tmp_path: Path, shop: Shop) -> None:
    """A range does not: nobody knows what it means now."""
    shop.publish({"1.0.0": chart("1.0.0")})
    mine = shelf(shop, tmp_path)
    first = brought(mine, "1.0.0")
    brought(mine, "1.x")
    shop.files["/charts/index.yaml"] = lambda request: Shop.say(request, 503, b"")
    assert brought(mine, "1.0.0") == first
    mine.resolve("1.x")
    with pytest.raises(Exception, match=r"index\.yaml answered 503"):
        mine.fetch()


def test_an_archive_that_was_replaced_is_a_new_commit(shop: Shop, tmp_path: Path) -> None:
    """A version is what its repository says now, as a tag of Git is."""
    shop.publish({"1.0.0": chart("1.0.0")})
    mine = shelf(shop, tmp_path)
    brought(mine, "1.0.0")
    first = mine.resolve("1.0.0")
    shop.publish({"1.0.0": chart("1.0.0", **{"values.yaml": "a: other\n"})})
    assert mine.remote_refs().commits["refs/tags/1.0.0"] != first
    brought(mine, "1.0.0")
    assert mine.remote_refs().commits["refs/tags/1.0.0"] == mine.resolve("1.0.0") != first
    assert first
    assert mine.has(first), "what was synced before stays at hand"


def test_a_credential_goes_to_its_own_host_only(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not along with a redirect, not to where the index points, and in no message."""
    shop.publish({"1.0.0": chart("1.0.0")})
    login = Access("repository_credentials.shop", 0, lambda: Login("ada", "hunter2-canary"))
    shop.login = "ada:hunter2-canary"
    assert brought(shelf(shop, tmp_path / "own", access=login), "1.0.0").startswith("shop 1.0.0")
    with pytest.raises(AccessDenied, match=r"index.yaml answered 401: add a credential") as denied:
        brought(shelf(shop, tmp_path / "none"), "1.0.0")
    assert "canary" not in str(denied.value)
    with Shop() as other:
        (tmp_path / "both.pem").write_bytes(shop.certificate + other.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
        other.files["/shop.tgz"] = archive = chart("1.0.0")
        shop.publish({"1.0.0": archive}, urls=[f"{other.url}/shop.tgz"])
        assert brought(shelf(shop, tmp_path / "index", access=login), "1.0.0").startswith("shop 1.0.0")
        shop.publish({"1.0.0": archive})
        shop.files["/charts/shop-1.0.0.tgz"] = lambda request: Shop.say(
            request, 302, b"", location=f"{other.url}/shop.tgz"
        )
        assert brought(shelf(shop, tmp_path / "redirect", access=login), "1.0.0").startswith("shop 1.0.0")
        assert [(path, headers.get("authorization")) for path, headers in other.asked] == [("/shop.tgz", None)] * 2


def test_credentials_are_found_by_the_prefix_of_a_registry_or_repository(bench: Bench) -> None:
    """A chart's repository may be a whole host; a registry may be written with or without ``oci://``."""
    found = RepositoryCredential.model_validate({"url": "oci://ghcr.io/team", "password": "env:SECRET"})
    host = RepositoryCredential.model_validate({"url": "https://charts.example.com", "password": "env:SECRET"})
    bench.configure(repository_credentials={"team": found, "charts": host})
    told = {url: _credential(bench.context, url) for url in URLS}
    assert told == URLS


URLS = {
    "https://ghcr.io/team/shop": "repository_credentials.team",
    "https://ghcr.io/teams/shop": "",
    "https://charts.example.com/index.yaml": "repository_credentials.charts",
    "http://charts.example.com/index.yaml": "",
    "https://charts.example.com:8443/index.yaml": "",
}


def _credential(context: Context, url: str) -> str:
    from workers.accesses import access_to

    found = access_to(context.settings, context.accounts, url)
    return found.setting if found else ""


def test_nothing_inside_is_asked_unless_the_configuration_names_it(shop: Shop, tmp_path: Path) -> None:
    """Whoever writes a URL could otherwise ask what is inside."""
    with pytest.raises(BadConfiguration, match=r"localhost leads to .*, an internal address: name the host in `charts"):
        brought(shelf(shop, tmp_path, Charts()), "1.0.0")
    assert not shop.asked


def test_the_disk_has_a_budget(shop: Shop, tmp_path: Path) -> None:
    """What was not used for longest goes first, nothing that was used within the hour; it can be fetched again."""
    shop.publish({"1.0.0": chart("1.0.0")})
    mine = shelf(shop, tmp_path)
    brought(mine, "1.0.0")
    assert budget.trim(tmp_path / "charts", 0, tmp_path) == []
    later = mine.path.with_suffix(".used").stat().st_mtime + budget.YOUNG + 1
    assert budget.trim(tmp_path / "charts", 0, mine.path, later) == []
    assert budget.trim(tmp_path / "charts", 0, tmp_path, later) == [mine.path]
    assert brought(shelf(shop, tmp_path), "1.0.0").startswith("shop 1.0.0")


def test_a_version_that_nobody_offers_is_named(shop: Shop, tmp_path: Path) -> None:
    """With what there is."""
    shop.publish({"1.0.0": chart("1.0.0"), "1.1.0": chart("1.1.0")})
    with pytest.raises(SourceMissing, match=r"chart shop of https://.* has no version \^3 \(it has 1.1.0, 1.0.0\)"):
        brought(shelf(shop, tmp_path), "^3")
    shop.publish({"1.0.0": chart("1.0.0", name="other")}, name="other")
    with pytest.raises(SourceMissing, match="names no chart shop"):
        brought(shelf(shop, tmp_path), "1.0.0")


PARENT = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: shop, version: 1.x, repository: URL}]\n"
LOCK = "dependencies: [{name: shop, version: 1.0.0, repository: URL}]\ndigest: sha256:0\n"


def test_a_chart_in_git_has_what_its_lock_names(bench: Bench, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """In that version and no newer one, fetched once; a lock that says something else than the chart fails."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    bench.configure(charts=RULES)
    shop.publish({"1.0.0": chart("1.0.0"), "1.1.0": chart("1.1.0")})
    url = f"{shop.url}/charts"
    parent, lock = PARENT.replace("URL", url), LOCK.replace("URL", url)
    commit = bench.push({"Chart.yaml": parent, "values.yaml": "shop: {b: parent}\n"})
    bench.look_until_done(bench.ask(commit))
    assert "the dependencies shop are not in its charts folder" in bench.told(commit).text
    commit = bench.push({"Chart.lock": lock.replace("1.0.0", "2.0.0")})
    bench.look_until_done(bench.ask(commit))
    assert "myapp/Chart.lock does not lock shop as Chart.yaml wants it" in bench.told(commit).text
    assert not shop.asked
    for values in ("shop: {b: parent}", "shop: {b: other}"):
        commit = bench.push({"Chart.lock": lock, "values.yaml": values})
        bench.look_until_done(bench.ask(commit))
        assert bench.told(commit).text.startswith("synced"), bench.told(commit).text
        shown = json.loads(bench.get("configmap", "myapp-shown", "-o", "json"))["data"]
        assert shown["version"] == "1.0.0"
        assert json.loads(shown["values"])["b"] in values
    assert shop.paths() == ["/charts/index.yaml", "/charts/shop-1.0.0.tgz"]
