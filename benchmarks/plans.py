"""What a plan of a pull request costs: time, and requests to the API server and to Git.

The plans are made in a process of its own, as in a worker that has made one before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import Figure, by_verb, timed
from benchmarks.fleet import objects
from benchmarks.site import Site
from deploy.local.stack import APPLICATION, REPOSITORY
from workers import broker, configuration, context, foretold
from workers.pull import Pull
from workers.stages import render

APPS = 50
OBJECTS = 4


def figures(site: Site, rounds: int) -> list[Figure]:
    """Plan pull requests that touch no app, one and :data:`APPS` apps of four objects each, ``rounds`` of each."""
    names = [f"plan-{number:02}" for number in range(APPS)]
    text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", "path: plans/NAME")
    (site.stack.catalog / "plans.yaml").write_text("---\n".join(text.replace("NAME", name) for name in names))
    commit = site.push({f"plans/{name}/all.yaml": objects(name, 1) for name in names})
    site.green_all(commit)
    site.quiet()
    found = []
    for count in (0, 1, APPS):
        pulls = [opened(site, names[:count], number) for number in range(rounds + 1)]
        found += _planned(site, pulls, count)
    return found


def opened(site: Site, names: list[str], number: int) -> Pull:
    """Open a pull request that changes all objects of some apps, and go back to the branch it is for."""
    branch, base = f"plan-{len(names)}-{number}", site.checkout.head
    site.checkout.switch(branch)
    site.checkout.commit(
        {f"plans/{name}/all.yaml": objects(name, number + 2) for name in names} | {"notes.md": branch}, branch
    )
    site.checkout.push(f"HEAD:refs/heads/{branch}")
    site.checkout.switch("main")
    pull = site.forge.open_pull(REPOSITORY, branch)
    return Pull("main", REPOSITORY, "1", pull.number, "refs/heads/main", base, pull.head_sha, branch)


def _planned(site: Site, pulls: list[Pull], count: int) -> list[Figure]:
    """Plan each once and say what it took; the first warms up."""
    site.forge.settle()
    site.quiet()
    requests, fetches = len(site.requests()), len(site.forge.fetches)
    given = json.dumps([asdict(one) for one in pulls])
    command = [sys.executable, "-m", "benchmarks.plans", str(site.stack.config)]
    done = subprocess.run(command, input=given.encode(), capture_output=True, env=site.stack.environment, check=False)
    if done.returncode:
        raise RuntimeError(f"no plan was made: {done.stderr.decode()[-2000:]}")
    said: list[dict[str, Any]] = orjson.loads(done.stdout)
    if any(one["changes"] != count * OBJECTS for one in said):
        raise RuntimeError(f"{count} apps changed, and the plans say otherwise: {said}")
    group = f"plan of a pull request, {count} app{'' if count == 1 else 's'} of {OBJECTS} objects"
    verbs = site.requests()[requests:]
    return [
        timed(group, "head known → planned", [one["seconds"] for one in said[1:]]),
        Figure(group, "requests to the API server", len(verbs) / len(said), "requests", None, _each(verbs, len(said))),
        Figure(group, "Git fetches", (len(site.forge.fetches) - fetches) / len(said), "fetches"),
        Figure(group, "renders", sum(one["renders"] for one in said) / len(said), "renders"),
    ]


def _each(verbs: list[str], plans: int) -> str:
    """Return what one plan asked, by verb; what is asked once per process is lost in rounding."""
    short = [f"{one.split()[0]}{' (dry run)' if one.endswith('(dry run)') else ''}" for one in verbs]
    return by_verb([one for one in sorted(set(short)) for _ in range(round(short.count(one) / plans))])


def main(config: str) -> None:
    """Plan the pull requests of standard input and print what each took, as JSON."""
    settings = configuration.load(Path(config))
    records = context.connect(settings)
    held = context.create(settings, records, broker.Counter(settings, records))
    held.catalog.index()
    real, renders = render.objects, [0]

    def objects(*arguments: Any) -> Any:
        renders[0] += 1
        return real(*arguments)

    render.objects = objects  # type: ignore[assignment]
    found = []
    for told in orjson.loads(sys.stdin.buffer.read()):
        before, began = renders[0], time.perf_counter()
        made = foretold.planned(held, Pull(**{**told, "labels": tuple(told["labels"])}))
        seconds = time.perf_counter() - began
        changes = sum(len(one.plan.changes) for one in made.answers if one.plan)
        wrong = made.problem or next((one.error for one in made.answers if one.error), "")
        found.append({"seconds": seconds, "changes": changes, "renders": renders[0] - before, "wrong": wrong})
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
