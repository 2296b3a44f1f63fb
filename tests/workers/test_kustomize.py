"""Kustomize on a real API server: charts inside a kustomization, the walkthrough's new image, what a render reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.local import binaries
from tests.shown import shows
from tests.workers.charts import CHART, tree_of
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_sync_options import web
from tests.workers.test_sync_order import deploy
from workers import rendering
from workers.apps import App
from workers.errors import BadConfiguration, RenderFailed
from workers.given import Given, Kustomize
from workers.model import State
from workers.policies import Build
from workers.renderers import kustomize, source

ASKS = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
  gears: {{ .Capabilities.APIVersions.Has "example.com/v1/Gear" | quote }}
  greeting: {{ .Values.greeting | quote }}
"""
INFLATED: dict[str, str | None] = {
    "kustomization.yaml": (
        "helmCharts: [{name: web, releaseName: asks, valuesInline: {greeting: hello}}]\nnamePrefix: the-\n"
    ),
    "charts/web/Chart.yaml": CHART,
    "charts/web/values.yaml": "greeting: none\n",
    "charts/web/templates/asks.yaml": ASKS,
}
DATA = ("configmap", "the-asks", "-o", "jsonpath={.data.version} {.data.gears} {.data.greeting}")
APP = App("myapp", "u", "web", "main", "f")


def declare(bench: Bench, said: dict[str, object]) -> None:
    """Declare the app with this ``kustomize`` block."""
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("    path: myapp\n", f"    path: myapp\n    kustomize: {json.dumps(said)}\n"))


@shows("Application spec.source.kustomize.kubeVersion", "Application spec.source.kustomize.apiVersions")
def test_a_chart_in_a_kustomization_is_rendered_where_the_configuration_allows_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the repository, for the cluster's own version, or for what the app says instead."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    commit = deploy(bench, INFLATED)
    assert "charts in a kustomization are not allowed here" in bench.told(commit).text
    bench.configure(kustomize=rendering.Kustomize(helm_charts=True))
    commit = deploy(bench, {"README.md": "once more"})
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit).text
    assert bench.get(*DATA).endswith(" false hello")
    assert bench.get(*DATA).startswith("v1.37.")
    declare(bench, {"kubeVersion": "v1.30.0", "apiVersions": ["example.com/v1/Gear"]})
    deploy(bench, {"README.md": "and again"})
    assert bench.get(*DATA) == "v1.30.0 true hello"


@shows("Application spec.source.kustomize.commonAnnotationsEnvsubst")
def test_annotations_may_name_the_commit(bench: Bench) -> None:
    """The build environment of Argo CD, put in at each commit; without the field the text stays as it is."""
    files: dict[str, str | None] = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": config("a")}
    note = ("configmap", "a", "-o", "jsonpath={.metadata.annotations.note}")
    text = (bench.catalog / "myapp.yaml").read_text()
    declare(bench, {"commonAnnotations": {"note": "at $ARGOCD_APP_REVISION"}, "commonAnnotationsEnvsubst": True})
    commit = deploy(bench, files)
    assert bench.get(*note) == f"at {commit}"
    commit = deploy(bench, {"README.md": "words"})
    assert bench.get(*note) == f"at {commit}"
    bench.declare(text)
    declare(bench, {"commonAnnotations": {"note": "at $ARGOCD_APP_REVISION"}})
    deploy(bench, {"README.md": "more words"})
    assert bench.get(*note) == "at $ARGOCD_APP_REVISION"


@shows("Application spec.source.kustomize.version")
def test_an_app_may_name_the_version_of_kustomize(bench: Bench) -> None:
    """One that is installed, by default or by name; another is refused and says which one is."""
    files: dict[str, str | None] = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": config("a")}
    text = (bench.catalog / "myapp.yaml").read_text()
    declare(bench, {"version": "v4.0.0"})
    commit = deploy(bench, files)
    assert "v4.0.0 is wanted and v5.8.1 is installed" in bench.told(commit).text
    bench.declare(text)
    declare(bench, {"version": "v5.8.1"})
    commit = deploy(bench, {"README.md": "words"})
    assert bench.told(commit).state is State.SUCCESS
    bench.declare(text)
    declare(bench, {"version": "v4.0.0"})
    bench.configure(kustomize=rendering.Kustomize(versions={"v4.0.0": binaries.locate()["kustomize"]}))
    commit = deploy(bench, {"README.md": "more words"})
    assert bench.told(commit).state is State.SUCCESS


def test_a_new_tag_set_by_kustomize_edit_rolls_out(bench: Bench, tmp_path: Path) -> None:
    """The walkthrough: CI sets the image in a branch, a person merges it, and the new tag is what runs."""
    base = web().replace("nginx", "myapp")
    here = "resources: [../base]\nimages: [{name: myapp, newTag: v2.0.0}]\n"
    deploy(
        bench,
        {
            "../base/kustomization.yaml": "resources: [web.yaml]\n",
            "../base/web.yaml": base,
            "kustomization.yaml": here,
        },
    )
    image = ("deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    assert bench.get(*image) == "myapp:v2.0.0"
    (tmp_path / "kustomization.yaml").write_text(here.replace("../base", "base.yaml"))
    (tmp_path / "base.yaml").write_text(base)
    edit = [str(binaries.locate()["kustomize"]), "edit", "set", "image", "myapp:v2.1.0"]
    subprocess.run(edit, cwd=tmp_path, check=True)
    proposed = (tmp_path / "kustomization.yaml").read_text().replace("base.yaml", "../base")
    bench.checkout.switch("set-image")
    bench.checkout.commit({"myapp/kustomization.yaml": proposed}, "Set myapp to v2.1.0")
    bench.checkout.push()
    bench.checkout.switch("main")
    bench.look()
    assert bench.get(*image) == "myapp:v2.0.0"
    commit = deploy(bench, {"kustomization.yaml": proposed})
    assert bench.told(commit).state is State.SUCCESS
    assert bench.get(*image) == "myapp:v2.1.0"


def test_only_what_is_reached_counts_and_is_written_out(tmp_path: Path) -> None:
    """A base of a base does, also below a folder that Flux gathers; another team's folder does not."""
    files = {
        "web/a/kustomization.yaml": "resources: [../../base]\n",
        "base/kustomization.yaml": "resources: [deep]\n",
        "base/deep/kustomization.yaml": "configMapGenerator: [{name: c, files: [c.txt]}]\n",
        "base/deep/c.txt": "words",
        "other/a.yaml": config("a"),
    }
    app = App("myapp", "u", "web", "main", "f", build=Build(gather=True))
    tree = tree_of(tmp_path, files)
    keys = source.inputs(tree, app, {}, Given())
    assert {key.partition("=")[0] for key in keys if "=" in key and "(" not in key} == {
        "base/kustomization.yaml",
        "base/deep/kustomization.yaml",
        "base/deep/c.txt",
        "web/a/kustomization.yaml",
    }
    [made] = source.read(tree, app, {}, Given())
    assert made.value["data"] == {"c.txt": "words"}


def test_another_binary_is_another_input_and_a_missing_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting goes before the variable."""
    monkeypatch.delenv("KUSTOMIZE", raising=False)
    built_in = kustomize.version_of(Kustomize())
    assert built_in == kustomize.version_of(Kustomize(str(binaries.locate()["kustomize"]))) == "v5.8.1"
    monkeypatch.setenv("KUSTOMIZE", str(tmp_path / "none"))
    with pytest.raises(BadConfiguration, match=r"none cannot be run: correct `kustomize.binary` or \$KUSTOMIZE"):
        kustomize.version_of(Kustomize())
    assert kustomize.version_of(Kustomize(str(binaries.locate()["kustomize"]))) == "v5.8.1"
    with pytest.raises(BadConfiguration, match="does not tell its version"):
        kustomize.version_of(Kustomize("/bin/true"))


CHARTED = {"web/charts/web/Chart.yaml": CHART, "web/charts/web/values.yaml": ""}
REFUSED = {
    "generators: [g.yaml]\nhelmCharts: [{name: web}]": "generators: not together with helmCharts",
    "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: web}]": "helmGlobals.chartHome leads out of the repository",
    "helmCharts: [{name: web, releaseName: --post-renderer=sh}]": r"helmCharts\[0\].releaseName: expected a plain word",
    "helmCharts: [{name: web, nameTemplate: --debug}]": "nameTemplate: expected a template",
    "helmCharts: [{name: web, apiVersions: [--debug]}]": "apiVersions: expected versions",
    "helmCharts: [{name: ../../x}]": "name: expected a plain word",
    "helmCharts: [web]": "expected a mapping",
    "helmCharts: [{name: redis, repo: 'https://charts.example.com', version: 1.2.3}]": (
        "there is no folder web/charts/redis-1.2.3/redis, and nothing is fetched .*run `helm pull --untar"
    ),
    "helmCharts: [{name: web, valuesFile: 'https://example.com/v.yaml'}]": "helmCharts.valuesFile: .* is remote",
    "helmChartInflationGenerator: [{chartName: x}]": "write `helmCharts`",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_chart_in_a_kustomization_may_not_be(text: str, tmp_path: Path) -> None:
    """It is refused before anything runs, by file and field."""
    tree = tree_of(tmp_path, CHARTED | {"web/kustomization.yaml": text})
    given = Given(kustomize=Kustomize(charts=True))
    with pytest.raises(RenderFailed, match=f"^web/kustomization.yaml: .*{REFUSED[text]}"):
        source.read(tree, APP, {}, given)
