"""Every outcome at every kind of forge: an end, what went wrong in the room a forge has, and the link to the sync.

The sentences are made by the code that makes them in a sync, of names as long as real ones are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.workers.reporting.conftest import WORDS
from tests.workers.test_gate import always, hold
from workers import gate, holds, outcomes
from workers.apps import App
from workers.errors import BadDocument, HealthFailed, HooklineError, RenderFailed
from workers.forges import FORGES, bitbucket, bitbucket_data_center, gitea, github, gitlab
from workers.forges.http import Call
from workers.git.mirror import Mirror
from workers.health import worst
from workers.kube import refusals
from workers.kube.sentences import About
from workers.kube.status import Cause, Said
from workers.model import Commit, Outcome, Ref, Rendered, Report, Request, Stage, State, Status, Verdict, Why
from workers.projects import Project
from workers.run import Run
from workers.stages import fetch, report
from workers.standing import Standing

NOW = 1_800_000_000.0
A, B = "a" * 40, "b" * 40
APP = App("checkout", "https://github.com/your-org/your-repo.git", "apps/checkout", "main", "apps.yaml", 12)
COMMIT = Commit("main", "your-org/your-repo", A, "refs/heads/main")
PUSH = Request("checkout", 7, Why.PUSH, "ada", NOW, "refs/heads/main", A, "d", COMMIT)
OBJECT = Ref("apps", "Deployment", "production", "checkout-service")
ABOUT = About("patch", "Deployment", "production", "checkout-service")
LINK = "https://hookline.example/apps/checkout/syncs/7?key=" + "0" * 32

Sent = Callable[[Commit, Status], dict[str, str]]


def to_gitea(commit: Commit, status: Status) -> dict[str, str]:
    """Return what Gitea and Forgejo are sent."""
    return cast(dict[str, str], gitea.request(commit, status).body)


def sent_by(request: Callable[[str, Commit, Status], Call], api: str) -> Sent:
    """Return what a Bitbucket is sent, under the names the others use; a key is what names a status there."""

    def sent(commit: Commit, status: Status) -> dict[str, str]:
        body = cast(dict[str, str], request(api, commit, status).body)
        assert len(body["url"]) <= bitbucket.URL_LIMIT
        return {**body, "context": body["key"], "target_url": body["url"]}

    return sent


SHOWN: dict[str, tuple[Sent, int]] = {
    "github": (lambda commit, status: cast(dict[str, str], github.request(commit, status).body), 140),
    "gitlab": (gitlab.fields, 255),
    "gitea": (to_gitea, 255),
    "forgejo": (to_gitea, 255),
    "bitbucket": (sent_by(bitbucket.request, "https://api.bitbucket.org/2.0"), 255),
    "bitbucket-data-center": (sent_by(bitbucket_data_center.request, "https://git.example/rest"), 255),
}
"""What a forge of each kind is sent, and how long its texts may be; a row more for each kind more."""


def failed(stage: Stage, error: HooklineError) -> str:
    """Return what a sync says that ended with an error."""
    return Run.failure(cast(Run, SimpleNamespace(stage=stage)), error)


def refused(code: int, message: str, *causes: Cause) -> str:
    """Return what a sync says of an object the API server refused."""
    return failed(Stage.APPLY, refusals.of(Said(code, message, causes=causes), ABOUT))


def raised(act: Callable[[], Any], stage: Stage) -> str:
    """Return what a sync says that ended with what ``act`` raises."""
    with pytest.raises(HooklineError) as caught:
        act()
    return failed(stage, caught.value)


def closed(app: App, standing: Standing) -> str:
    """Return what the gate says."""
    found = gate.closed(app, PUSH, standing)
    assert found is not None
    return found.text


def without_branch() -> Mirror:
    """A mirror of a repository whose branch was deleted."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("has", "fetched_at", "fetch", "resolve", "looked_lately"), lambda *_, **__: None
    )
    return cast(Mirror, SimpleNamespace(**nothing | {"fetched_at": lambda: 0.0}))


UNHEALTHY = worst([(OBJECT, Verdict(done=True, ok=False, message="its rollout exceeded its progress deadline"))])
SLOW = worst([(OBJECT, Verdict(done=False, ok=False, message="1 of 3 replicas is available"))])
BY_HAND, AUTO = APP, replace(APP, automated=True)
POLICY = Project("shop", "project.yaml", 3, kinds=())


@dataclass(frozen=True)
class End:
    """How a sync ended, and what a person has to see of it."""

    outcome: Outcome
    text: str
    state: State
    seen: tuple[str, ...]
    revision: str = A
    includes: bool = True
    ref: str = ""


FAILURE, SUCCESS = State.FAILURE, State.SUCCESS
ENDS = {
    "succeeded": End(
        Outcome.SUCCEEDED, "synced: 1 configured; 3 objects are healthy", SUCCESS, ("synced: 1 configured", "healthy")
    ),
    "failed: render": End(
        Outcome.FAILED,
        failed(Stage.RENDER, RenderFailed("kustomize refused apps/checkout: no such file: ../base/kustomization.yaml")),
        FAILURE,
        ("render failed", "apps/checkout", "no such file: ../base/kustomization.yaml"),
    ),
    "failed: document": End(
        Outcome.FAILED,
        failed(Stage.RENDER, BadDocument("a key is there twice: spec", "apps/checkout/deployment.yaml", 17)),
        FAILURE,
        ("render failed", "apps/checkout/deployment.yaml:17", "a key is there twice: spec"),
    ),
    "failed: validation": End(
        Outcome.FAILED,
        refused(422, "is invalid", Cause("FieldValueInvalid", "Invalid value: -1: must be >= 0", "spec.replicas")),
        FAILURE,
        ("apply failed", str(OBJECT), "spec.replicas", "-1"),
    ),
    "failed: conflict": End(
        Outcome.FAILED,
        refused(409, "", Cause("FieldManagerConflict", 'conflict with "kubectl-edit" using apps/v1', ".spec.replicas")),
        FAILURE,
        ("apply failed", str(OBJECT), "kubectl-edit owns spec.replicas"),
    ),
    "failed: permission": End(
        Outcome.FAILED,
        refused(
            403,
            'deployments.apps "checkout-service" is forbidden: User "system:serviceaccount:hookline:hookline" cannot '
            'patch resource "deployments" in API group "apps" in the namespace "production"',
        ),
        FAILURE,
        ("apply failed", "forbidden", str(OBJECT), "cannot patch deployments"),
    ),
    "failed: health": End(
        Outcome.FAILED,
        failed(Stage.HEALTH, HealthFailed(UNHEALTHY.message)),
        FAILURE,
        ("health failed", str(OBJECT), "exceeded its progress deadline"),
    ),
    "failed: timeout": End(
        Outcome.FAILED,
        failed(Stage.HEALTH, HealthFailed(f"not healthy in time: {SLOW.message}")),
        FAILURE,
        ("not healthy in time", str(OBJECT), "1 of 3 replicas"),
    ),
    "failed: policy": End(
        Outcome.FAILED,
        raised(
            lambda: gate.allow_objects(APP, POLICY, [Rendered(OBJECT, {}, "apps/checkout/all.yaml", 1)]), Stage.DIFF
        ),
        FAILURE,
        ("diff failed", "project shop does not allow", str(OBJECT)),
    ),
    "branch deleted": End(
        Outcome.FAILED,
        raised(lambda: fetch.tree(without_branch(), APP, PUSH), Stage.FETCH),
        FAILURE,
        ("fetch failed", "your-org/your-repo", "has no branch, tag or commit main"),
        revision="",
    ),
    "superseded": End(
        Outcome.SUCCEEDED, "synced: no changes", SUCCESS, ("superseded: included in bbbbbbb",), revision=B
    ),
    "superseded by a failure": End(
        Outcome.FAILED,
        failed(Stage.HEALTH, HealthFailed(UNHEALTHY.message)),
        FAILURE,
        ("superseded: included in bbbbbbb", "health failed", str(OBJECT)),
        revision=B,
    ),
    "forced away": End(
        Outcome.SUCCEEDED,
        "synced: no changes",
        FAILURE,
        ("superseded: the branch moved to bbbbbbb", "does not include this commit"),
        revision=B,
        includes=False,
    ),
    "held": End(
        Outcome.HELD,
        closed(AUTO, Standing(NOW, holds=(hold(),))),
        SUCCESS,
        ("held until", "UTC by ada: the database moves"),
        revision="",
    ),
    "held object": End(
        Outcome.SUCCEEDED,
        f"synced: no changes; 3 objects are healthy; {holds.sentence(hold(thing='Deployment/checkout'), NOW)}",
        SUCCESS,
        ("synced", "held until"),
    ),
    "waits for approval": End(
        Outcome.HELD,
        closed(BY_HAND, Standing(NOW)),
        SUCCESS,
        ("aaaaaaa waits for approval", "hookline approve checkout"),
        revision="",
    ),
    "waits for a window": End(
        Outcome.HELD,
        closed(AUTO, Standing(NOW, windows=(always(),))),
        SUCCESS,
        ("waits for a sync window of project default", "closed by"),
        revision="",
    ),
    "suspended": End(
        Outcome.HELD,
        closed(replace(AUTO, suspended="spec.suspend is set"), Standing(NOW)),
        SUCCESS,
        ("not synced: spec.suspend is set",),
        revision="",
    ),
    "not affected": End(
        Outcome.NOT_AFFECTED, "not affected: nothing checkout reads has changed", SUCCESS, ("not affected: nothing",)
    ),
    "another branch": End(
        Outcome.SUCCEEDED,
        "synced: no changes",
        SUCCESS,
        ("not affected: the app follows refs/heads/stable, not refs/heads/main",),
        revision=B,
        ref="refs/heads/stable",
    ),
    "app removed": End(
        Outcome.NOT_AFFECTED,
        "no longer declared in the catalog: nothing was changed",
        SUCCESS,
        ("no longer declared",),
        revision="",
    ),
}


def told(end: End) -> Report:
    """Return what the pushed commit is told."""
    return outcomes.reports([PUSH], end.outcome, end.text, end.revision, None, lambda _: end.includes, end.ref, "", 7)[
        COMMIT
    ]


@pytest.mark.parametrize("kind", sorted(SHOWN))
@pytest.mark.parametrize("name", ENDS)
def test_what_a_person_sees_of_an_end(name: str, kind: str) -> None:
    """A final state, the app, the object and the reason before the cut, and the sync's page."""
    end, (sent, limit) = ENDS[name], SHOWN[kind]
    statuses = report.wanted({"checkout": told(end)}, lambda _app, number: LINK if number == 7 else "")
    for status, context in zip(statuses, ("hookline", "hookline/checkout"), strict=True):
        body = sent(COMMIT, status)
        assert body["state"] == WORDS[kind][end.state]
        assert len(body["description"]) <= limit
        assert body.get("context", body.get("name")) == context
        assert body["target_url"] == LINK
        for words in end.seen:
            assert words in body["description"]
    assert sent(COMMIT, statuses[0])["description"].startswith("checkout: ")


def test_the_table_has_every_outcome_and_no_end_is_pending() -> None:
    """A new outcome gets a row; that it was overtaken is said by the sync of the newer commit."""
    assert {end.outcome for end in ENDS.values()} | {Outcome.SUPERSEDED} == set(Outcome)
    assert set(outcomes.STATES) == set(Outcome)
    assert State.PENDING not in outcomes.STATES.values()
    assert SHOWN.keys() == WORDS.keys() == FORGES.keys()
