"""What is measured: Hookline's own processes, with its default settings, on a control plane and a forge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import audit_log
from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Checkout, Forge, Written
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY, Stack

USER = "hookline"
ENDS = ("success", "failure", "error")


@dataclass
class Site:
    """A running Hookline and everything around it."""

    cluster: ControlPlane
    forge: Forge
    stack: Stack
    checkout: Checkout
    kubeconfig: Path

    def push(self, files: dict[str, str | None], message: str = "change") -> str:
        """Commit files and push; return the commit."""
        commit = self.checkout.commit(files, message)
        self.checkout.push()
        return commit

    def green(self, commit: str, app: str = "myapp") -> Written:
        """Wait until an app's status of a commit is terminal; raises :class:`RuntimeError` unless it is a success."""
        written = self.forge.wait_for_status(commit, f"hookline/{app}", ENDS, 120)
        if written.state != "success":
            raise RuntimeError(f"{app} at {commit[:7]} ended as {written.state}: {written.description}")
        return written

    def green_all(self, commit: str) -> None:
        """Wait until a commit's status for all its apps is terminal."""
        self.forge.wait_for_status(commit, "hookline", ENDS, 120)

    def declare(self, name: str, path: str) -> None:
        """Declare an app on a folder of the repository."""
        text = APPLICATION.replace("name: myapp\n", f"name: {name}\n", 1).replace("path: myapp", f"path: {path}")
        (self.stack.catalog / f"{name}.yaml").write_text(text)

    def requests(self) -> list[str]:
        """Return what Hookline's own user asked of the API server so far, as ``verb resource``, oldest first."""
        found = []
        for event in audit_log.events(self.cluster.audit_log, naming=USER):
            if event["user"]["username"] == USER:
                what = event.get("objectRef", {}).get("resource") or event["requestURI"].partition("?")[0]
                dry = " (dry run)" if "dryRun=" in event["requestURI"] else ""
                found.append(f"{event['verb']} {what}{dry}")
        return found


@contextmanager
def opened(
    cluster: ControlPlane, folder: Path, *, watch: bool, workers: int = 1, settings: dict[str, Any] | None = None
) -> Iterator[Site]:
    """Start Hookline in ``folder`` with the walkthrough's app, on ``cluster``, as a user of its own."""
    with Forge(folder / "forge") as forge:
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        kubeconfig = cluster.kubeconfig_for(USER, groups=("system:masters",))
        stack = Stack(folder / "hookline", kubeconfig, forge, watch=watch, workers=workers, settings=settings)
        (stack.catalog / "myapp.yaml").write_text(APPLICATION)
        with stack:
            yield Site(cluster, forge, stack, forge.checkout(REPOSITORY, folder / "checkout"), kubeconfig)
