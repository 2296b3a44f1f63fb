"""A plan says what the sync then does: a hundred random changes, judged by the API server's audit log."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from deploy.local import binaries
from tests.workers.conftest import WRITES, Bench
from tests.workers.plans.changes import Folder, changes
from tests.workers.test_plan import dump, now
from workers.model import State, Why
from workers.plans import Effect, Plan

pytestmark = pytest.mark.cluster

PLURALS = {
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "Service": "services",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "CronJob": "cronjobs",
    "Namespace": "namespaces",
}
VERBS = {
    Effect.CREATED: ({"patch"}, {"create"}),
    Effect.CONFIGURED: ({"patch"}, {"update"}),
    Effect.RECREATED: ({"delete", "patch"}, {"update", "delete", "patch"}),
    Effect.DELETED: ({"delete"},),
}
"""The ways in which each effect is written, as the audit log words them."""
Written = dict[str, set[str]]


def written(bench: Bench, begin: int, *, dry: bool = False) -> Written:
    """Return object to the verbs with which Hookline wrote it since the audit log was ``begin`` bytes long."""
    found: Written = defaultdict(set)
    for event in bench.asked(begin):
        about = event.get("objectRef") or {}
        if event["verb"] not in (*WRITES, "deletecollection"):
            continue
        name = about.get("name") or about.get("resource", "")
        if ("dryRun=All" in event["requestURI"]) is not dry or name.startswith("hookline-"):
            continue
        if event["responseStatus"]["code"] < 300 or dry:
            found[f"{about['resource']}/{name}"].add(event["verb"])
    return dict(found)


def is_as_told(made: Plan, wrote: Written) -> list[str]:
    """Return where what was written is not what the plan said."""
    wrong = []
    told = {f"{PLURALS[one.ref.kind]}/{one.ref.name}": one.effect for one in made.changes}
    hooks = {f"configmaps/{hook.rpartition('/')[2]}" for hook in made.hooks}
    if made.refused:
        return [f"refused, and yet {name} was written" for name in wrote if not name.startswith("namespaces/")]
    for name, effect in told.items():
        if wrote.get(name) not in VERBS[effect]:
            wrong.append(f"{name} was told to be {effect}, and was written by {wrote.get(name)}")
    wrong += [f"{name} was written by {wrote[name]} and not told" for name in wrote.keys() - told.keys() - hooks]
    return wrong + [f"hook {name} was told and did not run" for name in hooks - wrote.keys()]


class Story:
    """One app and what happens to it."""

    def __init__(self, bench: Bench, data: Path, declared: str) -> None:
        self.bench, self.data, self.declared = bench, data, declared
        self.folder = Folder()
        self.there: set[str] = set()
        self.count = 0
        self.effects: set[Effect] = set()

    def push(self) -> str:
        """Push the folder as it is wanted; return the commit."""
        self.count += 1
        # So that there is something to commit that is read, whatever the folder is rendered with.
        files: dict[str, str | None] = {
            name: f"{text}\n# {self.count}\n" if name.endswith(".yaml") else text
            for name, text in self.folder.files().items()
        }
        gone = self.there - files.keys()
        self.there = set(files)
        return self.bench.push({**files, **dict.fromkeys(gone)}, "change")

    def declare(self, policy: str, *, prune: bool) -> None:
        """Say how the app is synced."""
        self.bench.declare(self.declared.replace("prune: true", f"prune: {str(prune).lower()}") + policy)

    def by_hand(self, name: str, turn: str) -> None:
        """Do to an object what people do."""
        place = f"/api/v1/namespaces/{self.bench.namespace}/configmaps"
        client, live = self.bench.cluster.client, self.folder.live(name)
        if turn == "delete":
            client.delete(f"{place}/{live}")
        elif turn == "foreign":
            client.post(place, json={"metadata": {"name": live}, "data": {"key": "theirs"}})
        else:
            label = {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}}
            body = {"data": {"key": "by hand", "more": "x"}} if turn == "edit" else label
            headers = {"Content-Type": "application/merge-patch+json"}
            query = {"fieldManager": "kubectl-edit"}
            client.patch(f"{place}/{live}", content=json.dumps(body), headers=headers, params=query)

    def step(self, change: dict[str, Any]) -> None:
        """Change something, plan, sync, and compare."""
        self.folder.shape = change["shape"] or self.folder.shape
        for name, value in change["files"]:
            self.folder.values[name] = value
            if value is None:
                del self.folder.values[name]
        self.folder.version = str(1 + self.count % 3)
        if change["policy"] is not None or not change["prune"]:
            self.declare(change["policy"] or "", prune=change["prune"])
        for name, turn in change["hands"]:
            self.by_hand(name, turn)
        commit = self.push()
        before, begin = dump(self.data), self.bench.mark()
        made = now(self.bench)
        assert dump(self.data) == before
        assert written(self.bench, begin) == {}
        begin = self.bench.mark()
        self.bench.ask(commit, Why.MERGE)
        self.bench.look()
        report = self.bench.settle(commit)
        changing = [f"{one.effect} {one.ref}" for one in made.objects if one.effect is not Effect.UNCHANGED]
        note(f"{change}\n  planned {changing} {made.hooks}")
        assert is_as_told(made, written(self.bench, begin)) == [], (made.summary, report)
        assert (report.state is State.SUCCESS) is not bool(made.refused), (report, made.refused)
        self.effects |= {one.effect for one in made.objects}
        if made.refused:
            for name in ("typo", "fixed", "stateful"):
                self.folder.values.pop(name, None)


@pytest.mark.timeout(600)
def test_a_plan_says_what_the_sync_then_does_for_a_hundred_changes(
    bench: Bench, redis_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kinds, waves, hooks, options, sources of every shape, what is refused, what people did by hand."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    declared = (bench.catalog / "myapp.yaml").read_text()

    @settings(
        max_examples=10,
        phases=[Phase.explicit, Phase.generate],  # an example takes seconds, and the next begins where it ended
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(played=st.lists(changes, min_size=10, max_size=10))
    def play(played: list[dict[str, Any]]) -> None:
        story.folder = Folder()
        story.declare("", prune=True)
        for change in played:
            story.step(change)

    story = Story(bench, redis_data, declared)
    play()
    assert story.effects == set(Effect)
