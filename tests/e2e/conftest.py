"""Hookline's real processes between a held-up cluster and a held-up forge."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Checkout, Forge, Written
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY, Stack, merged
from tests.fakes.tollgate import Tollgate

ENDS = ("success", "failure", "error", "failed")
QUICK: dict[str, Any] = {"sync": {"lease": 2, "tick_every": 0.5, "retry_first": 0.2}}
"""Times as short as a test wants them: what is waited for comes sooner, nothing else changes."""


@dataclass
class Site:
    """A running Hookline, its forge, a clone of its repository and the gates it talks through."""

    stack: Stack
    forge: Forge
    checkout: Checkout
    cluster: ControlPlane
    namespace: str
    api: Tollgate
    git: Tollgate

    def push(self, files: dict[str, str | None], message: str = "change") -> str:
        """Commit files below ``myapp/`` and push; return the commit."""
        commit = self.checkout.commit({f"myapp/{name}": text for name, text in files.items()}, message)
        self.checkout.push()
        return commit

    def ended(self, commit: str, app: str = "myapp", after: int = 0) -> Written:
        """Wait for the end of an app's status and return it."""
        return self.forge.wait_for_status(commit, f"hookline/{app}", ENDS, 60, after)

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the app's namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments)

    def declare(self, name: str, path: str, replace: tuple[str, str] = ("", "")) -> None:
        """Declare another app on a folder of the repository."""
        text = application(self.namespace).replace("name: myapp\n", f"name: {name}\n", 1)
        (self.stack.catalog / f"{name}.yaml").write_text(text.replace("path: myapp", f"path: {path}").replace(*replace))


def application(namespace: str) -> str:
    """The walkthrough's document for another namespace."""
    return APPLICATION.replace("namespace: default", f"namespace: {namespace}")


Start = Callable[..., Site]


@pytest.fixture
def start(tmp_path: Path, cluster: ControlPlane) -> Iterator[Start]:
    """Start a site: ``start(workers=2, watch=True, beat=True, kind="github", settings={...})``."""
    with ExitStack() as exits:
        yield lambda **named: open_site(tmp_path, cluster, exits, **named)


def open_site(
    folder: Path,
    cluster: ControlPlane,
    exits: ExitStack,
    *,
    kind: str = "github",
    workers: int = 1,
    watch: bool = False,
    beat: bool = True,
    settings: dict[str, Any] | None = None,
    replace: tuple[str, str] = ("", ""),
) -> Site:
    """Start everything in ``folder``; what is started ends with ``exits``.

    ``replace`` changes the text of the app's document.

    With ``watch``, Hookline talks to the API server directly: the gate passes no streams.
    """
    namespace = f"e2e-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", namespace)
    exits.callback(cluster.kubectl, "delete", "namespace", namespace, "--wait=false")
    forge = exits.enter_context(Forge(folder / "forge", kind=kind))
    forge.create(REPOSITORY, public_url=PUBLIC_URL)
    api = exits.enter_context(Tollgate(cluster.client, cluster.url))
    git = exits.enter_context(Tollgate(exits.enter_context(httpx2.Client(timeout=60)), forge.url))
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(plain_kubeconfig(api.url)))
    through_gates = {
        **QUICK,
        "repositories": [{"url": PUBLIC_URL, "clone": f"{git.url}/{REPOSITORY}.git"}],
        "forges": {"stand-in": {"api": forge.api.replace(forge.url, git.url)}},
    }
    stack = Stack(
        folder / "hookline",
        cluster.kubeconfig if watch else kubeconfig,
        forge,
        workers=workers,
        watch=watch,
        beat=beat,
        settings=merged(through_gates, settings or {}),
    )
    (stack.catalog / "myapp.yaml").write_text(application(namespace).replace(*replace))
    exits.enter_context(stack)
    return Site(stack, forge, forge.checkout(REPOSITORY, folder / "checkout"), cluster, namespace, api, git)


def plain_kubeconfig(url: str) -> dict[str, Any]:
    """A kubeconfig for a gate, which brings the administrator's rights itself."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "gate",
        "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "gate"}}],
        "clusters": [{"name": "gate", "cluster": {"server": url}}],
        "users": [{"name": "gate", "user": {}}],
    }
