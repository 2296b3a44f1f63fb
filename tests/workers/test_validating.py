"""``hookline validate``: what it refuses, the API server refuses too; what it lets through is read as that reads it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from deploy.local.control_plane import ControlPlane
from deploy.local.schemas import documents as dumped
from workers import cli, documents, kube, schemas, validating
from workers.errors import ObjectRefused
from workers.linting import Problem
from workers.schemas import bundled, types

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports:
        - containerPort: 80
          name: http
        env:
        - name: COLOUR
          value: blue
        resources:
          limits: {memory: 64Mi, cpu: 500m}
        livenessProbe:
          httpGet: {path: /, port: http}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
    targetPort: http
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: keys
data:
  key: b25l
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: web
            port: {number: 80}
"""
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: clean
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: clean
            image: busybox:1.36
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "system:reader"
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
"""
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
"""
GOOD = {
    "deployment": DEPLOYMENT,
    "service": SERVICE,
    "secret": SECRET,
    "ingress": INGRESS,
    "cron": CRON,
    "role": ROLE,
    "scaler": SCALER,
    "nothing where a value may be": DEPLOYMENT.replace("replicas: 2", "replicas:"),
    "an empty choice": SERVICE.replace("spec:\n", "spec:\n  type: ''\n"),
    "a number as a quantity": DEPLOYMENT.replace("cpu: 500m", "cpu: 1"),
    "a number as a port's name or number": SERVICE.replace("targetPort: http", "targetPort: 8080"),
    "one port by two protocols": SERVICE.replace(
        "    targetPort: http\n",
        "    name: a\n    protocol: TCP\n  - port: 80\n    name: b\n    protocol: UDP\n",
    ),
    "a role without rules": ROLE[: ROLE.index("rules:")],
    "no pod selector": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: all\nspec:\n"
    "  policyTypes: [Ingress]\n  podSelector: {}\n",
    "a config map": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: 'true'\n",
    "a claim": "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n"
    "  accessModes: [ReadWriteOnce]\n  resources:\n    requests: {storage: 1Gi}\n",
}

# what is wrong: document, old text, new text, line, field
BAD: dict[str, tuple[str, str, str, int, str]] = {
    "a field misspelt": (DEPLOYMENT, "replicas: 2", "replicsa: 2", 7, "spec.replicsa"),
    "a field at the wrong depth": (DEPLOYMENT, "spec:\n  replicas: 2", "replicas: 2\nspec:", 6, "replicas"),
    "a field in another case": (SERVICE, "selector:", "Selector:", 6, "spec.Selector"),
    "a field of another kind": (SERVICE, "selector:", "replicas: 1\n  selector:", 6, "spec.replicas"),
    "a field deep down": (
        DEPLOYMENT,
        "image: nginx",
        "imagee: nginx",
        16,
        "spec.template.spec.containers[0].imagee",
    ),
    "text for a number": (DEPLOYMENT, "replicas: 2", "replicas: two", 7, "spec.replicas"),
    "a quoted number": (DEPLOYMENT, "replicas: 2", "replicas: '2'", 7, "spec.replicas"),
    "half a replica": (DEPLOYMENT, "replicas: 2", "replicas: 1.5", 7, "spec.replicas"),
    "too large a number": (DEPLOYMENT, "replicas: 2", "replicas: 3000000000", 7, "spec.replicas"),
    "a number for text": (
        DEPLOYMENT,
        "value: blue",
        "value: 8080",
        22,
        "spec.template.spec.containers[0].env[0].value",
    ),
    "yes for text": (
        DEPLOYMENT,
        "value: blue",
        "value: yes",
        22,
        "spec.template.spec.containers[0].env[0].value",
    ),
    "text for true or false": (DEPLOYMENT, "replicas: 2", "paused: 'true'", 7, "spec.paused"),
    "a list for a mapping": (DEPLOYMENT, "labels: {app: web}\nspec", "labels: [app]\nspec", 5, "metadata.labels"),
    "a mapping for a list": (SERVICE, "ports:\n  - port: 80", "ports:\n    port: 80", 7, "spec.ports"),
    "text for a mapping": (SERVICE, "selector: {app: web}", "selector: web", 6, "spec.selector"),
    "a number in a label": (
        DEPLOYMENT,
        "labels: {app: web}\nspec",
        "labels: {app: 1}\nspec",
        5,
        "metadata.labels.app",
    ),
    "true in an annotation": (
        SERVICE,
        "  name: web",
        "  name: web\n  annotations: {a: true}",
        5,
        "metadata.annotations.a",
    ),
    "a label that is none": (
        DEPLOYMENT,
        "labels: {app: web}\nspec",
        "labels: {app: a b}\nspec",
        5,
        "metadata.labels.app",
    ),
    "a name in capitals": (SECRET, "name: keys", "name: Keys", 4, "metadata.name"),
    "no selector": (DEPLOYMENT, "  selector:\n    matchLabels: {app: web}\n", "", 6, "spec.selector"),
    "no name of a container": (
        DEPLOYMENT,
        "- name: web\n        image",
        "- image",
        15,
        "spec.template.spec.containers[0].name",
    ),
    "no port": (SERVICE, "- port: 80\n    targetPort", "- targetPort", 8, "spec.ports[0].port"),
    "no containers": (
        CRON,
        "          containers:\n          - name: clean\n            image: busybox:1.36\n",
        "",
        10,
        "spec.jobTemplate.spec.template.spec.containers",
    ),
    "no schedule": (CRON, '  schedule: "@daily"\n', "", 5, "spec.schedule"),
    "no kind of path": (
        INGRESS,
        "        pathType: Prefix\n",
        "",
        10,
        "spec.rules[0].http.paths[0].pathType",
    ),
    "a kind of path that is none": (
        INGRESS,
        "pathType: Prefix",
        "pathType: Begin",
        11,
        "spec.rules[0].http.paths[0].pathType",
    ),
    "the backend of long ago": (
        INGRESS,
        "          service:\n            name: web\n            port: {number: 80}",
        "          serviceName: web",
        13,
        "spec.rules[0].http.paths[0].backend.serviceName",
    ),
    "no most of a scaler": (SCALER, "  maxReplicas: 3\n", "", 5, "spec.maxReplicas"),
    "no verbs": (ROLE, "  verbs: [get]\n", "", 6, "rules[0].verbs"),
    "a verb that is no list": (ROLE, "verbs: [get]", "verbs: get", 8, "rules[0].verbs"),
    "a choice that is none": (SERVICE, "spec:\n", "spec:\n  type: LoadBalancing\n", 6, "spec.type"),
    "a policy that is none": (
        CRON,
        "restartPolicy: Never",
        "restartPolicy: Sometimes",
        11,
        "spec.jobTemplate.spec.template.spec.restartPolicy",
    ),
    "plain text in a secret": (SECRET, "key: b25l", "key: hunter-2!", 6, "data.key"),
    "a quantity that is none": (
        DEPLOYMENT,
        "memory: 64Mi",
        "memory: 64MB",
        24,
        "spec.template.spec.containers[0].resources.limits.memory",
    ),
    "a variable twice": (
        DEPLOYMENT,
        "          value: blue",
        "          value: blue\n        - name: COLOUR\n          value: red",
        23,
        "spec.template.spec.containers[0].env[1]",
    ),
    "a container twice": (
        CRON,
        "          - name: clean\n            image: busybox:1.36\n",
        "          - name: clean\n            image: a:1\n          - name: clean\n            image: b:1\n",
        15,
        "spec.jobTemplate.spec.template.spec.containers[1]",
    ),
    "a probe of nothing": (
        DEPLOYMENT,
        "httpGet: {path: /, port: http}",
        "httpGet: {path: /}",
        26,
        "spec.template.spec.containers[0].livenessProbe.httpGet.port",
    ),
    "a list in a config map": (GOOD["a config map"], "a: 'true'", "a: [1]", 6, "data.a"),
    "true in a config map": (GOOD["a config map"], "a: 'true'", "a: true", 6, "data.a"),
}


def found_in(folder: Path, *texts: str, name: str = "a") -> list[Problem]:
    """What is wrong with files of these texts."""
    for n, text in enumerate(texts):
        (folder / f"{name}{n}.yaml").write_text(text)
    return validating.validated([folder], bundled.bundled())[0].problems


@pytest.fixture(scope="session")
def trial(cluster: ControlPlane) -> kube.Client:
    """A client that only dry-runs."""
    return kube.Client.from_kubeconfig(cluster.kubeconfig).dry()


def tried(trial: kube.Client, text: str) -> None:
    """Try a manifest as a sync does."""
    [one] = documents.objects(documents.read(text.encode(), "a.yaml"))
    metadata = {"namespace": "default", **one.value["metadata"]}
    trial.apply({**one.value, "metadata": metadata}, force=True)


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_here_is_refused_by_the_api_server(case: str, tmp_path: Path, trial: kube.Client) -> None:
    """With the file, the line and the field."""
    base, old, new, line, field = BAD[case]
    text = base.replace(old, new, 1)
    assert text != base
    [problem] = found_in(tmp_path, text)
    assert (problem.line, problem.field) == (line, field)
    with pytest.raises(ObjectRefused):
        tried(trial, text)


@pytest.mark.parametrize("case", GOOD)
def test_what_the_api_server_takes_is_fine_here(case: str, tmp_path: Path, trial: kube.Client) -> None:
    """Also where OpenAPI alone would ask for more."""
    tried(trial, GOOD[case])
    assert found_in(tmp_path, GOOD[case]) == []


def test_the_bundle_is_what_the_api_server_says_of_itself(cluster: ControlPlane) -> None:
    """``python -m deploy.local.schemas`` writes it anew for another version."""
    version = json.loads(cluster.kubectl("get", "--raw", "/version"))["gitVersion"]
    held, served = bundled.bundled(), types.reduced(dumped(cluster), version)
    assert held.version == version
    missing = held.kinds.keys() - served.kinds.keys()
    assert missing == set()
    assert {name: node for name, node in served.types.items() if name.startswith("io.k8s.api.")} == {
        name: node for name, node in held.types.items() if name.startswith("io.k8s.api.")
    }


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1}
              mode: {type: string, enum: [fast, slow]}
              name: {type: string, pattern: "^[a-z]+$"}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
THING = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: one\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("  size: 1\n  free: {anything: [1]}\n", ""),
        ("  size: 0\n", "spec.size"),
        ("  size: big\n", "spec.size"),
        ("  mode: fast\n", "spec.size"),
        ("  size: 1\n  mode: faster\n", "spec.mode"),
        ("  size: 1\n  name: A\n", "spec.name"),
        ("  size: 1\n  sise: 1\n", "spec.sise"),
    ],
)
def test_a_custom_resource_is_judged_by_a_definition_beside_it(spec: str, field: str, tmp_path: Path) -> None:
    """As strictly as by the API server that has it."""
    found = found_in(tmp_path, DEFINITION, THING + spec)
    assert [one.field for one in found] == [field] * bool(field)


@pytest.mark.parametrize(
    "word", [*types._KEPT, "properties", "items", "additionalProperties", "allOf", "$ref", "default"]
)
@pytest.mark.parametrize("junk", [None, True, -1, "[", [], [[1]], {}, {"a": 1}, ["a", None], 1e300])
def test_a_definition_that_is_junk_breaks_nothing(word: str, junk: object) -> None:
    """A stranger wrote it; the API server will refuse it."""
    inner = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {}}},
        word: junk,
    }
    schema = {"type": "object", "properties": {"spec": inner, "list": {"type": "array", "items": inner, word: junk}}}
    definition = {
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com",
            "names": {"kind": "Thing"},
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}}, junk],
        },
    }
    known = bundled.bundled().with_definitions([definition, {"kind": "CustomResourceDefinition", "spec": junk}])
    node = known.of("example.com/v1", "Thing")
    assert node is not None
    for value in (1, "a", 1.5, None, True, [1], {"a": 1}):
        thing = {
            "apiVersion": "example.com/v1",
            "kind": "Thing",
            "spec": value,
            "list": [value, {"a": value, "b": [value]}],
        }
        assert isinstance(schemas.faults(known, node, thing), list)


def test_what_nobody_knows_is_said_and_not_refused(tmp_path: Path) -> None:
    """A custom resource without its definition; not a kind that Kubernetes itself would have."""
    (tmp_path / "a.yaml").write_text(THING + "  size: 1\n")
    linted, files = validating.validated([tmp_path], bundled.bundled())
    assert (linted.problems, linted.unchecked, files) == ([], {"example.com/v1 Thing": 1}, 1)
    said = found_in(tmp_path, "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata:\n  name: a\n", name="b")
    assert "use networking.k8s.io/v1" in said[0].text
    said = found_in(tmp_path, "apiVersion: apps/v1\nkind: Deploymnt\nmetadata:\n  name: a\n", name="b")
    assert "did you mean Deployment?" in said[0].text


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: b\n  a: c\n", 7, "twice"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", 4, "tabs do not indent"),
        ("kind: ConfigMap\nmetadata:\n  name: a\n", 1, "apiVersion is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", 3, "metadata.name is missing"),
        (f"{SECRET}---\n{SECRET}", 8, "already"),
        ("a: &a [x]\nb: *b\n", 2, "no anchor"),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: a\nspec:\n  projetc: x\n",
            5,
            "spec.destination: this field is required",
        ),
    ],
)
def test_what_is_wrong_before_any_schema(text: str, line: int, says: str, tmp_path: Path) -> None:
    """YAML, identity, declarations: one sentence with file and line."""
    [problem] = [one for one in found_in(tmp_path, text) if says in one.text]
    assert problem.line == line
    assert str(problem).startswith(f"{tmp_path}/a0.yaml:{line}: ")


def test_what_is_no_manifest_is_left_alone(tmp_path: Path) -> None:
    """Values, a tool's configuration, a chart's templates, hidden folders, encrypted files, variables."""
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: x\n")
    (tmp_path / "chart" / "templates" / "a.yaml").write_text("{{ if }}: [")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.yaml").write_text("]")
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    tool = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    sops = SECRET + "sops: {version: 3.9}\n"
    flux = DEPLOYMENT.replace("replicas: 2", "replicas: ${replicas}").replace("name: web\n  l", "name: ${name}\n  l")
    assert found_in(tmp_path, "replicas: 3\n", tool, sops, flux) == []


def test_patches_are_partial_and_what_is_built_counts(tmp_path: Path) -> None:
    """A patch need not say all; what comes of it is judged as a whole."""
    (tmp_path / "patches").mkdir()
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {}\n"
    (tmp_path / "patches" / "more.yaml").write_text(patch.format(3))
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\npatches:\n- path: patches/more.yaml\n")
    assert validating.validated([tmp_path], bundled.bundled())[0].problems == []
    (tmp_path / "patches" / "more.yaml").write_text(patch.format("three"))
    found = validating.validated([tmp_path / "kustomization.yaml"], bundled.bundled())[0].problems
    assert [(one.file, one.field) for one in found] == [(f"{tmp_path} (built)", "spec.replicas")]
    (tmp_path / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    found = validating.validated([tmp_path], bundled.bundled())[0].problems
    assert any("gone.yaml" in one.text for one in found)


def test_a_hundred_files_take_no_long_time(tmp_path: Path) -> None:
    """Half a second where nothing else runs."""
    for n in range(100):
        (tmp_path / f"{n}.yaml").write_text(
            DEPLOYMENT.replace("name: web", f"name: web-{n}", 1)
            + "---\n"
            + SERVICE.replace("name: web", f"name: web-{n}")
        )
    bundled.bundled()
    before = time.process_time()
    linted, files = validating.validated([tmp_path], bundled.bundled())
    assert (linted.problems, linted.objects, files) == ([], 200, 100)
    assert time.process_time() - before < 5


def test_bombs_take_no_long_time(tmp_path: Path) -> None:
    """Aliases of aliases, and nesting."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(f'*{a}' for _ in range(9))}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    deep = THING.replace("Thing", "ConfigMap").replace("example.com/v1", "v1") + "  a: " + "[" * 900 + "]" * 900 + "\n"
    before = time.process_time()
    assert found_in(tmp_path, bomb, deep, "[" * 100_000)
    assert time.process_time() - before < 20


def test_the_command_says_one_sentence_a_problem_or_json(tmp_path: Path) -> None:
    """Exit status 1 when anything is wrong."""
    (tmp_path / "a.yaml").write_text(DEPLOYMENT)
    fine = CliRunner().invoke(cli.app, ["validate", str(tmp_path)])
    assert (fine.exit_code, fine.stdout) == (0, "✓ 1 object in 1 file are fine\n")
    (tmp_path / "b.yaml").write_text(SERVICE.replace("selector", "selectro"))
    bad = CliRunner().invoke(cli.app, ["validate", str(tmp_path)])
    assert (bad.exit_code, bad.stderr.count("\n")) == (1, 1)
    assert f"{tmp_path}/b.yaml:6: Service web: spec.selectro: no such field; did you mean selector?" in bad.stderr
    told = json.loads(CliRunner().invoke(cli.app, ["validate", str(tmp_path), "--json"]).stdout)
    assert (told["ok"], told["objects"], told["problems"][0]["field"]) == (False, 2, "spec.selectro")


def test_another_cluster_s_dump_is_taken(tmp_path: Path, cluster: ControlPlane) -> None:
    """As ``kubectl get --raw /openapi/v2`` gives it; what is none is refused."""
    dump = tmp_path / "dump.json"
    dump.write_text(cluster.kubectl("get", "--raw", "/openapi/v2"))
    (tmp_path / "a.yaml").write_text(DEPLOYMENT.replace("replicas: 2", "replicsa: 2"))
    found = CliRunner().invoke(cli.app, ["validate", str(tmp_path / "a.yaml"), "--schemas", str(dump)])
    assert "did you mean replicas?" in found.stderr
    dump.write_text("[]")
    found = CliRunner().invoke(cli.app, ["validate", str(tmp_path / "a.yaml"), "--schemas", str(dump)])
    assert (found.exit_code, "kubectl get --raw" in found.stderr) == (1, True)


def test_the_pre_commit_hook_is_a_command_that_takes_files(tmp_path: Path) -> None:
    """As pre-commit calls it: the entry with the files that match, in the folder of the repository."""
    top = Path(__file__).parents[2]
    [[hook]] = [yaml.safe_load((top / ".pre-commit-hooks.yaml").read_text())]
    assert re.search(hook["files"], "deploy/web.yaml")
    assert not re.search(hook["files"], "deploy/web.yaml.txt")
    scripts = tomllib.loads((top / "pyproject.toml").read_text())["project"]["scripts"]
    module, function = scripts[hook["entry"]].split(":")
    (tmp_path / "good.yaml").write_text(DEPLOYMENT)
    (tmp_path / "bad.yaml").write_text(DEPLOYMENT.replace("name: web", "name: b").replace("replicas", "replicsa"))
    code = f"from {module} import {function} as main; main()"
    found = subprocess.run(
        [sys.executable, "-c", code, "good.yaml", "bad.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "bad.yaml:7: Deployment b: spec.replicsa: no such field; did you mean replicas?" in found.stderr
