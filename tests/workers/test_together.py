"""Apps of one pull request are read together: judged by the audit log of a real API server."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.workers.conftest import WRITES, Bench
from tests.workers.test_foretold import opened, second, told
from tests.workers.test_sync import config
from workers import together
from workers.identities import PlanIdentity
from workers.plans import Plan
from workers.settings import Cluster

pytestmark = pytest.mark.cluster

NAMES = [f"app-{number}" for number in range(6)]
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {ports: [{port: 80}]}\n"
RIGHTS = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: bound}
rules: [{apiGroups: [""], resources: [configmaps, services], verbs: [get, list, create, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bound}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: bound}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bound}]
"""


def deployed(bench: Bench) -> None:
    """Six apps with a ConfigMap and a Service each, synced."""
    bench.undeclare()
    files: dict[str, str | None] = {}
    for name in NAMES:
        second(bench, name)
        files |= {f"{name}/a.yaml": config(name), f"{name}/service.yaml": SERVICE.replace("NAME", name)}
    commit = bench.checkout.commit(files, "begin")
    bench.checkout.push()
    for name in NAMES:
        bench.ask(commit, app=name)
        bench.look(name)
        assert bench.told(commit, name).text.startswith("synced: 2 created")


def planned(bench: Bench, files: dict[str, str | None], number: int) -> tuple[dict[str, str], Counter[str]]:
    """Plan a pull request; return each app's summary, and how often what was asked: ``list configmaps``."""
    begin = bench.mark()
    made = told(bench, opened(bench, files, number))
    plans: list[Plan] = [one.plan for one in made.answers if one.plan]
    assert [one.error for one in made.answers if one.error] == []
    assert not [warning for plan in plans for warning in plan.warnings if "may not read" in warning]
    asked = Counter[str]()
    for event in bench.asked(begin):
        about = event.get("objectRef")
        if about:
            assert event["verb"] not in WRITES or "dryRun=All" in event["requestURI"]
            where = f" in {about['namespace']}" if event["verb"] == "list" and about.get("namespace") else ""
            denied = " denied" if event["responseStatus"]["code"] == 403 else ""
            asked[f"{event['verb']} {about['resource']}{where}{denied}"] += 1
    return {plan.app: plan.summary for plan in plans}, asked


def test_a_kind_is_listed_once_for_all_apps_of_a_pull_request(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each app is told of its own objects; inventories are read where the records do not say all that is owned."""
    deployed(bench)
    changed: dict[str, str | None] = {f"{name}/a.yaml": config(name, value="b") for name in NAMES}
    summaries, asked = planned(bench, changed, 1)
    assert summaries == dict.fromkeys(NAMES, "1 configured")
    assert asked == {"list configmaps": 1, "list services": 1, "patch configmaps": 6}
    more = {f"{name}/b.yaml": config(f"{name}-b") for name in NAMES[:5]}
    summaries, asked = planned(bench, {**changed, **more, "app-5/service.yaml": None}, 2)
    assert summaries == {**dict.fromkeys(NAMES, "1 created, 1 configured"), "app-5": "1 configured, 1 deleted"}
    assert asked == {"get configmaps": 4, "list configmaps": 2, "list services": 1, "patch configmaps": 11}
    monkeypatch.setattr(together, "AT_ONCE", 2)
    summaries, asked = planned(bench, changed, 3)
    assert summaries == dict.fromkeys(NAMES, "1 configured")
    assert asked == {"list configmaps": 3, "list services": 3, "patch configmaps": 6}


def test_an_identity_of_one_namespace_lists_there(bench: Bench) -> None:
    """A kind that may not be listed in all namespaces is listed in those of the apps, and once as well."""
    deployed(bench)
    bench.cluster.kubectl("-n", bench.namespace, "apply", "-f", "-", input=RIGHTS)
    bound = Cluster(kubeconfig=bench.cluster.kubeconfig, plans=PlanIdentity(user="bound"))
    bench.configure(clusters={"test": bound})
    changed: dict[str, str | None] = {f"{name}/a.yaml": config(name, value="b") for name in NAMES}
    summaries, asked = planned(bench, changed, 1)
    assert summaries == dict.fromkeys(NAMES, "1 configured")
    lists = {f"list {kind}{where}" for kind in ("configmaps", "services") for where in (" denied", " in HERE")}
    here = {one.replace("HERE", bench.namespace) for one in lists}
    assert asked == {**dict.fromkeys(here, 1), "patch configmaps": 6}
