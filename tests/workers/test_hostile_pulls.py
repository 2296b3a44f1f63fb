"""Pull requests of somebody who means harm: each ends in a clear answer, in bounded time and memory; nothing is run and
nothing leaks. One pull request attacks many apps at once, so that each also has to leave the others alone."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import binaries
from deploy.local.forge.repository import environment
from deploy.local.stack import PUBLIC_URL, REPOSITORY
from tests.fakes import age
from tests.workers.charts import CHART, HOOK
from tests.workers.conftest import Bench
from tests.workers.manifests import document
from tests.workers.test_declared_fields import FLUX_SOURCE
from tests.workers.test_foretold import opened, second
from tests.workers.test_plan import dump
from tests.workers.test_sync import config, deploy
from workers import embedded, foretold
from workers.decryption import Decryption
from workers.plans import PullPlan, comment, shown, terminal

pytestmark = pytest.mark.cluster

CANARY = "kanarienvogel23"
SECONDS, MEMORY = 60.0, 300 << 20
"""What the heaviest pull request may take on a slow machine, and its process at its peak."""
FUNCTION = """apiVersion: v1
kind: ConfigMap
metadata:
  name: run
  annotations: {config.kubernetes.io/function: "exec: {path: ./run.sh}"}
"""
PLUGIN = "apiVersion: evil.example/v1\nkind: Run\nmetadata: {name: run}\nargsOneLiner: sh ./run.sh\n"
CHARTED = """apiVersion: v1
kind: ConfigMap
metadata: {name: charted}
data:
  alive: {{ (lookup "v1" "Secret" "PLACE" "alive") | toJson | quote }}
  host: {{ getHostByName "localhost" | quote }}
  file: {{ .Files.Get "../../../../../../etc/passwd" | quote }}
  files: {{ (.Files.Glob "/**").AsConfig | quote }}
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
SPOKEN = f"""apiVersion: v1
kind: Secret
metadata: {{name: spoken, annotations: {{note: {CANARY}}}}}
stringData: {{password: {CANARY}, url: "postgres://me:{CANARY}@db/x"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: spoken, labels: {{note: {CANARY}}}, annotations: {{note: {CANARY}}}}}
data: {{text: "it is {CANARY}", {CANARY}: key}}
"""


def kustomization(**fields: object) -> str:
    return json.dumps({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **fields})


BASES = ["https://evil.example/a.yaml", "github.com/evil/repo//base?ref=main", "../../../../../etc/passwd"]
CHARTS = [{"name": "a", "repo": "https://evil.example", "version": "1"}]
GENERATED, OUT = (
    {"kustomization.yaml": kustomization(generators=["f.yaml"]), "run.sh": "RUN"},
    "external plugins disabled",
)
LOOP = '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'
CASES: dict[str, tuple[dict[str, str], str]] = {
    "remote": ({"kustomization.yaml": kustomization(resources=BASES[:1])}, "nothing is fetched while rendering"),
    "cloned": ({"kustomization.yaml": kustomization(resources=BASES[1:2])}, "nothing is fetched while rendering"),
    "above": ({"kustomization.yaml": kustomization(resources=BASES[2:])}, "is not in or below 'above'"),
    "executed": ({**GENERATED, "f.yaml": FUNCTION}, OUT),
    "plugged": ({**GENERATED, "f.yaml": PLUGIN}, OUT),
    "inflated": ({"kustomization.yaml": kustomization(helmCharts=CHARTS)}, "are not allowed here"),
    "environment": ({"Chart.yaml": CHART, "templates/a.yaml": 'a: {{ env "PATH" }}'}, 'function "env" not defined'),
    "endless": ({"Chart.yaml": CHART, "templates/a.yaml": LOOP}, "nested reference name: a"),
    "bomb": ({"a.yaml": BOMB}, "aliases make this document excessively large"),
    "deeper": ({"a.yaml": "a: " + "[" * 5000}, "nested deeper than 1000 levels"),
    "twins": ({"Cm.yaml": config("twin"), "cm.yaml": config("twin")}, "is also in"),
    "broken": ({"a.yaml": "a: \x01"}, "broken/a.yaml"),
}
"""Files of an app, and what its answer says."""


def everything(made: PullPlan) -> str:
    """All that is ever shown or kept of a plan."""
    lines = "\n".join(line.plain for line in terminal.pull_lines(made))
    text = "".join(comment.rendered(made, "github", "", "", 1 << 28))
    return lines + json.dumps(shown.pull_as_json(made)) + text + "".join(map(str, comment.summary(made))) + repr(made)


def test_whatever_a_pull_request_tries_ends_in_a_clear_answer_and_nothing_runs(
    bench: Bench, redis_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Remote bases, paths that lead out, plugins, functions, charts that ask, bombs, links and submodules, at once."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    monkeypatch.setenv("HOOKLINE_CANARY", CANARY)
    ran, outside = tmp_path / "ran", tmp_path / "outside.yaml"
    outside.write_text(config("outside", CANARY))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "alive"}, "stringData": {"key": CANARY}}
    path = f"/api/v1/namespaces/{bench.namespace}/secrets"
    bench.cluster.client.post(path, json=secret).raise_for_status()
    for name in (*CASES, "charted", "linked", "modules"):
        second(bench, name)
    deploy(bench, {"a.yaml": config()})
    files: dict[str, str | None] = {
        f"{name}/{file}": text.replace("RUN", f"#!/bin/sh\necho $HOOKLINE_CANARY >> {ran}\n")
        for name, (every, _) in CASES.items()
        for file, text in every.items()
    }
    files |= {"myapp/b.yaml": config("two"), "charted/Chart.yaml": CHART, "modules/a.yaml": config("module")}
    files["charted/templates/a.yaml"] = CHARTED.replace("PLACE", bench.namespace)
    files["charted/templates/hook.yaml"] = HOOK % ("hook", "pre-install", "0", "hook-succeeded")
    files["linked/kustomization.yaml"] = kustomization(resources=["a.yaml", "b.yaml", "git"])
    bench.checkout.switch("links")
    folder = bench.checkout.folder / "linked"
    folder.mkdir()
    (folder / "a.yaml").symlink_to(outside)
    (folder / "b.yaml").symlink_to(os.path.relpath(outside, folder))
    (folder / "git").symlink_to("../.git")
    (bench.checkout.folder / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text eol=crlf ident\n")
    (bench.checkout.folder / ".gitmodules").write_text(f'[submodule "m"]\n\tpath = modules/m\n\turl = {PUBLIC_URL}\n')
    bench.checkout.run("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},modules/m")
    bench.checkout.commit({"run.sh": "x"}, "links")
    bench.checkout.run("branch", "-f", "change-7")
    bench.checkout.switch("main")
    pull = opened(bench, files)
    before, writes, began = dump(redis_data), bench.writes(), time.monotonic()
    made = foretold.planned(bench.context, pull)
    assert time.monotonic() - began < SECONDS
    assert (dump(redis_data), bench.writes(), ran.exists()) == (before, writes, False)
    answers = {one.app: one for one in made.answers}
    assert sorted(answers) == sorted([*CASES, "charted", "linked", "modules", "myapp"])
    for name, (_, said) in CASES.items():
        assert answers[name].plan is None, name
        assert said in answers[name].error, answers[name]
        assert len(answers[name].error) < 2000
    for name in ("myapp", "modules", "charted"):
        assert answers[name].is_well, answers[name]
    assert "linked" in answers["linked"].error
    [hook] = answers["charted"].plan.hooks  # type: ignore[union-attr]
    assert hook.startswith("PreSync Job ")
    told = everything(made)
    assert "alive: '{}'" in told
    assert "root:x:0" not in told
    assert CANARY not in told
    assert str(tmp_path) not in told


def test_no_secret_comes_out_however_a_pull_request_prints_it(bench: Bench, tmp_path: Path) -> None:
    """One of Git, one of the cluster by a variable, one that only Hookline can decrypt: in data, annotations, names."""
    pair = age.pair()
    (tmp_path / "key").write_text(pair.private)
    spec = {"interval": "10m", "path": "./flux", "sourceRef": {"kind": "GitRepository", "name": "repo"}, "prune": True}
    spec |= {"targetNamespace": bench.namespace}
    spec |= {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": "variables"}]}}
    flux = FLUX_SOURCE.replace("flux-system", bench.namespace).replace("name: myapp", "name: flux")
    bench.declare(flux.replace("SPEC", json.dumps(spec)).replace("REF", '{"branch": "main"}'), "flux")
    second(bench, "opened")
    alive = f"{CANARY}-live"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "variables"}, "stringData": {"word": alive}}
    bench.cluster.client.post(f"/api/v1/namespaces/{bench.namespace}/secrets", json=secret).raise_for_status()
    bench.configure(decryption={"mine": Decryption(apps=("opened",), age=(f"file:{tmp_path / 'key'}",))})
    deploy(bench, {"a.yaml": config()})
    sealed = age.encrypted(tmp_path, "values.env", f"word={CANARY}-sealed\n", pair.recipient)
    printed = [{"name": "printed", "envs": ["values.env"], "options": {"disableNameSuffixHash": True}}]
    places = ["metadata.annotations.x", "metadata.name"]
    copied = [
        {
            "source": {"kind": "ConfigMap", "name": "printed", "fieldPath": "data.word"},
            "targets": [{"select": {"name": "target"}, "fieldPaths": places}],
        }
    ]
    files: dict[str, str | None] = {
        "myapp/b.yaml": SPOKEN,
        "flux/a.yaml": document("v1", "ConfigMap", "printed-${word}", {"x": "${word}"}, data={"${word}": "is ${word}"}),
        "opened/kustomization.yaml": kustomization(
            configMapGenerator=printed, resources=["a.yaml"], replacements=copied
        ),
        "opened/values.env": sealed,
        "opened/a.yaml": document("v1", "ConfigMap", "target", {"x": "y"}, data={"key": "a"}),
    }
    made = foretold.planned(bench.context, opened(bench, files))
    assert [(one.app, one.error) for one in made.answers] == [
        (name, "") for name in ("myapp", "opened", f"{bench.namespace}.flux")
    ]
    assert [one.plan.summary for one in made.answers if one.plan] == ["2 created", "2 created", "1 created"]
    told = everything(made)
    assert told.count("***") > 20
    assert CANARY not in told
    assert base64.b64encode(CANARY.encode()).decode()[:-4] not in told


def test_sizes_that_no_plan_takes_cost_little_time_and_memory(bench: Bench, redis_data: Path, tmp_path: Path) -> None:
    """200 MB in a file, ten thousand documents, folders 2,000 deep: planned in a process of its own, and measured."""
    for name in ("huge", "many", "deep"):
        second(bench, name, **({"path: deep": "path: deep\n    directory: {recurse: true}"} if name == "deep" else {}))
    deploy(bench, {"a.yaml": config()})
    with (bench.checkout.folder / ".git" / "stream").open("wb") as stream:
        for path, text in sizes().items():
            stream.write(b"blob\nmark :%d\ndata %d\n%s\n" % (path[0], len(text), text))
        stream.write(b"commit refs/heads/large\ncommitter a <a@localhost> 0 +0000\ndata 1\nx\n")
        stream.write(f"from {bench.checkout.head}\n".encode())
        for number, name in sizes():
            stream.write(f"M 100644 :{number} {name}\n".encode())
    with (bench.checkout.folder / ".git" / "stream").open("rb") as stream:
        command = ["git", "-c", "core.compression=1", "fast-import", "--quiet", "--force"]
        subprocess.run(command, cwd=bench.checkout.folder, stdin=stream, env=environment(), check=True)
    bench.checkout.push("refs/heads/large:refs/pull/8/head")
    told, seconds, peak = measured(bench, redis_data, tmp_path, bench.checkout.run("rev-parse", "large"))
    said = {one["app"]: one["error"] for one in told["apps"]}
    assert "huge/a.yaml has more than 16 MiB" in said["huge"]
    assert "has more than 5000 documents" in said["many"]
    assert "nested deeper than 100 levels" in said["deep"]
    assert (seconds < SECONDS, peak < MEMORY) == (True, True), (seconds, peak >> 20)


def sizes() -> Mapping[tuple[int, str], bytes]:
    """Numbered paths of the large commit, and what is in them."""
    documents = b"".join(f"---\n{config(f'c-{number}')}".encode() for number in range(10_000))
    deep = "deep/" + "d/" * 2_000 + "a.yaml"
    return {(1, "huge/a.yaml"): b"a: b\n" * 40_000_000, (2, "many/a.yaml"): documents, (3, deep): b"a: b\n"}


SCRIPT = """import json, pathlib, resource, sys
from workers import configuration, context, foretold
from workers.commands.foretelling import _Nobody
from workers.plans import shown
from workers.pull import Pull
from workers.records import connect
settings = configuration.load(pathlib.Path(sys.argv[1]))
held = context.create(settings, connect(settings), _Nobody())
made = foretold.planned(held, Pull(*json.loads(sys.argv[2])))
[own] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
peak = max(int(own), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024
pathlib.Path(sys.argv[3]).write_text(json.dumps(shown.pull_as_json(made) | {"peak": peak}))
"""


def measured(bench: Bench, redis_data: Path, tmp_path: Path, head: str) -> tuple[dict[str, Any], float, int]:
    """Plan in a process of its own; return what it said, its seconds, and the peak in bytes of it or a child."""
    settings, file, told = bench.context.settings.model_dump(mode="json"), tmp_path / "settings.yaml", tmp_path / "told"
    (tmp_path / "redis-url").write_text(f"unix://{embedded.socket_of(redis_data)}")
    file.write_text(yaml.safe_dump(settings | {"redis": {"url": f"file:{tmp_path}/redis-url"}}))
    pull, began = json.dumps(["main", REPOSITORY, "1", 8, "refs/heads/main", "", head]), time.monotonic()
    subprocess.run([sys.executable, "-c", SCRIPT, str(file), pull, str(told)], check=True)
    found = json.loads(told.read_text())
    return found, time.monotonic() - began, found["peak"]
