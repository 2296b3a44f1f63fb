"""Charts on a real API server, from a push to the end."""

from __future__ import annotations

import json

import pytest

from deploy.local import binaries
from deploy.local.stack import APPLICATION
from tests.shown import shows
from tests.workers.charts import CHART, HOOK, SCHEMA
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from workers.model import State

SHOWN = """apiVersion: v1
kind: ConfigMap
metadata: {name: shown}
data:
  values: {{ .Values | toJson | quote }}
  release: "{{ .Release.Name }} {{ .Release.Namespace }}"
  cluster: "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}"
"""
FILES = {
    "Chart.yaml": CHART,
    "values.yaml": "a: chart\nb: chart\n",
    "prod.yaml": "b: prod\n",
    "motd.txt": "hello",
    "templates/shown.yaml": SHOWN,
    "templates/pre.yaml": HOOK % ("pre", "pre-install", 1, "hook-succeeded"),
    "templates/first.yaml": HOOK % ("first", "pre-upgrade", -1, "before-hook-creation"),
    "templates/post.yaml": HOOK % ("post", "post-install,post-upgrade", 0, ""),
    "templates/test.yaml": HOOK % ("test", "test", 0, ""),
    "crds/none.yaml": config("from-crds"),
}


@pytest.fixture(autouse=True)
def _helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))


def declare(bench: Bench, said: str) -> None:
    """Declare the app with a ``helm`` block."""
    text = APPLICATION.replace("namespace: default", f"namespace: {bench.namespace}")
    bench.declare(text.replace("  syncPolicy", f"{said}  syncPolicy"))


@shows(
    "Application spec.source.helm.valueFiles", "Application spec.source.helm.ignoreMissingValueFiles",
    "Application spec.source.helm.valuesObject", "Application spec.source.helm.parameters[].name",
    "Application spec.source.helm.parameters[].value", "Application spec.source.helm.parameters[].forceString",
    "Application spec.source.helm.fileParameters[].name", "Application spec.source.helm.fileParameters[].path",
    "Application spec.source.helm.releaseName", "Application spec.source.helm.namespace",
    "Application spec.source.helm.skipCrds", "annotation helm.sh/hook",
    "annotation helm.sh/hook-weight", "annotation helm.sh/hook-delete-policy",
)  # fmt: skip
def test_a_chart_with_hooks_from_push_to_green(bench: Bench) -> None:
    """Hooks run in their phase and by their weight, what is rendered is what the app says, the cluster is asked."""
    said = """    helm:
      releaseName: other
      namespace: elsewhere
      valueFiles: [none.yaml, 'pr*.yaml']
      ignoreMissingValueFiles: true
      valuesObject: {c: object}
      parameters: [{name: d, value: '1', forceString: true}]
      fileParameters: [{name: motd, path: motd.txt}]
      skipCrds: true
"""
    declare(bench, said)
    commit = bench.push(dict(FILES))
    bench.ask(commit)
    bench.look()
    told = bench.settle(commit)
    assert told.state is State.SUCCESS, told.text
    assert [write for write in bench.writes() if not write.startswith("update jobs/")] == [
        "create jobs/other-first",
        "create jobs/other-pre",
        "delete jobs/other-pre",
        "patch configmaps/shown",
        "create jobs/other-post",
    ]
    data = json.loads(bench.get("configmap", "shown", "-o", "json"))["data"]
    assert json.loads(data["values"]) == {"a": "chart", "b": "prod", "c": "object", "d": "1", "motd": "hello"}
    assert data["release"] == "other elsewhere"
    version = json.loads(bench.cluster.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    assert data["cluster"] == f"{version} true"

    beside = bench.checkout.commit({"beside.yaml": "x: 1"}, "beside the chart")
    bench.checkout.push()
    bench.ask(beside)
    bench.look()
    assert bench.told(beside).text.startswith("not affected")

    broken = bench.push({"templates/shown.yaml": '{{ fail "say a name" }}'})
    bench.ask(broken)
    bench.look()
    assert bench.told(broken).state is State.FAILURE
    assert "helm refused myapp: " in bench.told(broken).text
    assert "say a name" in bench.told(broken).text


@shows(
    "Application spec.source.helm.values", "Application spec.source.helm.kubeVersion",
    "Application spec.source.helm.apiVersions", "Application spec.source.helm.skipTests",
    "Application spec.source.helm.skipSchemaValidation",
)  # fmt: skip
def test_what_an_app_says_of_the_cluster_goes_before_the_cluster(bench: Bench) -> None:
    """A test that would run as a hook as well is left out, and so is the chart's schema."""
    said = (
        "    helm: {values: 'a: said', kubeVersion: v1.20.0, apiVersions: [apps/v1/Deployment, x/v1], skipTests: true,"
    )
    declare(bench, f"{said} skipSchemaValidation: true}}\n")
    shown = SHOWN.replace('Has "apps/v1/Deployment"', 'Has "x/v1"')
    test = FILES["templates/test.yaml"].replace('"test"', '"pre-install,test"')
    files = {"Chart.yaml": CHART, "values.schema.json": SCHEMA, "templates/a.yaml": shown, "templates/t.yaml": test}
    commit = bench.push(dict(files))
    bench.ask(commit)
    bench.look()
    assert bench.settle(commit).text == "synced: 1 created; 1 object is healthy"
    data = json.loads(bench.get("configmap", "shown", "-o", "json"))["data"]
    assert data["cluster"] == "v1.20.0 true"
    assert json.loads(data["values"]) == {"a": "said"}
    assert data["release"] == f"myapp {bench.namespace}"
