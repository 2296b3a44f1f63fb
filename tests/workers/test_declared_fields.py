"""Every field of the vocabularies that says what is deployed, on a real API server: each case fails without its field.

A case is what is put into the declaration, the files it is about, and what kubectl then shows. Where ``without`` is
not given, the case is run a second time without the field and must show something else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.shown import shows
from tests.workers.conftest import Bench
from tests.workers.manifests import FLUX as FLUX_ANNOTATION
from tests.workers.manifests import config, document
from tests.workers.test_sync_options import web
from workers.model import Outcome, State, Why

KUSTOMIZATION = "resources: [a.yaml]\n"
A: dict[str, str | None] = {"kustomization.yaml": KUSTOMIZATION, "a.yaml": config("a")}
WEB: dict[str, str | None] = {"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": web()}
PLAIN: dict[str, str | None] = {"a.yaml": config("a"), "below/b.yaml": config("b"), "below/c.yaml": config("c")}


@dataclass
class Case:
    """What is said, of which files, and what kubectl shows: (arguments, output)."""

    said: dict[str, Any]
    files: dict[str, str | None] = field(default_factory=lambda: dict(A))
    shows: tuple[str, str] = ("", "")
    fails: str = ""
    pending: bool = False
    """Whether the app never becomes healthy here (an autoscaler without metrics); it is applied all the same."""


def patched(text: str, name: str = "a", **target: str) -> dict[str, Any]:
    """A strategic merge patch of the ConfigMap."""
    patch = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": text}})
    return {"patch": patch, **({"target": target} if target else {})}


KEY = "configmap a -o jsonpath={.data.key}"
NAMES = "configmap -l applyset.kubernetes.io/part-of -o jsonpath={.items[*].metadata.name}"
IMAGE = "deployment web -o jsonpath={.spec.template.spec.containers[0].image}"
ADD_LABEL = '[{"op": "add", "path": "/metadata/labels", "value": {"patched": "yes"}}]'
PATCHED = "configmap,secret,deployment,hpa -l patched=yes -o jsonpath={.items[*].metadata.name}"
SECRET = document("v1", "Secret", "s", {}, stringData={"key": "a"}).replace(
    '"name"', '"namespace": "NAMESPACE", "name"'
)
SCALER = document(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    "h",
    {},
    spec={"maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}},
)
BOTH: dict[str, str | None] = {
    "kustomization.yaml": "resources: [a.yaml, s.yaml, web.yaml]\n",
    "a.yaml": config("a").replace(
        '"metadata": {', '"metadata": {"labels": {"tier": "x"}, "annotations": {"for": "x"}, '
    ),
    "s.yaml": SECRET,
    "web.yaml": web(),
}
SCALED: dict[str, str | None] = {
    "kustomization.yaml": "resources: [a.yaml, h.yaml]\n",
    "a.yaml": BOTH["a.yaml"],
    "h.yaml": SCALER,
}
COMPONENT: dict[str, str | None] = {
    **A,
    "../component/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: component-\n"
    ),
}


def of_a_target(**target: str) -> dict[str, Any]:
    """A patch that labels what its target names."""
    return {"patches": [{"patch": ADD_LABEL, "target": target}]}


SHOWN_BY_TEST_A_FIELD_OF_THE_KUSTOMIZE_SOURCE: dict[str, Case] = {
    "Application spec.source.kustomize.namePrefix": Case({"namePrefix": "pre-"}, shows=(NAMES, "pre-a")),
    "Application spec.source.kustomize.nameSuffix": Case({"nameSuffix": "-post"}, shows=(NAMES, "a-post")),
    "Application spec.source.kustomize.namespace": Case(
        {"namespace": "NAMESPACE"},
        {**A, "a.yaml": config("a").replace('"metadata": {', '"metadata": {"namespace": "nowhere", ')},
        shows=(NAMES, "a"),
    ),
    "Application spec.source.kustomize.images": Case({"images": ["nginx=example.com/n:1.27"]}, WEB, (IMAGE, "example.com/n:1.27")),
    "Application spec.source.kustomize.replicas[].count": Case(
        {"replicas": [{"name": "web", "count": 2}]}, WEB, ("deployment web -o jsonpath={.spec.replicas}", "2")
    ),
    "Application spec.source.kustomize.replicas[].name": Case(
        {"replicas": [{"name": "other", "count": 2}]}, WEB, fails="other"
    ),
    "Application spec.source.kustomize.patches[].patch": Case({"patches": [patched("new")]}, shows=(KEY, "new")),
    "Application spec.source.kustomize.patches[].path": Case(
        {"patches": [{"path": "patch.json"}]}, {**A, "patch.json": patched("new")["patch"]}, (KEY, "new")
    ),
    "Application spec.source.kustomize.patches[].options": Case(
        {
            "patches": [
                {
                    "patch": '[{"op": "replace", "path": "/metadata/name", "value": "renamed"}]',
                    "target": {"kind": "ConfigMap"},
                    "options": {"allowNameChange": True},
                }
            ]
        },
        shows=(NAMES, "renamed"),
    ),
    "Application spec.source.kustomize.patches[].target.kind": Case(of_a_target(kind="Secret"), BOTH, (PATCHED, "s")),
    "Application spec.source.kustomize.patches[].target.group": Case(of_a_target(group="apps"), BOTH, (PATCHED, "web")),
    "Application spec.source.kustomize.patches[].target.version": Case(of_a_target(version="v2"), SCALED, (PATCHED, "h"), pending=True),
    "Application spec.source.kustomize.patches[].target.name": Case(of_a_target(name="s"), BOTH, (PATCHED, "s")),
    "Application spec.source.kustomize.patches[].target.namespace": Case(of_a_target(namespace="NAMESPACE"), BOTH, (PATCHED, "s")),
    "Application spec.source.kustomize.patches[].target.labelSelector": Case(of_a_target(labelSelector="tier=x"), BOTH, (PATCHED, "a")),
    "Application spec.source.kustomize.patches[].target.annotationSelector": Case(
        of_a_target(annotationSelector="for=x"), BOTH, (PATCHED, "a")
    ),
    "Application spec.source.kustomize.components": Case({"components": ["../component"]}, COMPONENT, (NAMES, "component-a")),
    "Application spec.source.kustomize.ignoreMissingComponents": Case(
        {"components": ["../component", "../none"], "ignoreMissingComponents": True}, COMPONENT, (NAMES, "component-a")
    ),
    "Application spec.source.kustomize.commonLabels": Case(
        {"commonLabels": {"team": "x"}}, shows=("configmap -l team=x -o jsonpath={.items[*].metadata.name}", "a")
    ),
    "Application spec.source.kustomize.labelWithoutSelector": Case(
        {"commonLabels": {"team": "x"}, "labelWithoutSelector": True},
        WEB,
        ("deployment web -o jsonpath={.metadata.labels.team}|{.spec.selector.matchLabels.team}", "x|"),
    ),
    "Application spec.source.kustomize.labelIncludeTemplates": Case(
        {"commonLabels": {"team": "x"}, "labelWithoutSelector": True, "labelIncludeTemplates": True},
        WEB,
        ("deployment web -o jsonpath={.spec.template.metadata.labels.team}|{.spec.selector.matchLabels.team}", "x|"),
    ),
    "Application spec.source.kustomize.commonAnnotations": Case(
        {"commonAnnotations": {"note": "x"}}, shows=("configmap a -o jsonpath={.metadata.annotations.note}", "x")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN_BY_TEST_A_FIELD_OF_THE_KUSTOMIZE_SOURCE)
def test_a_field_of_the_kustomize_source(bench: Bench, name: str) -> None:
    """As ``kustomize edit`` would have written it."""
    application(bench, "kustomize", SHOWN_BY_TEST_A_FIELD_OF_THE_KUSTOMIZE_SOURCE[name])


SHOWN_BY_TEST_A_FIELD_OF_THE_DIRECTORY_SOURCE: dict[str, Case] = {
    "Application spec.source.directory.recurse": Case({"recurse": True}, PLAIN, (NAMES, "a b c")),
    "Application spec.source.directory.include": Case({"recurse": True, "include": "below/*"}, PLAIN, (NAMES, "b c")),
    "Application spec.source.directory.exclude": Case({"recurse": True, "exclude": "{a,below/c}.yaml"}, PLAIN, (NAMES, "b")),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN_BY_TEST_A_FIELD_OF_THE_DIRECTORY_SOURCE)
def test_a_field_of_the_directory_source(bench: Bench, name: str) -> None:
    """Which files of a plain folder count."""
    application(bench, "directory", SHOWN_BY_TEST_A_FIELD_OF_THE_DIRECTORY_SOURCE[name])


def application(bench: Bench, tool: str, case: Case) -> None:
    """Declare, push and look; then once more without the field, which must make a difference."""
    text = (bench.catalog / "myapp.yaml").read_text()
    said = json.dumps(case.said).replace("NAMESPACE", bench.namespace)
    bench.declare(text.replace("    path: myapp\n", f"    path: myapp\n    {tool}: {said}\n"))
    told = ended(bench, case)
    if case.fails:
        assert case.fails in told
    bench.declare(text)
    number = bench.ask(why=Why.SWEEP)
    bench.look() if case.pending else bench.look_until_done(number)
    if not case.fails:
        assert bench.context.records.progress.app("myapp").outcome == Outcome.FAILED or not agrees(bench, case)


def ended(bench: Bench, case: Case) -> str:
    """Push the files and sync; return what the commit was told, after checking what kubectl shows."""
    files = {name: text and text.replace("NAMESPACE", bench.namespace) for name, text in case.files.items()}
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    if case.pending:
        assert agrees(bench, case), bench.told(commit).text
        return ""
    told = bench.settle(commit)
    assert (told.state is State.FAILURE) is bool(case.fails), told.text
    assert case.fails or agrees(bench, case), told.text
    return told.text


def agrees(bench: Bench, case: Case) -> bool:
    """Whether kubectl shows what the case says."""
    arguments, output = case.shows
    try:
        return bench.get(*arguments.split(" -o ")[0].split(), "-o", arguments.split(" -o ")[1]).strip() == output
    except Exception:
        return False


FLUX_SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repo, namespace: flux-system}
spec:
  interval: 1m
  url: https://github.com/your-org/your-repo.git
  ref: REF
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: myapp, namespace: flux-system}
spec: SPEC
"""
GATHERED: dict[str, str | None] = {"a.yaml": config("a"), "below/b.yaml": config("b"), ".hidden/c.yaml": config("c")}
VARIABLE: dict[str, str | None] = {"a.yaml": config("a", "${word}-${other:=default}")}

SHOWN_BY_TEST_A_FIELD_OF_A_KUSTOMIZATION: dict[str, Case] = {
    "Kustomization spec.path": Case({"path": "./myapp/below"}, GATHERED, (NAMES, "b")),
    "Kustomization spec.targetNamespace": Case(
        {}, {"a.yaml": config("a").replace('"metadata": {', '"metadata": {"namespace": "nowhere", ')}, (NAMES, "a")
    ),
    "Kustomization spec.namePrefix": Case({"namePrefix": "pre-"}, shows=(NAMES, "pre-a")),
    "Kustomization spec.nameSuffix": Case({"nameSuffix": "-post"}, shows=(NAMES, "a-post")),
    "Kustomization spec.commonMetadata.labels": Case(
        {"commonMetadata": {"labels": {"team": "x"}}}, GATHERED, ("configmap a -o jsonpath={.metadata.labels.team}", "x")
    ),
    "Kustomization spec.commonMetadata.annotations": Case(
        {"commonMetadata": {"annotations": {"note": "x"}}},
        GATHERED,
        ("configmap a -o jsonpath={.metadata.annotations.note}", "x"),
    ),
    "Kustomization spec.patches[].patch": Case({"patches": [patched("new")]}, GATHERED, (KEY, "new")),
    "Kustomization spec.patches[].target.kind": Case(of_a_target(kind="Secret"), BOTH, (PATCHED, "s")),
    "Kustomization spec.patches[].target.group": Case(of_a_target(group="apps"), BOTH, (PATCHED, "web")),
    "Kustomization spec.patches[].target.version": Case(of_a_target(version="v2"), SCALED, (PATCHED, "h"), pending=True),
    "Kustomization spec.patches[].target.name": Case(of_a_target(name="s"), BOTH, (PATCHED, "s")),
    "Kustomization spec.patches[].target.namespace": Case(of_a_target(namespace="NAMESPACE"), BOTH, (PATCHED, "s")),
    "Kustomization spec.patches[].target.labelSelector": Case(of_a_target(labelSelector="tier=x"), BOTH, (PATCHED, "a")),
    "Kustomization spec.patches[].target.annotationSelector": Case(of_a_target(annotationSelector="for=x"), BOTH, (PATCHED, "a")),
    "Kustomization spec.images[].name, Kustomization spec.images[].newName, Kustomization spec.images[].newTag": Case(
        {"images": [{"name": "nginx", "newName": "example.com/n", "newTag": "1.27"}]}, WEB, (IMAGE, "example.com/n:1.27")
    ),
    "Kustomization spec.images[].digest": Case(
        {"images": [{"name": "nginx", "digest": f"sha256:{'a' * 64}"}]}, WEB, (IMAGE, f"nginx@sha256:{'a' * 64}")
    ),
    "Kustomization spec.components": Case({"components": ["../component"]}, COMPONENT, (NAMES, "component-a")),
    "Kustomization spec.ignoreMissingComponents": Case(
        {"components": ["../component", "../none"], "ignoreMissingComponents": True}, COMPONENT, (NAMES, "component-a")
    ),
    "Kustomization spec.postBuild.substitute": Case(
        {"postBuild": {"substitute": {"word": "x"}}}, VARIABLE, (KEY, "x-default")
    ),
    "Kustomization spec.postBuild.substituteStrategy": Case(
        {"postBuild": {"substituteStrategy": "Always"}}, {"a.yaml": config("a", "${other:=default}")}, (KEY, "default")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN_BY_TEST_A_FIELD_OF_A_KUSTOMIZATION)
def test_a_field_of_a_kustomization(bench: Bench, name: str) -> None:
    """As the Kustomize controller does it."""
    case = SHOWN_BY_TEST_A_FIELD_OF_A_KUSTOMIZATION[name]
    said = json.loads(json.dumps(case.said).replace("NAMESPACE", bench.namespace))
    kustomization(bench, said)
    ended(bench, case)
    if case.said:
        kustomization(bench, {})
        number = bench.ask(why=Why.SWEEP)
        bench.look() if case.pending else bench.look_until_done(number)
        assert not agrees(bench, case)


def kustomization(bench: Bench, said: dict[str, Any], ref: dict[str, str] | None = None) -> None:
    """Declare ``myapp`` in Flux's words."""
    spec = {
        "interval": "10m",
        "prune": True,
        "wait": True,
        "path": "./myapp",
        "targetNamespace": bench.namespace,
        "sourceRef": {"kind": "GitRepository", "name": "repo"},
        **said,
    }
    text = FLUX_SOURCE.replace("SPEC", json.dumps(spec)).replace("REF", json.dumps(ref or {"branch": "main"}))
    bench.declare(text)


def sync(bench: Bench, files: dict[str, str | None]) -> str:
    """Push and look until the end; return what the commit was told."""
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    return bench.settle(commit).text


@shows(
    "Kustomization spec.postBuild.substituteFrom[].kind", "Kustomization spec.postBuild.substituteFrom[].name",
    "Kustomization spec.postBuild.substituteFrom[].optional", "annotation kustomize.toolkit.fluxcd.io/substitute",
)  # fmt: skip
def test_variables_from_objects_of_the_cluster(bench: Bench) -> None:
    """Later ones go before earlier ones, and the app's own before all; a change of one is seen at the next look."""
    home = f"{bench.namespace}-home"
    bench.cluster.kubectl("create", "namespace", home)
    try:
        for kind, values in {
            "configmap": ("first=c", "second=c", "third=c", "count=3"),
            "secret generic": ("second=s", "third=s"),
        }.items():
            literals = [f"--from-literal={value}" for value in values]
            bench.cluster.kubectl("-n", home, "create", *kind.split(), "vars", *literals)
        said = {
            "postBuild": {
                "substitute": {"third": "own"},
                "substituteFrom": [
                    {"kind": "ConfigMap", "name": "vars"},
                    {"kind": "Secret", "name": "vars"},
                    {"kind": "ConfigMap", "name": "none", "optional": True},
                ],
            }
        }
        kustomization(bench, said)
        text = (bench.catalog / "myapp.yaml").read_text()
        bench.declare(
            text.replace("name: myapp, namespace: flux-system", f"name: myapp, namespace: {home}").replace(
                '"name": "repo"', '"name": "repo", "namespace": "flux-system"'
            )
        )
        name = f"{home}.myapp"
        quiet = {f"{FLUX_ANNOTATION}substitute": "disabled"}
        scaled = web().replace('"replicas": 1', '"replicas": "${count}"')
        commit = bench.push(
            {
                "a.yaml": config("a", "${first}${second}${third}"),
                "b.yaml": config("b", "${any}", **quiet),
                "w.yaml": scaled,
            }
        )
        bench.ask(commit, app=name)
        bench.look(name)
        told = bench.settle(commit, name)
        assert told.state is State.SUCCESS, told.text
        assert bench.get("configmap", "a", "b", "-o", "jsonpath={.items[*].data.key}") == "csown ${any}"
        assert bench.get("deployment", "web", "-o", "jsonpath={.spec.replicas}") == "3"
        bench.cluster.kubectl("-n", home, "patch", "configmap", "vars", "-p", '{"data": {"first": "new"}}')
        bench.look_until_done(bench.ask(why=Why.SWEEP, app=name), name)
        assert bench.get("configmap", "a", "-o", "jsonpath={.data.key}") == "newsown"
        bench.cluster.kubectl("-n", home, "delete", "secret", "vars")
        bench.look_until_done(bench.ask(why=Why.SWEEP, app=name), name)
        assert f"there is no Secret {home}/vars" in bench.context.records.progress.app(name).text
    finally:
        bench.cluster.kubectl("delete", "namespace", home, "--wait=false")


def test_a_variable_without_a_value_fails_the_sync(bench: Bench) -> None:
    """Named, with what to write instead."""
    kustomization(bench, {"postBuild": {"substitute": {"other": "x"}}})
    assert "the variable word has no value: set it, or write ${word:=default}" in sync(bench, VARIABLE)


@shows("Kustomization spec.prune", "Kustomization spec.deletionPolicy")
@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"prune": True}, False),
        ({"prune": False}, True),
        ({"prune": True, "deletionPolicy": "Orphan"}, True),
        ({"prune": False, "deletionPolicy": "Delete"}, False),
        ({"prune": True, "deletionPolicy": "WaitForTermination"}, False),
    ],
)
def test_what_goes_with_a_kustomization(bench: Bench, said: dict[str, Any], left: bool) -> None:
    """``prune`` decides for objects that leave Git, and with ``deletionPolicy`` for those of one that leaves."""
    kustomization(bench, said)
    sync(bench, {"a.yaml": config("a"), "b.yaml": config("b")})
    sync(bench, {"b.yaml": None})
    assert ("b" in bench.get(*NAMES.split(" -o ")[0].split(), "-o", "name")) is not said["prune"]
    bench.undeclare()
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert ("configmap/a" in bench.get("configmap", "-o", "name")) is left


@shows("Kustomization spec.force")
def test_force_of_a_kustomization(bench: Bench) -> None:
    """What cannot be changed is made anew."""
    kustomization(bench, {"force": True})
    sync(bench, {"web.yaml": web()})
    assert sync(bench, {"web.yaml": web("other")}).startswith("synced")
    assert bench.get("deployment", "web", "-o", "jsonpath={.spec.selector.matchLabels.app}") == "other"


@shows("Kustomization spec.wait", "Kustomization spec.timeout")
def test_wait_and_timeout_of_a_kustomization(bench: Bench) -> None:
    """Without it the commit is green once applied; with it, once healthy, and red when that takes too long."""
    slow = web().replace('"name": "web", "image"', '"resources": {"requests": {"cpu": "9000"}}, "name": "web", "image"')
    kustomization(bench, {"wait": False})
    assert sync(bench, {"web.yaml": slow}) == "synced: 1 created; not waited for"
    kustomization(bench, {"wait": True, "timeout": "40s"})
    commit = bench.push({"a.yaml": config("a")})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    bench.clock.forward(40)
    assert bench.settle(commit).state is State.FAILURE
    assert "not healthy in time" in bench.told(commit).text


@shows(
    "Kustomization spec.healthChecks[].apiVersion", "Kustomization spec.healthChecks[].kind",
    "Kustomization spec.healthChecks[].name", "Kustomization spec.healthChecks[].namespace",
)  # fmt: skip
def test_health_checks_of_a_kustomization(bench: Bench) -> None:
    """Objects of anybody, waited for until they are there and well; nothing else is."""
    other = f"{bench.namespace}-other"
    check = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "theirs", "namespace": other}
    kustomization(bench, {"wait": False, "healthChecks": [check]})
    slow = web().replace('"name": "web", "image"', '"resources": {"requests": {"cpu": "9000"}}, "name": "web", "image"')
    commit = bench.push({"a.yaml": config("a"), "web.yaml": slow})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.PENDING
    assert f"Deployment {other}/theirs: does not exist" in bench.waits()
    bench.cluster.kubectl("create", "namespace", other)
    try:
        bench.cluster.kubectl("-n", other, "create", "deployment", "theirs", "--image=nginx")
        assert bench.settle(commit).state is State.SUCCESS
    finally:
        bench.cluster.kubectl("delete", "namespace", other, "--wait=false")


@shows("Kustomization spec.suspend", "GitRepository spec.suspend")
def test_suspended_by_either_document(bench: Bench) -> None:
    """Nothing is applied, and the commit says why."""
    kustomization(bench, {"suspend": True})
    assert sync(bench, {"a.yaml": config("a")}) == "not synced: spec.suspend is set"
    kustomization(bench, {})
    text = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(text.replace("  interval: 1m\n", "  interval: 1m\n  suspend: true\n"))
    assert sync(bench, {"a.yaml": config("a", "b")}) == "not synced: its GitRepository repo is suspended"
    assert "configmap/a" not in bench.get("configmap", "-o", "name")


@shows("Kustomization spec.retryInterval")
def test_a_failed_kustomization_is_tried_again_after_its_interval(bench: Bench) -> None:
    """The commit is told at once; the later success is told, too."""
    kustomization(bench, {"retryInterval": "30s"})
    commit = bench.push({"w.yaml": document("example.com/v1", "Nothing", "w", {})})
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.FAILURE
    kinds = bench.push(
        {"w.yaml": config("w").replace('"metadata": {', '"metadata": {"finalizers": ["not/ok/at/all"], ')}
    )
    bench.ask(kinds)
    bench.look()
    assert bench.told(kinds).state is State.FAILURE
    from workers import sweep

    bench.counter.sent.clear()
    sweep.tick(bench.context)
    asked = bench.context.records.progress.app("myapp").wanted
    bench.clock.forward(31)
    sweep.tick(bench.context)
    assert bench.context.records.progress.app("myapp").wanted == asked + 1


REVISIONS: dict[str, dict[str, str]] = {
    "GitRepository spec.ref.branch": {"branch": "other"},
    "GitRepository spec.ref.tag": {"tag": "v1.5.0"},
    "GitRepository spec.ref.semver": {"semver": ">=1.0.0 <2.0.0"},
    "GitRepository spec.ref.name": {"name": "refs/heads/other"},
    "GitRepository spec.ref.commit": {"commit": "COMMIT"},
}


@pytest.mark.parametrize("name", REVISIONS)
@shows(
    "GitRepository spec.ref.branch", "GitRepository spec.ref.tag", "GitRepository spec.ref.semver",
    "GitRepository spec.ref.name", "GitRepository spec.ref.commit", "GitRepository spec.url",
    "Kustomization spec.sourceRef.name", "Kustomization spec.sourceRef.kind", "Kustomization spec.sourceRef.namespace",
)  # fmt: skip
def test_which_commit_a_repository_means(bench: Bench, name: str) -> None:
    """Of main, which has another value, nothing is deployed."""
    bench.push({"a.yaml": config("a", "main")})
    bench.checkout.switch("other")
    commit = bench.checkout.commit({"myapp/a.yaml": config("a", "other")}, "other")
    bench.checkout.run("tag", "v1.5.0")
    bench.checkout.push("other", "v1.5.0")
    ref = {key: value.replace("COMMIT", commit) for key, value in REVISIONS[name].items()}
    kustomization(bench, {}, ref)
    bench.look_until_done(bench.ask(why=Why.SWEEP))
    assert bench.get(*KEY.split(" -o ")[0].split(), "-o", "jsonpath={.data.key}") == "other"


def test_a_folder_without_a_kustomization_is_gathered(bench: Bench) -> None:
    """Every manifest below it but hidden ones; a folder with a kustomization counts as a whole."""
    kustomization(bench, {})
    files: dict[str, str | None] = {
        **GATHERED,
        "over/kustomization.yaml": "resources: [d.yaml]\nnamePrefix: pre-\n",
        "over/d.yaml": config("d"),
        "over/not-listed.yaml": config("e"),
    }
    assert sync(bench, files) == "synced: 3 created; 3 objects are healthy"
    assert agrees(bench, Case({}, shows=(NAMES, "a b pre-d")))
