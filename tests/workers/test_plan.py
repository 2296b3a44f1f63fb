"""A plan says what the sync then does, and writes nothing: on a real API server, judged by its audit log."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import redis

from deploy.local.forge.repository import git
from tests.workers.conftest import WRITES, Bench
from tests.workers.shell import hookline
from tests.workers.test_sync import DEPLOYMENT, config, deploy
from workers import embedded, foreseeing, plan
from workers.errors import PolicyRefused, SourceMissing
from workers.model import State, Why
from workers.plans import Effect, Plan, exit_code, markdown, shown, terminal

pytestmark = pytest.mark.cluster

PLURALS = {"ConfigMap": "configmaps", "Secret": "secrets", "Deployment": "deployments", "Service": "services"}
CANARY = "canary-hunter2-"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys, annotations: {note: VALUE}}\nstringData: {key: VALUE}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: VALUE}]}\n"
FROZEN = config("frozen", "VALUE").replace(
    "{name: frozen}", '{name: frozen, annotations: {argocd.argoproj.io/sync-options: "Force=true"}}\nimmutable: true'
)
KEPT = config("kept", "VALUE").replace(
    "{name: kept}", '{name: kept, annotations: {argocd.argoproj.io/sync-options: "Prune=false"}}'
)
WEB = DEPLOYMENT.replace("replicas: 1", "replicas: 0").replace(
    "image: nginx:1.25", f'image: nginx:VALUE, env: [{{name: URL, value: "postgres://me:{CANARY}VALUE@db/x"}}]'
)
FILES = {
    **{f"{name}.yaml": config(name, "VALUE") for name in ("one", "two", "three")},
    "keys.yaml": SECRET,
    "web.yaml": WEB,
    "service.yaml": SERVICE,
    "frozen.yaml": FROZEN,
    "kept.yaml": KEPT,
}


def now(bench: Bench, revision: str = "", folder: Path | None = None) -> Plan:
    """Plan the app as it is declared now."""
    return plan.made(bench.context, bench.context.catalog.index().apps["myapp"], revision, folder)


def every(made: Plan) -> str:
    """All that is ever shown of a plan."""
    lines = "\n".join(line.plain for line in terminal.lines(made))
    return lines + json.dumps(shown.as_json(made)) + shown.as_patch(made) + markdown.rendered(made)


def calls(bench: Bench, begin: int) -> list[tuple[str, bool]]:
    """Verb and whether it only pretends, of every call Hookline made since the audit log was ``begin`` bytes long."""
    return [(event["verb"], "dryRun=All" in event["requestURI"]) for event in bench.asked(begin)]


def foretold(made: Plan) -> set[str]:
    """The writes that a plan means, as the audit log words them."""
    verbs = {"created": ["patch"], "configured": ["patch"], "deleted": ["delete"], "recreated": ["delete", "patch"]}
    return {
        f"{verb} {PLURALS[one.ref.kind]}/{one.ref.name}" for one in made.changes for verb in verbs[one.effect.value]
    }


def dump(redis_data: Path) -> dict[bytes, bytes | None]:
    """Every record, byte by byte."""
    with redis.Redis(unix_socket_path=str(embedded.socket_of(redis_data))) as client:
        return {name: client.dump(name) for name in client.keys("*")}


def changed(chance: random.Random, there: dict[str, str], number: int) -> dict[str, str | None]:
    """Some files made, changed or taken away; never all."""
    names = chance.sample(sorted(FILES), chance.randint(1, 3))
    value = CANARY if chance.random() < 0.5 else "v"
    return {
        name: None
        if name in there and chance.random() < 0.4 and len(there) > 3
        else FILES[name].replace("VALUE", _value(name, value, number))
        for name in names
    }


def _value(name: str, value: str, number: int) -> str:
    """What stands in a file: a number where one is expected, and never a canary where nothing is secret."""
    if name in ("service.yaml", "web.yaml"):
        return str(number + 80)
    return f"{value if name == 'keys.yaml' else 'v'}{number}"


def test_a_plan_says_what_the_sync_then_does_and_writes_nothing(bench: Bench, redis_data: Path) -> None:
    """For ten random changes: by the audit log, byte by byte in the records, and with no canary in what is shown."""
    chance = random.Random(20261125)  # noqa: S311 -- the same changes each time
    there: dict[str, str] = {}
    begun: dict[str, str | None] = {name: text.replace("VALUE", _value(name, "v", 0)) for name, text in FILES.items()}
    effects: set[Effect] = set()
    for number in range(11):
        files = changed(chance, there, number) if number else begun
        there = {name: text for name, text in (there | files).items() if text is not None}
        commit = bench.push(files, f"change {number}")
        before, begin = dump(redis_data), bench.mark()
        made = now(bench)
        made_calls = calls(bench, begin)
        assert dump(redis_data) == before
        assert [verb for verb, dry in made_calls if verb in WRITES and not dry] == []
        assert any(verb == "list" or dry for verb, dry in made_calls)
        assert CANARY not in every(made)
        wrote = len(bench.writes())
        bench.ask(commit, Why.MERGE)
        bench.look()
        report = bench.settle(commit)
        assert report.state is State.SUCCESS, report
        assert set(bench.writes()[wrote:]) == foretold(made), (number, files, made.summary)
        effects |= {one.effect for one in made.objects}
        assert now(bench).changes == ()
    assert effects == set(Effect) - {Effect.REFUSED}


def test_what_the_server_refuses_is_named_with_its_file_and_the_rest_is_planned(bench: Bench) -> None:
    """A misspelt field and an immutable one; with the way out."""
    deploy(bench, {"a.yaml": config(), "web.yaml": WEB.replace("VALUE", "1")})
    bench.push({"a.yaml": config(value="b"), "b.yaml": config("two") + "dataa: {}\n", "web.yaml": None})
    made = now(bench)
    assert made.summary == "1 configured, 1 deleted, 1 refused"
    assert exit_code(made) == 1
    [refused] = made.refused
    assert (refused.origin, "dataa" in refused.note, "myapp/b.yaml" in refused.note) == ("myapp/b.yaml:1", True, True)
    bench.push({"b.yaml": None, "web.yaml": WEB.replace("VALUE", "1").replace("app: web}", "app: other}")})
    [refused] = now(bench).refused
    assert "spec.selector" in refused.note
    assert "Force=true" in refused.note


def test_the_command_plans_a_branch_or_a_folder_and_tells_a_script(
    bench: Bench, redis_data: Path, tmp_path: Path
) -> None:
    """Exit status 0, 2 and 1; a folder counts as it is, without a commit and without a trace in it."""
    commit = deploy(bench, {"a.yaml": config()})
    done = hookline(bench, redis_data, tmp_path, "plan", "myapp")
    assert (done.exit_code, "nothing changes" in done.stdout) == (0, True)
    local = bench.checkout.folder
    (local / "myapp" / "b.yaml").write_text(config("two"))
    (local / "myapp" / "a.yaml").write_text(config(value="b"))
    status = git(local, "status", "--porcelain")
    done = hookline(bench, redis_data, tmp_path, "plan", "myapp", "--path", str(local / "myapp"), "--patch")
    assert (done.exit_code, git(local, "status", "--porcelain")) == (2, status)
    assert "-  key: a\n+  key: b\n" in done.stdout
    assert f"+++ b/{bench.namespace}/ConfigMap/two\n" in done.stdout
    done = hookline(bench, redis_data, tmp_path, "plan", "myapp", "--revision", commit, "--json")
    assert (done.exit_code, json.loads(done.stdout)["revision"]) == (0, commit)
    done = hookline(bench, redis_data, tmp_path, "plan", "myapp", "--revision", "nowhere")
    assert (done.exit_code, "has no branch, tag or commit nowhere" in done.stderr) == (1, True)


def test_what_the_gate_says_is_said(bench: Bench) -> None:
    """An app that syncs by hand only is planned; a destination that its project does not allow is refused."""
    bench.push({"a.yaml": config(), "run.yaml": _hook()})
    declared = (bench.catalog / "myapp.yaml").read_text()
    bench.declare(
        declared.replace("    automated:\n      prune: true\n      selfHeal: true\n", "    syncOptions: []\n")
    )
    made = now(bench)
    assert made.summary == "1 created"
    assert "waits for approval" in made.held
    assert made.hooks == (f"PreSync Job {bench.namespace}/run",)
    assert made.warnings[1] == f"1 hook runs: PreSync Job {bench.namespace}/run"
    project = (
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: small}\nspec: {sourceRepos: ['*']}\n"
    )
    bench.declare(project, "small")
    bench.declare(declared.replace("project: default", "project: small"))
    with pytest.raises(PolicyRefused, match="small"):
        now(bench)
    bench.declare(declared)
    with pytest.raises(SourceMissing, match="nowhere"):
        now(bench, folder=Path("nowhere"))


def test_a_namespace_that_the_sync_makes_is_planned_with_what_is_in_it(bench: Bench) -> None:
    """What is in it cannot be validated yet, and says so."""
    bench.push({"a.yaml": config()})
    declared = (bench.catalog / "myapp.yaml").read_text()
    fresh = f"{bench.namespace}-new"
    declared = declared.replace(f"namespace: {bench.namespace}", f"namespace: {fresh}")
    bench.declare(declared + "    syncOptions: [CreateNamespace=true]\n")
    made = now(bench)
    assert [(one.ref.kind, one.effect, bool(one.note)) for one in made.objects] == [
        ("Namespace", Effect.CREATED, False),
        ("ConfigMap", Effect.CREATED, True),
    ]


def test_what_no_dry_run_can_try_is_judged_by_its_schema(bench: Bench) -> None:
    """A built-in kind in a namespace to come by the cluster's OpenAPI, a custom one by the definition beside it."""
    group = f"{bench.namespace}.example.com"
    properties = "{spec: {type: object, required: [size], properties: {size: {type: integer, minimum: 1}}}}"
    definition = (
        f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: things.{group}}}\n"
        f"spec:\n  group: {group}\n  scope: Namespaced\n  names: {{kind: Thing, plural: things}}\n  versions:\n"
        "  - name: v1\n    served: true\n    storage: true\n"
        f"    schema: {{openAPIV3Schema: {{type: object, properties: {properties}}}}}\n"
    )
    thing = f"apiVersion: {group}/v1\nkind: Thing\nmetadata: {{name: NAME}}\nspec: {{size: VALUE}}\n"
    files = {
        "web.yaml": DEPLOYMENT.replace("replicas:", "replicsa:"),
        "config.yaml": config("fine"),
        "definition.yaml": definition,
        "good.yaml": thing.replace("NAME", "good").replace("VALUE", "1"),
        "bad.yaml": thing.replace("NAME", "bad").replace("VALUE", "0"),
    }
    bench.push({**files})
    declared = (bench.catalog / "myapp.yaml").read_text()
    declared = declared.replace(f"namespace: {bench.namespace}", f"namespace: {bench.namespace}-new")
    bench.declare(declared + "    syncOptions: [CreateNamespace=true]\n")
    begin = bench.mark()
    notes = {one.ref.name: (one.effect, one.note) for one in now(bench).objects}
    assert [verb for verb, dry in calls(bench, begin) if verb in WRITES and not dry] == []
    assert notes["fine"] == notes["good"] == (Effect.CREATED, foreseeing.BY_SCHEMA)
    assert notes["web"][0] is notes["bad"][0] is Effect.REFUSED
    assert "spec.replicsa: no such field; did you mean replicas?" in notes["web"][1]
    assert notes["web"][1].startswith("myapp/web.yaml:")
    assert "spec.size: expected at least 1" in notes["bad"][1]


def _hook() -> str:
    return (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: run, annotations: {argocd.argoproj.io/hook: PreSync}}\n"
        "spec: {template: {spec: {restartPolicy: Never, containers: [{name: run, image: 'run:1'}]}}}\n"
    )
