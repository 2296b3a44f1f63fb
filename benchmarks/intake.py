"""The edge alone: how many deliveries it takes, how fast, with 10,000 apps, and what garbage beside them costs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import psutil
import redis
import yaml

from benchmarks.figures import Figure, percentile
from benchmarks.sender import APPS_PER_REPOSITORY, Sent, Spec
from workers import apps, embedded
from workers.apps import App

GROUP = "intake"
APPS = 10_000
SECRET = "benchmarks only"
SIZES = {"2 KB": (2_000, 3000), "30 KB": (30_000, 3000), "1 MB": (1_000_000, 150)}
"""Name to bytes and deliveries sent."""
CONNECTIONS = (1, 16, 64)
DECLARATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: app-{app}}}
spec:
  project: default
  source:
    repoURL: "https://github.com/your-org/repository-{repository}.git"
    path: apps/app-{app}
    targetRevision: app-{app}
  destination: {{server: "https://kubernetes.default.svc", namespace: default}}
"""


@dataclass
class Edge:
    """A running web process and its Redis."""

    port: int
    process: subprocess.Popen[bytes]
    redis: redis.Redis

    def memory(self) -> float:
        """Resident memory in MiB."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1024 / 1024


@contextmanager
def serving(folder: Path) -> Iterator[Edge]:
    """Run the web process on 10,000 apps and an append-only Redis."""
    (folder / "catalog").mkdir(parents=True)
    for app in range(APPS):
        text = DECLARATION.format(app=app, repository=app // APPS_PER_REPOSITORY)
        (folder / "catalog" / f"app-{app}.yaml").write_text(text)
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = int(made.getsockname()[1])
    value = {
        "data": str(folder / "data"),
        "edge": {"port": port},
        "hooks": {"bench": {"forge": "github", "secrets": ["env:BENCH_SECRET"]}},
        "forges": {"none": {"kind": "github", "api": "http://127.0.0.1:1", "token": "env:BENCH_SECRET"}},
    }
    (folder / "hookline.yaml").write_text(yaml.safe_dump(value))
    server = embedded.ensure(folder / "data")
    environment = os.environ | {"HOOKLINE_CONFIG": str(folder / "hookline.yaml"), "BENCH_SECRET": SECRET}
    log = (folder / "web.log").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "workers.cli", "web"], env=environment, stderr=log)
    try:
        edge = Edge(port, process, redis.Redis(unix_socket_path=str(server)))
        while process.poll() is None and not sent(Spec(port, 1, 2000, 1, SECRET)).codes.get("202"):
            time.sleep(0.5)
        yield edge
    finally:
        process.terminate()
        process.wait()
        log.close()
        embedded.stop(folder / "data")


def start(spec: Spec) -> subprocess.Popen[bytes]:
    """Start a sender; its result is read with :func:`result`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sender"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(asdict(spec)))
    process.stdin.close()
    return process


def result(process: subprocess.Popen[bytes]) -> Sent:
    """Wait for a sender and return what it saw."""
    assert process.stdout is not None
    text = process.stdout.read()
    process.wait()
    return Sent(**orjson.loads(text))


def sent(spec: Spec) -> Sent:
    """Send, and return what was seen."""
    return result(start(spec))


def figures(folder: Path) -> list[Figure]:
    """Return the whole table; raises :class:`RuntimeError` when an accepted delivery is not on record."""
    found = [matching()]
    with serving(folder) as edge:
        found.append(Figure(GROUP, "memory of the web process", edge.memory(), "MiB", None, f"with {APPS} apps"))
        for name, (size, count) in SIZES.items():
            for connections in CONNECTIONS:
                found += accepted(edge, name, Spec(edge.port, count, size, connections, SECRET, apps=APPS))
        found.append(round_trips(edge))
        found += beside_garbage(edge)
    return found


def accepted(edge: Edge, name: str, spec: Spec, note: str = "") -> list[Figure]:
    """Return rate and times of accepted deliveries."""
    seen = sent(spec)
    check(edge, seen, spec.count)
    where = f"{name}, {spec.connections} connection{'s' if spec.connections > 1 else ''}"
    times = [percentile(seen.seconds, share) * 1000 for share in (0.5, 0.99)]
    return [
        Figure(
            GROUP, f"accepted, {where}{note}", spec.count / seen.whole, "per s", None, f"{spec.count}, all on record"
        ),
        Figure(GROUP, f"answer, {where}{note} (tail: p99)", times[0], "ms", times[1]),
    ]


def check(edge: Edge, seen: Sent, count: int) -> None:
    """Raise unless every delivery was accepted and is on record."""
    pipe = edge.redis.pipeline(transaction=False)
    for guid in seen.guids:
        pipe.exists(f"hookline:delivery:bench:{guid}")
    kept = sum(pipe.execute())
    if kept != count:
        raise RuntimeError(f"{count} deliveries were sent, {kept} are on record; answers: {seen.codes}")


def round_trips(edge: Edge) -> Figure:
    """Return how many commands one accept sends to Redis."""
    before = edge.redis.info("commandstats")
    seen = sent(Spec(edge.port, 100, 2000, 1, SECRET, apps=APPS))
    after = edge.redis.info("commandstats")
    check(edge, seen, 100)
    calls = {name: int(after.get(name, {"calls": 0})["calls"]) - int(before.get(name, {"calls": 0})["calls"])
             for name in ("cmdstat_evalsha", "cmdstat_ping", "cmdstat_lpush", "cmdstat_smembers")}  # fmt: skip
    trips = (calls["cmdstat_evalsha"]) / 100
    return Figure(GROUP, "round trips to Redis per accept", trips, "", None, "one script, its messages included")


def beside_garbage(edge: Edge) -> list[Figure]:
    """Return what accepted deliveries cost while ten times as much unsigned garbage comes from another address."""
    rate = 100.0
    garbage = Spec(edge.port, int(rate * 10 * 12), 30_000, 16, "", rate * 10, address="127.0.0.2")
    beside = start(garbage)
    time.sleep(2)
    found = accepted(edge, "30 KB", Spec(edge.port, int(rate * 8), 30_000, 16, SECRET, rate, APPS), ", beside garbage")
    memory = edge.memory()
    seen = result(beside)
    codes = ", ".join(f"{count} answered {code}" for code, count in sorted(seen.codes.items()))
    found.append(Figure(GROUP, "garbage refused", garbage.count / seen.whole, "per s", None, codes))
    found.append(Figure(GROUP, "memory of the web process under it", memory, "MiB"))
    return found


def matching() -> Figure:
    """Return what finding the apps of a push among 10,000 takes, by itself."""
    url = "github.com/your-org/repository-{}"
    declared = [
        App(f"app-{app}", f"https://{url.format(app // APPS_PER_REPOSITORY)}", ".", f"app-{app}", "f")
        for app in range(APPS)
    ]
    index, times = apps.index(declared), []
    for app in range(0, APPS, 10):
        began = time.perf_counter()
        found = index.touched_by([url.format(app // APPS_PER_REPOSITORY)], f"refs/heads/app-{app}")
        times.append(time.perf_counter() - began)
        if len(found) != 1:
            raise RuntimeError(f"{len(found)} apps were found for one branch")
    middle, tail = (percentile(times, share) * 1e6 for share in (0.5, 0.99))
    return Figure(GROUP, f"matching a push against {APPS} apps (tail: p99)", middle, "µs", tail)
