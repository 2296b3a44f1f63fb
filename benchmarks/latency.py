"""How long a push takes."""

from __future__ import annotations

import time

from benchmarks.figures import Figure, timed
from benchmarks.site import Site
from deploy.local.sight import Sight, available, replicas
from deploy.local.story import SERVICE, deployment

GROUP = "one app"


def pushes(site: Site, rounds: int) -> list[Figure]:
    """Scale an app by pushes, one after another: seconds from the push being taken to each mark."""
    site.green(site.push({"myapp/deployment.yaml": deployment(3), "myapp/service.yaml": SERVICE}))
    marks: dict[str, list[float]] = {"push → 202": [], "push → applied": [], "push → healthy": [], "push → status": []}
    with Sight(site.cluster.kubeconfig, "apps", "Deployment", "default", "myapp") as sight:
        for number in range(rounds):
            count = 4 + number % 2
            commit = site.checkout.commit({"myapp/deployment.yaml": deployment(count)}, f"to {count}")
            began = time.time()
            site.checkout.push()
            applied, _ = sight.wait(replicas(count), f"{count} replicas", began)
            healthy, _ = sight.wait(available(count), f"{count} available", applied)
            status = site.green(commit).at
            delivery = next(one for one in reversed(site.forge.settle()) if one.payload.get("after") == commit)
            sent = delivery.attempts[0]
            for name, at in zip(marks, (sent.at + sent.seconds, applied, healthy, status), strict=True):
                marks[name].append(at - sent.at)
    return [timed(GROUP, name, seconds) for name, seconds in marks.items()]
