"""The story the demo tells and the end-to-end test checks: six things that happen to an app, each read back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from deploy.local.forge import Checkout, Written
from deploy.local.host import Host, answer_to
from deploy.local.sight import Sight, available, replicas
from deploy.local.stack import REPOSITORY, Stack

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: myapp
spec:
  selector: {app: myapp}
  ports:
    - port: 80
"""
SECONDS = 60.0
ENDS = ("success", "failure", "error")


def deployment(count: object = 3, image: str = "nginx:1.25") -> str:
    """Return the app's Deployment with so many replicas."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: myapp
spec:
  replicas: {count}
  selector:
    matchLabels: {{app: myapp}}
  template:
    metadata:
      labels: {{app: myapp}}
    spec:
      containers:
        - name: web
          image: {image}
          ports:
            - containerPort: 80
"""


class Miss(AssertionError):
    """A step of the story did not go as told."""


@dataclass
class Step:
    """One step: what happened, and seconds from its beginning to each mark."""

    title: str
    began: float
    marks: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def mark(self, name: str, at: float) -> None:
        """Record when something was seen."""
        self.marks[name] = max(0.0, at - self.began)


class Story:
    """Plays the steps on a running stack. Every step raises :class:`Miss` or ``TimeoutError`` when it goes wrong."""

    def __init__(self, stack: Stack, kubectl: Callable[..., str], kubeconfig: Path, folder: Path) -> None:
        self.stack = stack
        self.forge: Host = stack.forge
        self.kubectl = kubectl
        self.sight = Sight(kubeconfig, "apps", "Deployment", "default", "myapp")
        self.checkout: Checkout = self.forge.checkout(REPOSITORY, folder / "checkout")

    def steps(self) -> list[tuple[str, Callable[[Step], None]]]:
        """Return the steps in order, with their titles."""
        return [
            ("first push, 3 replicas", self.first_push),
            ("pull request merged, 5 replicas", self.merge),
            ("kubectl scale to 2, healed", self.drift),
            ("broken manifest, refused", self.broken),
            ("revert, rolled back", self.revert),
            ("emergency sync by token", self.emergency),
        ]

    def play(self, title: str, act: Callable[[Step], None]) -> Step:
        """Play one step and return its marks."""
        step = Step(title, time.time())
        act(step)
        self.stack.check()
        return step

    def first_push(self, step: Step) -> None:
        """Push the manifests; the app comes up and the commit turns green."""
        commit = self.checkout.commit({"myapp/deployment.yaml": deployment(3), "myapp/service.yaml": SERVICE}, "first")
        step.began = time.time()
        self.checkout.push()
        self._deployed(step, commit, 3)

    def merge(self, step: Step) -> None:
        """Open a pull request that scales up, read its plan, and merge it as the button does."""
        self.checkout.switch("scale-up")
        head = self.checkout.commit({"myapp/deployment.yaml": deployment(5)}, "scale up")
        self.checkout.push()
        pull = self.forge.open_pull(REPOSITORY, "scale-up", title="Scale myapp to 5")
        planned = self.forge.wait_for_status(head, "hookline/plan", ENDS, SECONDS)
        if planned.description != "1 configured in myapp":
            raise Miss(f"the plan of the pull request says {planned.description}")
        step.began = time.time()
        commit = self.forge.merge(REPOSITORY, pull.number)
        self.checkout.switch("main")
        self.checkout.pull()
        self._deployed(step, commit, 5)
        step.note = f"planned: {planned.description}, {self.forge.page(REPOSITORY, pull.number)}"

    def drift(self, step: Step) -> None:
        """Scale by hand behind Git's back; selfHeal puts it back."""
        step.began = time.time()
        self.kubectl("scale", "deployment", "myapp", "--replicas=2")
        changed, _ = self.sight.wait(replicas(2), "the change by hand", step.began, SECONDS)
        step.mark("changed", changed)
        healed, _ = self.sight.wait(replicas(5), "5 replicas again", changed, SECONDS)
        step.mark("applied", healed)
        step.mark("healthy", self.sight.wait(available(5), "5 available replicas", healed, SECONDS)[0])
        step.note = f"healed {healed - changed:.2f} s after the change"

    def broken(self, step: Step) -> None:
        """Push a manifest the API server refuses: a failed status names file and field, and nothing changes."""
        before = self._versions()
        commit = self.checkout.commit(
            {"myapp/deployment.yaml": deployment("many"), "myapp/service.yaml": SERVICE.replace("80", "81")}, "break it"
        )
        step.began = time.time()
        self.checkout.push()
        status = self._ended(step, commit, "failure")
        for word in ("myapp/deployment.yaml", "spec.replicas"):
            if word not in status.description:
                raise Miss(f"the failed status does not name {word}: {status.description}")
        if self._versions() != before:
            raise Miss("a refused commit changed the cluster")
        step.note = status.description

    def revert(self, step: Step) -> None:
        """Revert the broken commit and the scaling: 3 replicas again."""
        self.checkout.revert("HEAD")
        commit = self.checkout.commit({"myapp/deployment.yaml": deployment(3)}, "back to 3")
        step.began = time.time()
        self.checkout.push()
        self._deployed(step, commit, 3)

    def emergency(self, step: Step) -> None:
        """Delete the Service while the watch is away, then ask for a sync with a signed token."""
        if "watch" in self.stack.children:
            self.stack.kill("watch")
        self.kubectl("delete", "service", "myapp", "--wait=true")
        token = self.token()
        step.began = time.time()
        url = f"{self.stack.url}/api/apps/myapp/sync"
        body = {"reason": "the service is gone"}
        answer = httpx2.post(url, json=body, headers={"authorization": f"Bearer {token}"}, timeout=10)
        step.mark("202", time.time())
        if answer.status_code != 202:
            raise Miss(f"the emergency sync was answered {answer.status_code}: {answer.text}")
        with Sight(self.sight.kubeconfig, "", "Service", "default", "myapp") as service:
            at, _ = service.wait(lambda found: found is not None, "the Service to be back", step.began, SECONDS)
        step.mark("applied", at)
        [entry] = [entry for entry in self.stack.records().audit.entries() if entry["action"] == "sync"]
        step.note = f"audit: {entry['who']}, {entry['reason']}"
        self.stack.start("watch")

    def token(self) -> str:
        """Mint a token with the command line, as a person would."""
        command = [*self.stack.command, "token", "--sub", "ada", "--app", "myapp", "--for", "5m"]
        done = subprocess.run(command, env=self.stack.environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _deployed(self, step: Step, commit: str, count: int) -> None:
        """Wait until a commit is applied, healthy and green."""
        applied, _ = self.sight.wait(replicas(count), f"{count} replicas wanted", step.began, SECONDS)
        step.mark("applied", applied)
        healthy, _ = self.sight.wait(available(count), f"{count} replicas available", applied, SECONDS)
        step.mark("healthy", healthy)
        self._ended(step, commit, "success")

    def _ended(self, step: Step, commit: str, state: str) -> Written:
        """Wait until both statuses of a commit ended in ``state``; a different end is a miss."""
        contexts = ("hookline", "hookline/myapp")
        written = [self.forge.wait_for_status(commit, context, ENDS, SECONDS) for context in contexts]
        for status in written:
            if status.state != state:
                raise Miss(f"{status.context} of {commit[:7]} ended as {status.state}: {status.description}")
        if self.forge.statuses(sha=commit, context="hookline")[-1].state != state:
            raise Miss("the commit was told something else after its end")
        answered = answer_to(self.forge, commit, SECONDS)
        if answered.code != 202:
            raise Miss(f"what told of {commit[:7]} was not answered 202: {answered}")
        step.mark("202", answered.at + answered.seconds)
        step.mark("status", written[0].at)
        return written[0]

    def _versions(self) -> str:
        """Return the resourceVersions of everything in the app's namespace that a sync could have changed."""
        return self.kubectl(
            "get", "deployment,service", "-o", "jsonpath={.items[*].metadata.generation}{.items[*].spec}"
        )
