"""Opens the keys of files at Vault or a cloud's KMS: sops asks us, and we have sops' own clients ask those we may.

The sops that reads a file of the repository has no network and no credentials. It asks the key service that is served
here, at a socket that nobody else can reach; a key that the configuration lists for the app is passed on to a second
sops (``sops keyservice``), which has the worker's network and is given no file. So a file names nothing that is asked
but what the configuration names, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

# Before it is loaded: we fork only to start another program, and its fork handlers talk into our log.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
import grpc
from google.protobuf.message import DecodeError

from workers.errors import AccessDenied, BadConfiguration, HooklineError, SourceUnreachable
from workers.given import Service
from workers.renderers import keymessages, keynames

SECONDS: Final = 10.0
"""For one key."""
FILE_SECONDS: Final = 30.0
"""For all keys of a file: less than its sops may take, so that a service that is away is called that."""
OURS: Final = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "VAULT_", "SSL_CERT_", "HTTP", "NO_PROXY", "http", "no_proxy")
"""What the clients are given of the worker's own environment, by how a variable's name begins; and its home."""
NO_ANSWER: Final = "no answer in time"
_GONE: Final = re.compile(
    r"refused|no such host|timeout|timed out|deadline|unavailable|reset by peer|\bEOF\b|unreachable|throttl"
    rf"|misbehaving|Code: (429|5\d\d)|{NO_ANSWER}",
    re.IGNORECASE,
)
_DEATH: Final = 1
"""prctl(2): PR_SET_PDEATHSIG."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass
class Asked:
    """What sops asked for and did not get: ``unlisted`` keys, and those whose service ``failed``, with its words."""

    unlisted: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    def error(self, shown: str) -> HooklineError | None:
        """Return what kept a file closed, ``None`` when no key of a service was asked for."""
        for name, words in self.failed:
            if _GONE.search(words):
                return SourceUnreachable(f"{shown}: {name} could not be asked to open it: {words}")
        if self.failed:
            name, words = self.failed[0]
            return AccessDenied(f"{shown}: {name} did not open it: {words}")
        if self.unlisted:
            names = " and ".join(self.unlisted[:3])
            return BadConfiguration(
                f"{shown}: it is encrypted for {names}, which no `decryption` of this app lists: "
                "add it there, or encrypt the file for a key that is listed"
            )
        return None


@contextlib.contextmanager
def serving(binary: str, services: Sequence[Service], root: Path) -> Iterator[tuple[Path, Asked]]:
    """Serve the keys that ``services`` list at a socket below ``root``; yield that, and what was asked in vain."""
    asked, at, until = Asked(), root / "keys", time.monotonic() + FILE_SECONDS
    with contextlib.ExitStack() as undo:
        channels = {}
        for number, one in enumerate(services):
            place = root / f"service-{number}"
            undo.enter_context(_asking(binary, one, place))
            channels[one] = undo.enter_context(grpc.insecure_channel(f"unix:{place}"))

        def decrypt(request: bytes, context: grpc.ServicerContext) -> bytes:
            opened = _opened(request, channels, asked, min(SECONDS, max(0.0, until - time.monotonic())))
            if opened is None:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not opened")
            return opened

        pool = undo.enter_context(ThreadPoolExecutor(1))
        server = grpc.server(pool)
        handler: Any = grpc.unary_unary_rpc_method_handler(decrypt)
        _, service, method = keymessages.METHOD.split("/")
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        server.add_insecure_port(f"unix:{at}")
        server.start()
        undo.callback(lambda: server.stop(None).wait())
        yield at, asked


def _opened(request: bytes, channels: dict[Service, grpc.Channel], asked: Asked, seconds: float) -> bytes | None:
    """Return the answer to what sops asks, ``None`` when it gets none in so many seconds; note why."""
    try:
        message: Any = keymessages.Request.FromString(request)
        kind, name = keynames.named(message.key)
    except (ValueError, DecodeError):
        return None  # an age or PGP key, which is not for us, or something nobody can have meant
    service = keynames.service_for(channels, kind, name)
    if service is None:
        asked.unlisted.append(name)
        return None
    message.DiscardUnknownFields()
    message.key.DiscardUnknownFields()
    if kind == "kms":
        message.key.kms_key.ClearField("aws_profile")  # of whoever encrypted it: our credentials are the environment's
    try:
        call: Any = channels[service].unary_unary(keymessages.METHOD)
        return bytes(call(message.SerializeToString(), timeout=seconds, wait_for_ready=True))
    except grpc.RpcError as failed:
        error: Any = failed
        # What its clients say comes as UNKNOWN; how a call that took too long ends depends on who gave it up first.
        words = error.details() if error.code() is grpc.StatusCode.UNKNOWN else NO_ANSWER
        asked.failed.append((name, " ".join(words.split())[-300:]))
        return None


@contextlib.contextmanager
def _asking(binary: str, service: Service, place: Path) -> Iterator[None]:
    """Run sops' own clients at a socket; they end with us, however we end."""
    own = {name: value for name, value in os.environ.items() if name.startswith(OURS)}
    home = {"HOME": os.environ.get("HOME", "/"), "PATH": os.environ.get("PATH", "")}
    with subprocess.Popen(
        [binary, "keyservice", "--network", "unix", "--address", str(place)],
        env={**home, **own, **dict(service.environment)},
        cwd=place.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_bound,  # noqa: PLW1509 - nothing in it waits for a lock
    ) as process:
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _bound() -> None:
    _LIBC.prctl(_DEATH, int(signal.SIGKILL), 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
