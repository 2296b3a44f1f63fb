"""Flux's HelmRelease, HelmRepository and OCIRepository, on a real API server: what each field does."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local import binaries
from deploy.local.registry import Registry
from deploy.local.stack import PUBLIC_URL
from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.shop import CHART, SHOWN, Shop, chart, packed
from workers import drift, known
from workers.model import Why
from workers.policies import DriftMode
from workers.rendering import Charts

RULES = Charts(internal=("localhost",), plain_http=True)
CRON = """apiVersion: batch/v1
kind: CronJob
metadata:
  {name: cron, namespace: {{ .Release.Namespace }}, labels: {tier: front}, annotations: {scaled: "yes"}}
spec:
  schedule: "0 0 1 1 *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: nginx}]}}}}
"""
SCALER = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler, labels: {tier: back}}
spec: {maxReplicas: 1, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}}
"""
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.shop.example.com}
spec:
  group: shop.example.com
  names: {kind: KIND, plural: PLURAL}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
SCHEMA = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["needed"]}'
OBJECTS = {"templates/cron.yaml": CRON, "templates/scaler.yaml": SCALER}
FLUX = "source.toolkit.fluxcd.io/v1"


@dataclass
class Flux:
    """A catalog in Flux's words: one HelmRelease and the sources it may have."""

    bench: Bench
    shop: Shop

    @property
    def app(self) -> str:
        """The app's name."""
        return f"helm-{self.bench.namespace}.shop"

    def source(self, kind: str, spec: dict[str, Any], name: str = "charts", namespace: str = "flux-system") -> None:
        """Declare a source."""
        metadata = {"name": name, "namespace": namespace}
        said = {"apiVersion": FLUX, "kind": kind, "metadata": metadata, "spec": {"interval": "1m", **spec}}
        self.bench.declare(json.dumps(said), "source")

    def release(self, spec: dict[str, Any], said: dict[str, Any] | None = None, **metadata: Any) -> None:
        """Declare the release; ``said`` is put into the chart's specification, ``None`` for no chart."""
        ref = {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}
        whole = {"interval": "10m", "install": {"disableWait": True}, "driftDetection": {"mode": "warn"}, **spec}
        if said is not None:
            whole["chart"] = {"spec": {"chart": "shop", "version": "1.x", "sourceRef": ref, **said}}
        named = {"name": "shop", "namespace": self.bench.namespace, **metadata}
        text = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": named, "spec": whole}
        self.bench.declare(json.dumps(text), "release")

    def look(self, app: str = "") -> str:
        """Let a worker look, and return what came of it."""
        app = app or self.app
        self.bench.look_until_done(self.bench.ask(why=Why.MANUAL, app=app), app)
        return self.bench.context.records.progress.app(app).text

    def shown(self, name: str = "shop-shown", namespace: str = "") -> dict[str, Any]:
        """Return the version and the values that a chart was rendered with."""
        where = namespace or self.bench.namespace
        data = json.loads(self.bench.cluster.kubectl("-n", where, "get", "configmap", name, "-o", "json"))["data"]
        return {"version": data["version"], **json.loads(data["values"])}

    def held(self, kind: str, name: str, data: dict[str, str]) -> None:
        """Put values into the cluster."""
        words = [f"--from-literal={key}={value}" for key, value in data.items()]
        made = ("create", "configmap", name) if kind == "ConfigMap" else ("create", "secret", "generic", name)
        self.bench.cluster.kubectl("-n", self.bench.namespace, *made, *words)


@pytest.fixture
def flux(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flux]:
    """A chart repository with three versions, declared as HelmRepository ``charts``."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    with Shop() as shop:
        (tmp_path / "ca.pem").write_bytes(shop.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        bench.configure(charts=RULES)
        extra = {"extra.yaml": "b: extra\n"}
        shop.publish({"1.0.0": chart("1.0.0", **extra), "1.1.0": chart("1.1.0", **extra), "2.0.0": chart("2.0.0")})
        bench.undeclare()
        made = Flux(bench, shop)
        made.source("HelmRepository", {"url": f"{shop.url}/charts"})
        yield made


@shows(
    "HelmRelease spec.chart.spec.chart", "HelmRelease spec.chart.spec.version", "HelmRelease spec.values",
    "HelmRelease spec.valuesFrom[].kind", "HelmRelease spec.valuesFrom[].name",
    "HelmRelease spec.valuesFrom[].valuesKey", "HelmRelease spec.valuesFrom[].targetPath",
    "HelmRelease spec.valuesFrom[].optional", "HelmRepository spec.url",
)  # fmt: skip
def test_values_come_from_the_cluster_and_the_release_s_own_go_first(flux: Flux) -> None:
    """In their order; a change in the cluster is seen at the next look; a Secret's words are in no message."""
    flux.held("ConfigMap", "one", {"values.yaml": "a: one\nb: {c: one, d: one}\n", "other.yaml": "e: other\n"})
    flux.held(
        "Secret", "two", {"values.yaml": "b: {d: told-to-nobody}\n", "port": "8080", "text": "'007'", "own": "lost"}
    )
    values_from = [
        {"kind": "ConfigMap", "name": "one"},
        {"kind": "ConfigMap", "name": "one", "valuesKey": "other.yaml"},
        {"kind": "Secret", "name": "two"},
        {"kind": "Secret", "name": "two", "valuesKey": "port", "targetPath": "web.ports[1].number"},
        {"kind": "Secret", "name": "two", "valuesKey": "text", "targetPath": r"web.with\.dot"},
        {"kind": "Secret", "name": "two", "valuesKey": "own", "targetPath": "own"},
        {"kind": "Secret", "name": "none", "optional": True},
    ]
    flux.release({"values": {"own": "mine"}, "valuesFrom": values_from}, {"version": "1.0.0"})
    assert flux.look().startswith("synced: "), flux.look()
    wanted = {
        "version": "1.0.0",
        "a": "one",
        "b": {"c": "one", "d": "told-to-nobody"},
        "e": "other",
        "web": {"ports": [None, {"number": 8080}], "with.dot": "007"},
        "own": "mine",
    }
    assert flux.shown() == wanted
    assert known.without("it says told-to-nobody") == "it says ***"
    flux.bench.cluster.kubectl("-n", flux.bench.namespace, "delete", "secret", "two")
    flux.held("Secret", "two", {"values.yaml": "b: {d: three}\n"})
    flux.release({"values": {"own": "mine"}, "valuesFrom": values_from[:3]}, {"chart": "shop"})
    assert flux.look().startswith("synced: ")
    assert flux.shown() == {
        "version": "1.1.0",
        "a": "one",
        "b": {"c": "one", "d": "three"},
        "e": "other",
        "own": "mine",
    }
    flux.release({"valuesFrom": [{"kind": "Secret", "name": "none"}]}, {})
    assert f"there is no Secret {flux.bench.namespace}/none: make it, or say optional: true" in flux.look()
    flux.release({"valuesFrom": values_from[3:4]}, {})
    assert f"there is no key port in Secret {flux.bench.namespace}/two" in flux.look()
    flux.bench.cluster.kubectl("-n", flux.bench.namespace, "delete", "secret", "two")
    flux.held("Secret", "two", {"values.yaml": "canary-1: [", "port": "x"})
    flux.release({"valuesFrom": values_from[2:3]}, {})
    assert "Secret" in flux.look()
    assert "this is no YAML" in flux.look()
    assert "canary" not in flux.look()
    flux.release({}, {"chart": "other"})
    assert "names no chart other" in flux.look()


@shows("HelmRelease spec.chart.spec.valuesFiles", "HelmRelease spec.chart.spec.ignoreMissingValuesFiles")
def test_values_files_stand_in_place_of_the_chart_s_own(flux: Flux) -> None:
    """As in Flux: the chart's own count only where they are named, too."""
    flux.release({}, {})
    flux.look()
    assert flux.shown() == {"version": "1.1.0", "a": "chart"}
    flux.release({}, {"valuesFiles": ["extra.yaml"]})
    flux.look()
    assert flux.shown() == {"version": "1.1.0", "b": "extra"}
    flux.release({}, {"valuesFiles": ["values.yaml", "./extra.yaml", "none.yaml"]})
    assert "there is no file none.yaml" in flux.look()
    files = ["values.yaml", "./extra.yaml", "none.yaml"]
    flux.release({}, {"valuesFiles": files, "ignoreMissingValuesFiles": True})
    flux.look()
    assert flux.shown() == {"version": "1.1.0", "a": "chart", "b": "extra"}


@shows(
    "HelmRelease metadata.name", "HelmRelease metadata.namespace", "HelmRelease spec.releaseName",
    "HelmRelease spec.targetNamespace", "HelmRelease spec.install.createNamespace",
    "HelmRelease spec.chart.spec.sourceRef.kind", "HelmRelease spec.chart.spec.sourceRef.name",
    "HelmRelease spec.chart.spec.sourceRef.namespace", "HelmRepository metadata.name",
    "HelmRepository metadata.namespace",
)  # fmt: skip
def test_where_a_release_goes_what_it_is_called_and_where_its_chart_is(flux: Flux) -> None:
    """The release's name is Flux's; a chart in Git is named by its path; a source is found by kind and both names."""
    bench, other = flux.bench, f"{flux.bench.namespace}-other"
    flux.release({"targetNamespace": other}, {})
    assert f'namespace "{other}" does not exist' in flux.look()
    flux.release({"targetNamespace": other, "install": {"disableWait": True, "createNamespace": True}}, {})
    try:
        assert flux.look().startswith("synced")
        assert flux.shown(f"{other}-shop-shown", other)["version"] == "1.1.0"
    finally:
        bench.cluster.kubectl("delete", "namespace", other, "--wait=false")
    flux.release({"releaseName": "named"}, {}, name="elsewhere", namespace="default")
    app = "helm-elsewhere"
    bench.ask(app=app)
    bench.look_until_done(bench.ask(why=Why.MANUAL, app=app), app)
    assert flux.shown("named-shown", "default")["version"] == "1.1.0"
    bench.undeclare("release")
    bench.look_until_done(bench.ask(why=Why.MANUAL, app=app), app)
    for ref in (
        {"name": "other", "namespace": "flux-system"},
        {"name": "charts", "namespace": "x"},
        {"name": "charts"},
    ):
        flux.release({}, {"sourceRef": {"kind": "HelmRepository", **ref}})
        assert f"there is no HelmRepository {ref['name']} in namespace" in flux.look()
    flux.release(
        {}, {"chart": "./myapp", "sourceRef": {"kind": "GitRepository", "name": "charts", "namespace": "flux-system"}}
    )
    assert "there is no GitRepository charts" in flux.look()
    flux.source("GitRepository", {"url": PUBLIC_URL, "ref": {"branch": "main"}})
    bench.push(
        {"Chart.yaml": CHART.format(name="shop", version="9.0.0"), "templates/a.yaml": SHOWN, "values.yaml": "a: git"}
    )
    assert flux.look().startswith("synced"), flux.look()
    assert flux.shown() == {"version": "9.0.0", "a": "git"}


@shows("HelmRelease spec.suspend", "HelmRepository spec.suspend")
def test_a_release_is_suspended_by_either_document(flux: Flux) -> None:
    """Nothing is applied, and the app says why."""
    flux.release({"suspend": True}, {})
    assert flux.look() == "not synced: spec.suspend is set"
    flux.release({}, {})
    flux.source("HelmRepository", {"url": f"{flux.shop.url}/charts", "suspend": True})
    assert flux.look() == "not synced: its HelmRepository charts is suspended"
    assert "shop-shown" not in flux.bench.get("configmap", "-o", "name")


@shows(
    "HelmRelease spec.timeout", "HelmRelease spec.install.disableWait", "HelmRelease spec.upgrade.disableWait",
    "HelmRelease spec.uninstall.deletionPropagation",
)  # fmt: skip
def test_a_release_is_waited_for_and_taken_away(flux: Flux) -> None:
    """Until its timeout, unless it says not to; what it made goes with it, unless that is to be left."""
    flux.shop.publish({"1.0.0": chart("1.0.0", **OBJECTS)})
    for action in ("install", "upgrade"):
        flux.release({"install": {}, action: {"disableWait": True}}, {})
        assert "not waited for" in flux.look()
    flux.release({"install": {}, "timeout": "40s", "values": {"b": "2"}}, {})
    number = flux.bench.ask(why=Why.MANUAL, app=flux.app)
    flux.bench.look(flux.app)
    assert flux.bench.context.records.progress.app(flux.app).done < number
    flux.bench.clock.forward(41)
    flux.bench.look_until_done(number, flux.app)
    assert "not healthy in time" in flux.bench.context.records.progress.app(flux.app).text
    for way, stays in (("orphan", True), ("foreground", False)):
        flux.release({"uninstall": {"deletionPropagation": way}}, {})
        flux.look()
        flux.bench.undeclare("release")
        flux.look()
        assert ("shop-shown" in flux.bench.get("configmap", "-o", "name")) is stays


@shows("HelmRelease spec.dependsOn[].name", "HelmRelease spec.dependsOn[].namespace")
def test_a_release_waits_for_another(flux: Flux) -> None:
    """Until that one is synced."""
    bench = flux.bench
    flux.release({}, {})
    text = json.loads((bench.catalog / "release.yaml").read_text())
    text["metadata"] = {"name": "second", "namespace": "flux-system"}
    text["spec"] |= {
        "targetNamespace": bench.namespace,
        "dependsOn": [{"name": "shop", "namespace": bench.namespace}],
    }
    bench.declare(json.dumps(text), "second")
    number = bench.ask(why=Why.MANUAL, app="helm-second")
    bench.look("helm-second")
    assert bench.waits("helm-second") == f"waiting for {flux.app}"
    flux.look()
    bench.look_until_done(number, "helm-second")
    assert flux.shown(f"{bench.namespace}-second-shown")["version"] == "1.1.0"


@shows(
    "HelmRelease spec.install.crds", "HelmRelease spec.install.skipCRDs",
    "HelmRelease spec.install.disableSchemaValidation", "HelmRelease spec.upgrade.disableSchemaValidation",
)  # fmt: skip
def test_definitions_and_the_schema_of_values(flux: Flux) -> None:
    """Definitions are synced with the rest, or left out; a schema is heeded, or not."""
    kind = f"T{flux.bench.namespace.replace('-', '')}"
    files = {"crds/a.yaml": CRD.replace("KIND", kind.title()).replace("PLURAL", kind.lower())}
    flux.shop.publish({"1.0.0": chart("1.0.0", **files)})
    name = f"{kind.lower()}.shop.example.com"

    def there() -> bool:
        return name in flux.bench.cluster.kubectl("get", "crd", "-o", "name")

    try:
        for skips in ({"crds": "Skip"}, {"skipCRDs": True}):
            flux.release({"install": {"disableWait": True, **skips}}, {})
            assert flux.look().startswith("synced")
            assert not there()
        flux.release({}, {})
        assert flux.look().startswith("synced")
        assert there()
    finally:
        flux.bench.cluster.kubectl("delete", "crd", name, "--ignore-not-found", "--wait=false")
    flux.shop.publish({"1.5.0": chart("1.5.0", **{"values.schema.json": SCHEMA})})
    flux.release({}, {})
    assert "needed" in flux.look()
    for action in ("install", "upgrade"):
        flux.release(
            {"install": {"disableWait": True}, action: {"disableWait": True, "disableSchemaValidation": True}}, {}
        )
        assert flux.look().startswith("synced"), flux.look()


LABEL = '[{"op": "add", "path": "/metadata/labels/NAME", "value": "yes"}]'
POSTED = {
    "group": ("batch", {"cron"}),
    "version": ("v2", {"scaler"}),
    "kind": ("CronJob", {"cron"}),
    "name": ("scal.*", {"scaler"}),
    "namespace": ("NAMESPACE", {"cron"}),
    "labelSelector": ("tier=front", {"cron"}),
    "annotationSelector": ("scaled=yes", {"cron"}),
}


@shows(
    "HelmRelease spec.postRenderers[].kustomize.patches[].patch",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.group",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.version",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.kind",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.name",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.namespace",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.labelSelector",
    "HelmRelease spec.postRenderers[].kustomize.patches[].target.annotationSelector",
    "HelmRelease spec.postRenderers[].kustomize.images[].name",
    "HelmRelease spec.postRenderers[].kustomize.images[].newName",
    "HelmRelease spec.postRenderers[].kustomize.images[].newTag",
    "HelmRelease spec.postRenderers[].kustomize.images[].digest",
)
def test_what_is_changed_after_rendering(flux: Flux) -> None:
    """One step after the other; a patch that kustomize refuses is told in its words."""
    bench = flux.bench
    flux.shop.publish({"1.0.0": chart("1.0.0", **OBJECTS)})
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-shown"}, "data": {"more": "yes"}}
    patches: list[dict[str, Any]] = [{"patch": json.dumps(own)}]
    for field, (value, _) in POSTED.items():
        target = {field: value.replace("NAMESPACE", bench.namespace)}
        patches.append({"patch": LABEL.replace("NAME", field), "target": target})
    digest = f"sha256:{'0' * 64}"
    steps = [
        {"kustomize": {"images": [{"name": "nginx", "newName": "example.com/n", "newTag": "1.27"}]}},
        {"kustomize": {"patches": patches}},
    ]
    flux.release({"postRenderers": steps}, {})
    assert flux.look().startswith("synced"), flux.look()
    image = "jsonpath={.spec.jobTemplate.spec.template.spec.containers[0].image}"
    assert bench.get("cronjob", "cron", "-o", image) == "example.com/n:1.27"
    assert json.loads(bench.get("configmap", "shop-shown", "-o", "json"))["data"]["more"] == "yes"
    for field, (_, names) in POSTED.items():
        found = bench.get("cronjob,hpa", "-l", f"{field}=yes", "-o", "jsonpath={.items[*].metadata.name}")
        assert set(found.split()) == names, field
    steps.append({"kustomize": {"images": [{"name": "example.com/n", "digest": digest}]}})
    flux.release({"postRenderers": steps}, {})
    flux.look()
    assert bench.get("cronjob", "cron", "-o", image).endswith(f"@{digest}")
    flux.release({"postRenderers": [{"kustomize": {"patches": [{"patch": "a: b"}]}}]}, {})
    assert "kustomize refused postRenderers" in flux.look()


IGNORING = [
    (None, True),
    ({"kind": "CronJob", "group": "batch", "version": "v1", "name": "cr.*", "namespace": ".*"}, True),
    ({"group": "apps"}, False),
    ({"version": "v1beta1"}, False),
    ({"kind": "Cron"}, False),
    ({"name": "cro"}, False),
    ({"namespace": "elsewhere"}, False),
    ({"labelSelector": "tier=back"}, False),
    ({"annotationSelector": "!scaled"}, False),
]


@shows(
    "HelmRelease spec.driftDetection.mode",
    "HelmRelease spec.driftDetection.ignore[].paths",
    "HelmRelease spec.driftDetection.ignore[].target.group",
    "HelmRelease spec.driftDetection.ignore[].target.version",
    "HelmRelease spec.driftDetection.ignore[].target.kind",
    "HelmRelease spec.driftDetection.ignore[].target.name",
    "HelmRelease spec.driftDetection.ignore[].target.namespace",
    "HelmRelease spec.driftDetection.ignore[].target.labelSelector",
    "HelmRelease spec.driftDetection.ignore[].target.annotationSelector",
)
def test_drift_of_a_release_is_found_unless_it_is_ignored(flux: Flux) -> None:
    """``warn`` and ``enabled`` look for it, ``disabled`` does not."""
    bench = flux.bench
    flux.shop.publish({"1.0.0": chart("1.0.0", **{"templates/cron.yaml": CRON})})

    def found(**said: Any) -> list[str]:
        flux.release({"driftDetection": said}, {})
        flux.look()
        patch = json.dumps({"spec": {"schedule": "0 0 2 2 *"}})
        bench.cluster.kubectl("-n", bench.namespace, "patch", "cronjob", "cron", "-p", patch, "--field-manager=hand")
        swept = drift.sweep(bench.context, "test")
        bench.cluster.kubectl("-n", bench.namespace, "delete", "cronjob", "cron")
        return swept

    assert found(mode="disabled") == []
    assert found(mode="enabled") == [flux.app]
    for target, ignored in IGNORING:
        rule = {"paths": ["/spec/schedule"], **({"target": target} if target else {})}
        assert found(mode="warn", ignore=[rule]) == ([] if ignored else [flux.app]), target


@shows("HelmRelease spec.interval", "HelmRelease metadata.annotations")
def test_a_release_says_how_long_drift_may_go_unseen(flux: Flux) -> None:
    """And in Hookline's own annotations what Flux has no field for."""
    flux.release({"interval": "45s", "driftDetection": {}}, {})
    found = flux.bench.context.catalog.index().apps[flux.app]
    assert (found.interval, found.drift) == (45.0, DriftMode.OFF)
    flux.release({"driftDetection": {}}, {}, annotations={"hookline.dev/drift": "repair"})
    found = flux.bench.context.catalog.index().apps[flux.app]
    assert (found.interval, found.drift) == (600.0, DriftMode.REPAIR)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with two versions of the chart."""
    folder = tmp_path_factory.mktemp("registry")
    with Registry(folder) as made:
        for version in ("1.0.0", "1.1.0"):
            archive = folder / f"shop-{version}.tgz"
            archive.write_bytes(chart(version))
            command = [str(binaries.locate()["helm"]), "push", str(archive), f"oci://{made.host}/team", "--plain-http"]
            subprocess.run(command, check=True, capture_output=True, env={"HOME": str(folder)})
        yield made


@shows(
    "HelmRelease spec.chartRef.apiVersion", "HelmRelease spec.chartRef.kind", "HelmRelease spec.chartRef.name",
    "HelmRelease spec.chartRef.namespace", "HelmRepository spec.type", "OCIRepository spec.url",
    "OCIRepository spec.ref.tag", "OCIRepository spec.ref.semver", "OCIRepository spec.suspend",
    "OCIRepository metadata.name", "OCIRepository metadata.namespace",
)  # fmt: skip
def test_a_chart_of_a_registry(flux: Flux, registry: Registry) -> None:
    """By a HelmRepository of type ``oci``, or as an artifact of its own."""
    flux.source("HelmRepository", {"url": f"oci://{registry.host}/team", "type": "oci"})
    flux.release({}, {"version": "1.0.0"})
    assert flux.look().startswith("synced"), flux.look()
    assert flux.shown()["version"] == "1.0.0"
    ref = {"apiVersion": FLUX, "kind": "OCIRepository", "name": "charts", "namespace": "flux-system"}
    flux.release({"chartRef": ref})
    assert "there is no OCIRepository charts in namespace flux-system" in flux.look()
    url = f"oci://{registry.host}/team/shop"
    for said, version in (({"semver": "*"}, "1.1.0"), ({"tag": "1.0.0"}, "1.0.0")):
        flux.source("OCIRepository", {"url": url, "ref": said})
        assert flux.look().startswith("synced"), flux.look()
        assert flux.shown()["version"] == version
    for wrong in ({"name": "other"}, {"namespace": "other"}):
        flux.release({"chartRef": ref | wrong})
        assert "there is no OCIRepository" in flux.look()
    flux.release({"chartRef": ref})
    flux.source("OCIRepository", {"url": url, "suspend": True})
    assert flux.look() == "not synced: its OCIRepository charts is suspended"
    flux.release({"chartRef": ref | {"kind": "HelmChart"}})
    assert "HelmChart is not served: expected OCIRepository" in flux.look()


@shows("OCIRepository spec.ref.digest", "OCIRepository spec.ignore")
def test_a_kustomization_is_made_from_an_artifact(flux: Flux, registry: Registry) -> None:
    """A folder that ``flux push artifact`` made, but what is to be ignored; by digest it never moves."""
    bench, layer = flux.bench, "application/vnd.cncf.flux.content.v1.tar+gzip"
    first = registry.push("folders/web", "latest", {layer: packed({"./deploy/a.yaml": config("a", "one")})})
    url = f"oci://{registry.host}/folders/web"
    spec = {"interval": "10m", "prune": True, "path": "./deploy", "targetNamespace": bench.namespace}
    spec["sourceRef"] = {"kind": "OCIRepository", "name": "charts"}
    metadata = {"name": "web", "namespace": "flux-system"}
    kind = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
    bench.declare(json.dumps({**kind, "metadata": metadata, "spec": spec}), "web")
    key = ("configmap", "a", "-o", "jsonpath={.data.key}")
    flux.source("OCIRepository", {"url": url})
    assert "; web latest (sha256:" in flux.look("web")
    assert bench.get(*key) == "one"
    files = {"deploy/a.yaml": config("a", "two"), "deploy/b.yaml": config("b"), "deploy/c.yaml": config("c")}
    registry.push("folders/web", "latest", {layer: packed({**files, ".sourceignore": "c.yaml\n"})})
    flux.source("OCIRepository", {"url": url, "ignore": "/deploy/b.yaml\n"})
    flux.look("web")
    assert bench.get(*key) == "two"
    assert {"configmap/b", "configmap/c"}.isdisjoint(bench.get("configmap", "-o", "name").split())
    flux.source("OCIRepository", {"url": url, "ref": {"digest": first}})
    flux.look("web")
    assert bench.get(*key) == "one"


@shows("HelmRepository spec.secretRef.name", "OCIRepository spec.secretRef.name")
def test_a_secret_beside_the_source_opens_it(flux: Flux, registry: Registry) -> None:
    """A chart repository with user and password, a registry with what docker keeps of its host."""
    home, login = flux.bench.namespace, "ada:hunter2-canary"
    flux.shop.login = login
    flux.source("HelmRepository", {"url": f"{flux.shop.url}/charts", "secretRef": {"name": "login"}}, namespace=home)
    ref = {"kind": "HelmRepository", "name": "charts", "namespace": home}
    flux.release({}, {"version": "1.0.0", "sourceRef": ref})
    assert f"spec.secretRef: there is no Secret {home}/login: make it" in flux.look()
    flux.held("Secret", "login", {"username": "ada", "password": "hunter2-canary"})
    assert flux.look().startswith("synced"), flux.look()
    with Shop(behind=f"http://{registry.host}", login=login, tls=False) as gate:
        host = gate.url.removeprefix("http://")
        spec = {"url": f"oci://{host}/team/shop", "ref": {"tag": "1.1.0"}}
        flux.source("OCIRepository", {**spec, "secretRef": {"name": "docker"}}, namespace=home)
        auth = base64.b64encode(login.encode()).decode()
        flux.held("Secret", "docker", {".dockerconfigjson": json.dumps({"auths": {host: {"auth": auth}}})})
        flux.release({"chartRef": {**ref, "kind": "OCIRepository"}})
        assert flux.look().startswith("synced"), flux.look()
        assert flux.shown()["version"] == "1.1.0"
