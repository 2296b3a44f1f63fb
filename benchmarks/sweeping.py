"""What a sweep of a cluster costs in which nothing drifted: requests to the API server, time, CPU and memory.

The sweep runs in a process of its own, as in a worker, so that its memory can be told.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import Figure
from benchmarks.site import Site
from deploy.local.stack import APPLICATION
from workers import broker, configuration, context, drift
from workers.groups import Catalog

CLUSTER = "demo"
"""What the stack calls its cluster."""


def figures(site: Site, apps: int, objects: int) -> list[Figure]:
    """Sweep ``apps`` apps that own ``objects`` objects, which are there and recorded, and are not being synced."""
    folder = site.stack.folder / f"swept-{apps}"
    folder.mkdir()
    documents = [APPLICATION.replace("name: myapp\n", f"name: load-{number}\n", 1) for number in range(apps)]
    (folder / "apps.yaml").write_text("---\n".join(documents))
    before = len(site.requests())
    command = [sys.executable, "-m", "benchmarks.sweeping", str(site.stack.config), str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, env=site.stack.environment)
    said: dict[str, Any] = orjson.loads(done.stdout)
    requests = site.requests()[before:]
    group = f"sweep of {apps} apps, {objects} objects, no drift"
    if said["asked"]:
        raise RuntimeError(f"the sweep suspects {len(said['asked'])} apps: {said['asked'][:3]}")
    return [
        Figure(group, "requests", len(requests), "requests", None, f"{said['kinds']} kinds, pages of {said['page']}"),
        Figure(group, "time", said["seconds"] * 1000, "ms"),
        Figure(group, "CPU", said["cpu"] * 1000, "ms"),
        Figure(group, "most memory", said["memory"] >> 20, "MiB", None, "the whole process, with its catalog"),
    ]


def main(config: str, folder: str) -> None:
    """Sweep once and print what it took, as JSON."""
    settings = configuration.load(Path(config)).model_copy(update={"catalog": Catalog(folders=(Path(folder),))})
    records = context.connect(settings)
    held = context.create(settings, records, broker.Counter(settings, records))
    held.catalog.index()
    held.clusters.client(CLUSTER)
    began, cpu = time.perf_counter(), time.process_time()
    asked = drift.sweep(held, CLUSTER)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = {"seconds": seconds, "cpu": cpu, "memory": memory, "asked": asked, "page": drift.PAGE}
    sys.stdout.write(json.dumps({**found, "kinds": len(records.drift.kinds(CLUSTER))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
