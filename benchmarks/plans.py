"""What a plan of a pull request costs: time, and requests to the API server, to Git and to the forge.

Pull requests are opened at the forge and planned by Hookline's own processes; then they are planned once more in a
process of their own, where renders are counted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import Figure, by_verb, timed
from benchmarks.fleet import objects
from benchmarks.site import ENDS, Site
from deploy.local.forge.changes import identity
from deploy.local.forge.state import Call
from deploy.local.stack import APPLICATION, REPOSITORY
from workers import broker, configuration, context, foretold
from workers.forges import limits
from workers.pull import Pull
from workers.stages import render

APPS = 50
OBJECTS = 4
SECONDS = 120.0
WRITES = limits.writes("github", is_first=False)
"""A minute at the forge: a pull request that is opened when these are used up waits, and that is not measured here."""
ID = str(identity(REPOSITORY))


def figures(site: Site, rounds: int) -> list[Figure]:
    """Plan pull requests that touch no app, one and :data:`APPS` apps of four objects each, ``rounds`` of each."""
    names = [f"plan-{number:02}" for number in range(APPS)]
    text = APPLICATION.replace("name: myapp\n", "name: NAME\n", 1).replace("path: myapp", "path: plans/NAME")
    (site.stack.catalog / "plans.yaml").write_text("---\n".join(text.replace("NAME", name) for name in names))
    commit = site.push({f"plans/{name}/all.yaml": objects(name, 1) for name in names})
    site.green_all(commit)
    site.stack.rest()
    found = []
    for count in (0, 1, APPS):
        group = f"plan of a pull request, {count} app{'' if count == 1 else 's'} of {OBJECTS} objects"
        shown = [_shown(site, names[:count], number) for number in range(rounds + 1)][1:]  # the first warms up
        pulls = [one.pull for one in shown]
        found += [timed(group, "opened → comment", [one.seconds for one in shown])]
        found += [timed(group, "opened → status", [one.told for one in shown])]
        found += _planned(site, pulls, count, group)
        calls = [kind for one in shown for kind in one.calls]
        found += [Figure(group, "calls of the forge", len(calls) / rounds, "calls", None, _each(calls, rounds))]
    return found


@dataclass(frozen=True, slots=True)
class _Shown:
    """A pull request that has its comment and its status: seconds since it was opened, and what the forge was asked."""

    pull: Pull
    seconds: float
    told: float
    calls: list[str]


def _shown(site: Site, names: list[str], number: int) -> _Shown:
    """Open one and wait until Hookline is done with it."""
    branch = _pushed(site, names, number)
    site.forge.settle()
    site.stack.rest()
    before, began = len(site.forge.calls), time.time()
    made = site.forge.open_pull(REPOSITORY, branch)
    head, base = made.head_sha, site.checkout.head
    pull = Pull("main", REPOSITORY, ID, made.number, "refs/heads/main", base, head, branch)
    name = f"main|{ID}|{made.number}"
    comment = _until(lambda: _comment(site, pull, name))
    status = site.forge.wait_for_status(pull.head, "hookline/plan", ENDS, SECONDS)
    if status.state != "success":
        raise RuntimeError(f"pull request {pull.number} was told {status.state}: {status.description}")
    _until(lambda: site.stack.records().pulls.wanted(name) is None)
    site.stack.rest()
    calls = [_kind(call) for call in site.forge.calls[before:]]
    time.sleep(sum(not call.startswith("GET") for call in calls) * 60 / WRITES)
    return _Shown(pull, comment - began, status.at - began, calls)


def _comment(site: Site, pull: Pull, name: str) -> float:
    """Return when the last part of a pull request's whole comment came, 0 while it is not there."""
    record = site.stack.records().pulls.read(name)
    there = record.made and record.written == record.made.digest and record.made.head == pull.head
    return max(one.updated for one in site.forge.state.talk.comments(REPOSITORY, pull.number)) if there else 0.0


def _kind(call: Call) -> str:
    """Return what was asked of the forge, without what is particular: ``POST repos/issues/comments``."""
    words = [word for word in call.path.partition("/repos/")[2].split("/")[2:] if not re.fullmatch(r"[0-9a-f]+", word)]
    return f"{call.method} {'/'.join(words) or call.path.rpartition('/')[2]}"


def _until(seen: Callable[[], Any]) -> Any:
    """Return what was seen, once it is something."""
    deadline = time.monotonic() + SECONDS
    while not (found := seen()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"a pull request was not planned within {SECONDS} s")
        time.sleep(0.02)
    return found


def _pushed(site: Site, names: list[str], number: int) -> str:
    """Push a branch that changes all objects of some apps, go back to the branch it is for, and return its name."""
    branch = f"plan-{len(names)}-{number}"
    site.checkout.switch(branch)
    site.checkout.commit(
        {f"plans/{name}/all.yaml": objects(name, number + 2) for name in names} | {"notes.md": branch}, branch
    )
    site.checkout.push(f"HEAD:refs/heads/{branch}")
    site.checkout.switch("main")
    return branch


def _planned(site: Site, pulls: list[Pull], count: int, group: str) -> list[Figure]:
    """Plan each once more and say what it took; the first warms up."""
    requests, fetches = len(site.requests()), len(site.forge.fetches)
    given = json.dumps([asdict(one) for one in pulls])
    command = [sys.executable, "-m", "benchmarks.plans", str(site.stack.config)]
    done = subprocess.run(command, input=given.encode(), capture_output=True, env=site.stack.environment, check=False)
    if done.returncode:
        raise RuntimeError(f"no plan was made: {done.stderr.decode()[-2000:]}")
    said: list[dict[str, Any]] = orjson.loads(done.stdout)
    if any(one["changes"] != count * OBJECTS for one in said):
        raise RuntimeError(f"{count} apps changed, and the plans say otherwise: {said}")
    verbs = site.requests()[requests:]
    return [
        timed(group, "head known → planned", [one["seconds"] for one in said[1:]]),
        Figure(
            group,
            "requests to the API server",
            len(verbs) / len(said),
            "requests",
            None,
            _each(list(map(_verb, verbs)), len(said)),
        ),
        Figure(group, "Git fetches", (len(site.forge.fetches) - fetches) / len(said), "fetches"),
        Figure(group, "renders", sum(one["renders"] for one in said) / len(said), "renders"),
    ]


def _each(asked: list[str], plans: int) -> str:
    """Return how often one plan asked what; what is asked once per process is lost in rounding."""
    return by_verb([one for one in sorted(set(asked)) for _ in range(round(asked.count(one) / plans))])


def _verb(asked: str) -> str:
    """Return the verb of a request to the API server, without the kind."""
    return f"{asked.split()[0]}{' (dry run)' if asked.endswith('(dry run)') else ''}"


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
