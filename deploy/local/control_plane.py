"""Starts a whole control plane, waits until it is ready, and stops it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import httpx2

from deploy.local import build, components
from deploy.local.access import Access
from deploy.local.binaries import Binaries
from deploy.local.components import Layout
from deploy.local.places import free_port, only_user_of
from deploy.local.processes import Child, Processes
from deploy.local.simulated import NODES, is_ready, node, storage_class
from workers.errors import OperatorError
from workers.model import Manifest

SOCKET_LIMIT = 100
"""Longest path of a Unix socket that every system takes (108 bytes on Linux, 104 elsewhere, with the ending)."""
READY_SECONDS = 120.0


class KubectlFailed(OperatorError):
    """kubectl ended with an error; the message has its words."""


class ControlPlane:
    """A Kubernetes of our own on loopback, for as long as the ``with`` block lasts.

    ``data`` is its folder, kept afterwards; without it there is a temporary one, removed at the end. Objects in a
    folder that was used before are there again; its certificates and its port are new. ``full=False`` starts only
    etcd and kube-apiserver: nothing then makes service accounts, pods or endpoints. ``binaries`` are built when the
    cache lacks them and none are given.

    After :meth:`start`: ``kubeconfig`` is the administrator's, ``url`` is the API server's address, and ``audit_log``
    has one JSON event per finished request (level Metadata); our own parts appear in it as ``system:…`` users.
    """

    def __init__(self, data: Path | None = None, *, full: bool = True, binaries: Binaries | None = None) -> None:
        self._given = data
        self._full = full
        self._binaries = binaries
        self._cleanup = contextlib.ExitStack()
        self._api: Child
        self._api_command: list[str | Path] = []

    def __enter__(self) -> ControlPlane:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when it can be used: the API is ready, nodes and service accounts are there.

        Raises :class:`deploy.local.processes.ProcessFailed` with the last log lines when a part does not come up.
        """
        binaries = self._binaries or build.ensure()
        with contextlib.ExitStack() as undo:
            self._layout = self._make_folders(undo)
            self.processes = undo.enter_context(Processes(self._layout.logs))
            self._start_api(binaries)
            self.client = undo.enter_context(self._access.admin_client())
            self.processes.wait_until(self._api_ready, "the API server to be ready", READY_SECONDS)
            if self._full:
                self._start_controllers(binaries)
                self.processes.wait_until(self._nodes_ready, "nodes and service accounts", READY_SECONDS)
            self._cleanup = undo.pop_all()

    def stop(self) -> None:
        """Stop everything and remove a temporary data folder. Doing it twice is harmless."""
        self._cleanup.close()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file."""
        return self._layout.kubeconfig

    @property
    def url(self) -> str:
        """The API server's address."""
        return self._access.url

    @property
    def audit_log(self) -> Path:
        """The API server's audit log."""
        return self._layout.audit_log

    @property
    def pids(self) -> dict[str, int]:
        """Name to process id of every part that runs."""
        return self.processes.pids

    def kubeconfig_for(self, user: str, groups: Iterable[str] = ()) -> Path:
        """Write and return a kubeconfig that authenticates as ``user`` in ``groups``; RBAC gives it no rights yet."""
        return self._access.write_kubeconfig(self._layout.data / f"{quote(user, '')}.kubeconfig", user, groups)

    def kubectl(self, *args: str, input: str | None = None, kubeconfig: Path | None = None) -> str:  # noqa: A002
        """Run the project's kubectl, as the administrator unless another kubeconfig is given; return its output.

        ``input`` is its standard input. Raises :class:`KubectlFailed` with kubectl's words.
        """
        command = [str(Path(sys.executable).with_name("kubectl")), "--kubeconfig", str(kubeconfig or self.kubeconfig)]
        done = subprocess.run([*command, *args], input=input, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KubectlFailed(f"kubectl {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def restart_api(self) -> None:
        """Stop kube-apiserver and start it again on the same port, etcd untouched; return when it is ready.

        Other parts are left to find that out by themselves.
        """
        self.processes.forget(self._api)
        self._api = self.processes.start("kube-apiserver", self._api_command)
        self.processes.wait_until(self._api_ready, "the API server to be ready again", READY_SECONDS)

    def compact(self) -> None:
        """Have etcd forget every past revision, so that no old resourceVersion can be read any more."""
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(self._layout.socket))) as etcd:
            status = etcd.post("http://etcd/v3/maintenance/status", json={}).raise_for_status().json()
            asked = {"revision": status["header"]["revision"], "physical": True}
            etcd.post("http://etcd/v3/kv/compaction", json=asked).raise_for_status()

    def _make_folders(self, undo: contextlib.ExitStack) -> Layout:
        data = self._given
        if data is None:
            data = Path(tempfile.mkdtemp(prefix="hookline-cluster-"))
            undo.callback(shutil.rmtree, data, ignore_errors=True)
        data = data.absolute()
        for folder in (data, data / "pki", data / "etcd"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        undo.enter_context(only_user_of(data))
        place = data / "etcd.sock"
        if len(str(place)) > SOCKET_LIMIT:
            place = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="hookline-etcd-"))) / "etcd.sock"
        return Layout(data, place)

    def _start_api(self, binaries: Binaries) -> None:
        port = free_port()
        self._access = Access(self._layout, port)
        # Both at once: the API server is busy with itself for a second, and then asks for etcd until it answers.
        self.processes.start("etcd", [binaries["etcd"], *components.etcd(self._layout)])
        server = components.apiserver(self._layout, port, full=self._full)
        self._api_command = [binaries["kube-apiserver"], *server]
        self._api = self.processes.start("kube-apiserver", self._api_command)

    def _start_controllers(self, binaries: Binaries) -> None:
        programs = {
            "kube-controller-manager": components.controller_manager(self._layout),
            "kwok": components.kwok(self._layout, binaries.stages),
            "kube-scheduler": components.scheduler(self._layout),
        }
        for name, arguments in programs.items():
            self.processes.start(name, [binaries[name], *arguments])
        for name in NODES:
            self._create("/api/v1/nodes", node(name))
        self._create("/apis/storage.k8s.io/v1/storageclasses", storage_class())

    def _api_ready(self) -> bool:
        try:
            return self.client.get("/readyz").is_success
        except httpx2.TransportError:
            return False

    def _nodes_ready(self) -> bool:
        nodes = self.client.get("/api/v1/nodes").json()["items"]
        return (
            sum(map(is_ready, nodes)) >= len(NODES)
            and self.client.get("/api/v1/namespaces/default/serviceaccounts/default").is_success
        )

    def _create(self, path: str, manifest: Manifest) -> None:
        answer = self.client.post(path, json=manifest)
        if not answer.is_success and answer.status_code != httpx2.codes.CONFLICT:  # there since an earlier start
            raise OperatorError(f"the new API server refused {manifest['metadata']['name']}: {answer.text}")
