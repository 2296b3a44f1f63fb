"""Canary secrets through whole plans of a pull request, on a real API server: shown nowhere, whatever goes wrong."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import redis
import structlog

from deploy.local import binaries
from tests.fakes import age
from tests.workers.conftest import WRITES, Bench
from tests.workers.forges.test_secrecy import contents
from tests.workers.test_foretold import opened, second, told
from tests.workers.test_plan import calls, every
from workers import known
from workers.decryption import Decryption
from workers.model import Why
from workers.plans import PullPlan, brief, comment

pytestmark = pytest.mark.cluster

PAIR = age.pair()
WORD = "kanarie"
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
TEMPLATE = """\
apiVersion: v1
kind: Secret
metadata: {name: chart}
stringData: {word: {{ .Values.db.word }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: chart, annotations: {note: "is {{ .Values.db.word }}, {{ .Values.db.word | b64enc }}"}}
data:
  a: "{{ .Values.db.word }}"
  b: "x{{ b64enc (print "me:" .Values.db.word) }}"
  c: "{{ .Values.db.word | urlquery }}"
"""


def canary(kind: str, number: int) -> str:
    """A secret that no shape and no name tells."""
    return f"{WORD}-{kind}-{number}"


def plain(number: int) -> dict[str, str | None]:
    """Everything that may hold a secret, as plain YAML."""
    word = canary("plain", number)
    last = json.dumps({"kind": "Secret", "apiVersion": "v1", "stringData": {"a": word}})
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "all",
            "annotations": {"note": word, "kubectl.kubernetes.io/last-applied-configuration": last},
        },
        "data": {"a": base64.b64encode(word.encode()).decode()},
        "stringData": {"b": canary("string", number), "c.env": f"X=1\nY={canary('line', number)}\n"},
    }
    pem = f"-----BEGIN PRIVATE KEY-----\n{canary('pem', number)}\n-----END PRIVATE KEY-----\n"
    env = [
        {"name": "URL", "value": f"postgres://me:{canary('url', number)}@db/x"},
        {"name": "ADO", "value": f"Server=db;Password={canary('ado', number)};"},
        {"name": "DB_PASSWORD", "value": canary("named", number)},
        {"name": "COPY", "value": f"{word} {canary('line', number)} {canary('named', number)}"},
    ]
    container = {"name": "web", "image": "web:1", "env": env, "args": ["--token", canary("flag", number)]}
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": pod}
    settings = f'db:\n  password: "{canary("yaml", number)}"\n'
    data = {
        "app.yaml": settings,
        "tls.key": pem,
        "more": pem,
        "web.json": json.dumps({"token": canary("json", number)}),
    }
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "all"}, "data": data}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "all"}, "spec": spec}
    made = {"secret": secret, "config": config, "deployment": deployment}
    return {f"myapp/{name}.yaml": json.dumps(one) for name, one in made.items()}


def refused(number: int) -> dict[str, str | None]:
    """Objects that the API server refuses while it repeats what is in them."""
    word = canary("plain", number)
    port = {"port": 80, "name": word}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [port]}}
    label = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bad", "labels": {"a": f"{word}!"}}}
    key = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad"}, "stringData": {"no key!": word}}
    typed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "typed"}, "data": {"password": {word: word}}}
    made = {"service": service, "label": label, "key": key, "typed": typed}
    return {f"myapp/bad-{name}.yaml": json.dumps(one) for name, one in made.items()}


def rendered(folder: Path, number: int) -> dict[str, str | None]:
    """A chart, a kustomization and encrypted files."""
    word = canary("sops", number)
    values = f"db:\n  word: {canary('chart', number)}\n"
    kustomization = (
        f"secretGenerator: [{{name: made, literals: [a={canary('made', number)}]}}]\nresources: [copy.yaml]\n"
    )
    copy = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "copy"},
        "data": {"x": canary("made", number)},
    }
    clear = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "open"}, "data": {"a": word, "b": "plain"}}
    return {
        "chart/Chart.yaml": CHART,
        "chart/values.yaml": values,
        "chart/templates/all.yaml": TEMPLATE,
        "kust/kustomization.yaml": kustomization,
        "kust/copy.yaml": json.dumps(copy),
        "sops/open.yaml": age.encrypted(
            folder, "open.yaml", json.dumps(clear), PAIR.recipient, "--encrypted-regex", "^data$"
        ),
        "broken/Chart.yaml": CHART,
        "broken/values.yaml": age.encrypted(folder, "values.yaml", f"word: {word}\n", PAIR.recipient),
        "broken/templates/a.yaml": '{{ fail (print "it is " .Values.word) }}\n' if number > 1 else "",
    }


def shown(made: PullPlan) -> str:
    """All that anybody is shown of a pull request's plan."""
    kinds = ("github", "gitlab", "gitea", "bitbucket", "bitbucket-data-center")
    texts = [one for kind in kinds for one in comment.rendered(made, kind, "", "<!-- x -->", 65_536, number=7, at=1.0)]
    plans = [every(answer.plan) for answer in made.answers if answer.plan]
    return "\n".join([*texts, *plans, repr(brief.summary(made)), repr(made)])


def test_no_canary_of_a_pull_request_is_shown_anywhere(
    bench: Bench,
    tmp_path: Path,
    redis_client: redis.Redis,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Created, changed, deleted and refused, of plain files, a chart, a kustomization and encrypted files; then merged.

    Not in a comment, a plan of any form, a status, Redis, the log, or what a renderer or the API server has to say.
    """
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    key = tmp_path / "key"
    key.write_text(PAIR.private)
    bench.configure(decryption={"mine": Decryption(projects=("default",), age=(f"file:{key}",))})
    apps = ("myapp", "chart", "kust", "sops", "broken")
    for name in apps[1:]:
        second(bench, name)
    bench.checkout.commit({f"{name}/note.yaml": "" for name in apps}, "begin")
    bench.checkout.push()
    told_so_far = []
    with structlog.testing.capture_logs() as logs:
        for number, more in ((1, {}), (2, refused(2)), (3, dict.fromkeys(refused(2)))):
            files: dict[str, str | None] = {**plain(number), **rendered(tmp_path, number), **more}
            if number == 3:
                files |= dict.fromkeys(("myapp/deployment.yaml", "kust/copy.yaml"))
                files["kust/kustomization.yaml"] = "resources: []\nsecretGenerator: [{name: kept, literals: [a=b]}]\n"
            begin = bench.mark()
            made = told(bench, opened(bench, files, number))
            assert not [verb for verb, dry in calls(bench, begin) if verb in WRITES and not dry]
            assert {one.app for one in made.answers} == set(apps), made.problem
            told_so_far.append(shown(made))
            commit = bench.checkout.commit(files, "merge")
            bench.checkout.push()
            for name in apps:
                bench.ask(commit, Why.MERGE, name)
                bench.look(name)
                told_so_far.append(repr(bench.told(commit, name)))
    everything = "\n".join(told_so_far)
    assert everything.count("***") > 100
    assert "refused" in everything
    places = {"shown": everything, "log": f"{logs}{''.join(capfd.readouterr())}", "Redis": contents(redis_client)}
    words = {WORD, *(one[:10] for one in known.forms(f"{WORD}-sops-2")), base64.b64encode(b"me:kanarie").decode()[:-1]}
    for place, text in places.items():
        for word in words:
            at = text.find(word)
            assert at < 0, (place, text[max(0, at - 300) : at + 100])
