"""Three apps that share a namespace, what Git wants of each, and the means to disturb them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.stack import APPLICATION
from tests.fakes.tollgate import Fault, Tollgate
from tests.workers.conftest import Bench
from workers import drift, inventory, sweep
from workers.model import Ref, State

FAULTS = (
    Fault(409, "Conflict"),
    Fault(429, "TooManyRequests"),
    Fault(500, "InternalError"),
    Fault(503, "ServiceUnavailable"),
    Fault(504, "Timeout", after=True),
)
NAMES = ("one", "two", "three", "four", "five")
APPS = ("a", "b", "c")
ROUNDS = 60


@dataclass
class Fleet:
    """``wanted`` is what Git holds: app to object to its data. ``commits`` are all that were ever pushed."""

    bench: Bench
    gate: Tollgate
    prefix: str
    namespace: str
    wanted: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {app: {} for app in APPS})
    commits: list[str] = field(default_factory=list)

    def app(self, letter: str) -> str:
        """Return an app's name."""
        return f"{self.prefix}-{letter}"

    def declare(self) -> None:
        """Declare the three."""
        for letter in APPS:
            text = APPLICATION.replace("namespace: default", f"namespace: {self.namespace}")
            text = text.replace("name: myapp\n", f"name: {self.app(letter)}\n", 1)
            self.bench.declare(text.replace("path: myapp", f"path: {self.app(letter)}"), self.app(letter))

    def push(self, changes: Sequence[tuple[str, str, dict[str, str] | None]]) -> None:
        """Commit (app, object, data) for each, ``None`` for no object; one that another app had moves."""
        for letter, name, data in changes:
            for other in APPS:
                self.wanted[other].pop(name, None)
            if data is not None:
                self.wanted[letter][name] = data
        files: dict[str, str | None] = {}
        for letter in APPS:
            held = {"keep": {"app": letter}} | self.wanted[letter]
            found = [_config(f"{letter}-keep" if name == "keep" else name, data) for name, data in held.items()]
            files[f"{self.app(letter)}/all.yaml"] = "\n---\n".join(found)
        commit = self.bench.checkout.commit(files, "change")
        self.bench.checkout.push()
        self.commits.append(commit)
        for letter in APPS:
            self.bench.ask(commit, app=self.app(letter))

    def look(self, letter: str) -> None:
        """Let a worker look at an app."""
        self.bench.look(self.app(letter))

    def edit(self, name: str, patch: dict[str, Any] | None) -> None:
        """Change an object by hand, or delete it (``None``); nothing where there is none."""
        client, path = self.bench.cluster.client, f"/api/v1/namespaces/{self.namespace}/configmaps/{name}"
        if patch is None:
            client.delete(path)
            return
        headers = {"Content-Type": "application/merge-patch+json"}
        client.patch(path, params={"fieldManager": "hand"}, headers=headers, content=json.dumps(patch))

    def quiet(self) -> None:
        """Let everything come to rest: requests, waits, drift."""
        for _ in range(ROUNDS):
            self.bench.clock.forward(61)
            for letter in APPS:
                self.look(letter)
            progress = self.bench.context.records.progress
            records = [progress.app(self.app(letter)) for letter in APPS]
            if any(record.wanted > record.done for record in records):
                continue
            self.gate.faults.clear()  # who sweeps for real tries again a minute later
            drifted = [name for name in drift.sweep(self.bench.context, "test") if name.startswith(self.prefix)]
            if not drifted:
                return
            for name in drifted:
                sweep.ask_repair(self.bench.context, self.bench.context.catalog.index().apps[name])
        told = {self.app(letter): self.bench.waits(self.app(letter)) for letter in APPS}
        raise AssertionError(f"it never came to rest: {told}, {records}")

    def check(self) -> None:
        """Live is what Git wants, each object is on one app's list, and every commit has its end."""
        path = f"/api/v1/namespaces/{self.namespace}/configmaps"
        items = self.bench.cluster.client.get(path).json()["items"]
        live = {item["metadata"]["name"]: item for item in items}
        apps = self.bench.context.catalog.index().apps
        expected = set()
        for letter in APPS:
            app = apps[self.app(letter)]
            wanted = {f"{letter}-keep": {"app": letter}} | self.wanted[letter]
            for name, data in wanted.items():
                expected.add(name)
                found = {key: value for key, value in live[name]["data"].items() if not key.startswith("hand")}
                assert found == data, name
                assert live[name]["metadata"]["labels"][inventory.PART_OF] == inventory.applyset(app), name
            listed = json.loads(live[inventory.name_of(app)]["data"]["inventory"])
            assert {Ref(*row[:4]) for row in listed} == {Ref("", "ConfigMap", self.namespace, name) for name in wanted}
        ours = {name for name, item in live.items() if inventory.PART_OF in item["metadata"].get("labels", {})}
        assert ours == expected
        for commit in self.commits:
            for letter in APPS:
                assert self.bench.told(commit, self.app(letter)).state is not State.PENDING, (commit, letter)


def _config(name: str, data: dict[str, str]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
