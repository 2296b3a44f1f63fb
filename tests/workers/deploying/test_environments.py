"""What the forge shows of environments follows what is deployed: over real HTTP, with real records."""

from __future__ import annotations

import pytest

from deploy.local.forge import DROP, LOST, Fault, faults
from deploy.local.stack import REPOSITORY
from tests.fakes import github_apps
from tests.workers.deploying.conftest import Desk
from workers import context, deployed, deploying, reporting
from workers.apis import Forge as Account
from workers.apis import Hook
from workers.environments import Place
from workers.model import Commit, Outcome, Report, Stage, State
from workers.records import commits, environments
from workers.records.coding import commit_id

PAGE = "https://shop.example/"


def test_a_sync_is_a_deployment_that_leads_to_its_page(desk: Desk) -> None:
    """With the sentence that the status has, the page of the sync, and the environment's own."""
    desk.declare("web", page=PAGE)
    desk.begin("web", desk.revisions[0])
    desk.settle()
    assert desk.shown() == [(0, ["in progress"])]
    desk.end("web", desk.revisions[0])
    desk.settle()
    assert desk.shown() == [(0, ["in progress", "success"])]
    [made] = desk.forge.state.deployments.all
    if desk.kind == "github":
        last = made.told[-1]
        assert last.description == "web: synced: 1 created; healthy"
        assert last.log_url.startswith("https://hookline.example/apps/web/syncs/3?key=")
        assert last.environment_url == PAGE
        assert (made.production, made.transient, made.creator) == (True, False, "hookline-bot")
    else:
        assert made.ref == "main"
        [environment] = desk.forge.state.deployments.environments
        assert (environment.name, environment.page, environment.state) == ("production", PAGE, "available")
    before = desk.writes()
    desk.end("web", desk.revisions[0], text="synced: no changes; healthy")
    desk.settle()
    assert desk.writes() == before  # the same again is no news


@pytest.mark.parametrize(
    ("outcome", "stage", "word"),
    [
        (Outcome.SUCCEEDED, Stage.HEALTH, "success"),
        (Outcome.FAILED, Stage.APPLY, "failure"),
        (Outcome.FAILED, Stage.HEALTH, "failure"),
        (Outcome.FAILED, Stage.RENDER, "error"),
    ],
)
def test_each_end_has_its_word(desk: Desk, outcome: Outcome, stage: Stage, word: str) -> None:
    """What fails before the first write is an error of the deployment, GitLab's one word for both is ``failed``."""
    desk.declare("web", environment="qa")
    desk.end("web", desk.revisions[1], outcome, stage=stage)
    desk.settle()
    [(at, told)] = desk.shown("qa")
    assert (at, told[-1]) == (1, "failure" if (desk.kind, word) == ("gitlab", "error") else word)


@pytest.mark.parametrize("outcome", [Outcome.NOT_AFFECTED, Outcome.HELD, Outcome.SUPERSEDED])
def test_what_deploys_nothing_is_no_deployment(desk: Desk, outcome: Outcome) -> None:
    """Nothing is asked of the forge, either."""
    desk.declare("web")
    desk.end("web", desk.revisions[0], outcome)
    desk.end("web", desk.revisions[0], silent=True)  # a look at drift
    desk.settle()
    assert desk.forge.calls == []


@pytest.mark.parametrize("outcome", [Outcome.NOT_AFFECTED, Outcome.HELD, Outcome.SUPERSEDED])
def test_a_deployment_that_is_broken_off_has_an_end(desk: Desk, outcome: Outcome) -> None:
    """It is not left in progress; the same commit later is another deployment."""
    desk.declare("web")
    desk.begin("web", desk.revisions[0])
    desk.settle()
    desk.end("web", desk.revisions[0], outcome, text="held until tomorrow")
    desk.settle()
    assert desk.shown() == [(0, ["in progress", "inactive"])]
    desk.end("web", desk.revisions[0])
    desk.settle()
    first, (at, told) = desk.shown()
    assert (first, at, told[-1]) == ((0, ["in progress", "inactive"]), 0, "success")


@pytest.mark.parametrize("was", ["nothing", "in progress", "success"])
def test_what_is_broken_off_before_it_is_shown_is_never_shown(desk: Desk, was: str) -> None:
    """And what it overtook is ended if it is under way; what is deployed stays so."""
    desk.declare("web")
    if was == "in progress":
        desk.begin("web", desk.revisions[0])
    elif was == "success":
        desk.end("web", desk.revisions[0])
    desk.settle()
    before = desk.shown()
    desk.clock.forward(1)
    desk.begin("web", desk.revisions[1])
    desk.end("web", desk.revisions[1], Outcome.HELD, text="held until tomorrow")
    desk.settle()
    assert desk.shown() == ([(0, ["in progress", "inactive"])] if was == "in progress" else before)
    desk.end("web", desk.revisions[1])
    desk.settle()
    assert [(at, told[-1]) for at, told in desk.shown()][-1] == (1, "success")


def test_several_apps_of_one_environment_are_one_deployment(desk: Desk) -> None:
    """It is no success before the last one ended, and one that failed counts until it is well."""
    desk.declare("web", "api", "docs")
    for name in ("web", "api", "docs"):
        desk.ask(name, desk.revisions[0])
    desk.end("web", desk.revisions[0])
    desk.settle()
    assert desk.shown() == [(0, ["in progress"])]
    desk.end("docs", desk.revisions[0], Outcome.NOT_AFFECTED)
    desk.settle()
    assert desk.shown() == [(0, ["in progress"])]
    desk.end("api", desk.revisions[0], Outcome.FAILED, text="apply failed: no", stage=Stage.APPLY)
    desk.settle()
    assert desk.shown() == [(0, ["in progress", "failure"])]
    if desk.kind == "github":
        assert desk.forge.state.deployments.all[0].told[-1].description == "api: apply failed: no"
    desk.end("api", desk.revisions[0])
    desk.settle()
    assert desk.shown() == [(0, ["in progress", "failure", "success"])]


def test_apps_of_two_environments_have_a_deployment_each(desk: Desk) -> None:
    """Of one commit."""
    desk.declare("web", environment="qa")
    desk.declare("shop", environment="staging/eu")
    for name in ("web", "shop"):
        desk.end(name, desk.revisions[2])
    desk.settle()
    assert [told[-1] for name in ("qa", "staging/eu") for _, told in desk.shown(name)] == ["success", "success"]


def test_a_newer_commit_ends_what_is_under_way(desk: Desk) -> None:
    """And what an older sync says afterwards changes nothing: not the time of its end counts, but of its begin."""
    desk.declare("web", "api")
    began = desk.clock()
    desk.begin("web", desk.revisions[0])
    desk.settle()
    desk.clock.forward(5)
    desk.end("api", desk.revisions[1])
    desk.settle()
    newer = ["success"] if desk.kind == "github" else ["in progress", "success"]
    assert desk.shown() == [(0, ["in progress", "inactive"]), (1, newer)]
    desk.end("web", desk.revisions[0], Outcome.FAILED, began=began)
    desk.settle()
    assert desk.shown() == [(0, ["in progress", "inactive"]), (1, newer)]


@pytest.mark.parametrize("environment", ["production", "qa", "review/7"])
def test_one_deployment_is_active_also_after_going_back(desk: Desk, environment: str) -> None:
    """Where GitHub does not end the one before by itself, we do, once the newer one is well."""
    desk.declare("web", environment=environment)
    for at in (0, 1, 0):
        desk.end("web", desk.revisions[at])
        desk.settle()
        last = [told[-1] for _, told in desk.shown(environment)]
        if desk.kind == "github":
            assert [state for state in last if state != "inactive"] == ["success"] == last[-1:]
    assert [at for at, _ in desk.shown(environment)] == [0, 1, 0]
    desk.end("web", desk.revisions[2], Outcome.FAILED)
    desk.settle()
    assert [told[-1] for _, told in desk.shown(environment)][-2:] == ["success", "failure"]


def test_an_environment_ends_with_its_last_app(desk: Desk) -> None:
    """GitHub: inactive; GitLab: stopped. With a new app it comes back."""
    desk.declare("web", "api")
    for name in ("web", "api"):
        desk.end(name, desk.revisions[0])
    desk.settle()
    desk.leave("web")
    desk.settle()
    assert desk.shown()[0][1][-1] == "success"
    desk.leave("api")
    desk.settle()
    if desk.kind == "github":
        assert desk.shown()[0][1][-1] == "inactive"
    else:
        assert [one.state for one in desk.forge.state.deployments.environments] == ["stopped"]
    assert desk.records.redis.keys("hookline:environment:*") == []
    assert desk.records.environments.place_of("web") == ""
    desk.declare("web")
    desk.end("web", desk.revisions[0])
    desk.settle()
    assert [told[-1] for _, told in desk.shown()][-1] == "success"


def test_an_environment_that_never_was_ours_is_left_alone(desk: Desk) -> None:
    """An app that leaves before it was ever deployed ends nothing that others made."""
    desk.forge.state.deployments.place(REPOSITORY, "production")
    desk.declare("web")
    desk.end("web", desk.revisions[0], Outcome.HELD)
    desk.leave("web")
    desk.settle()
    assert desk.forge.calls == []


def test_an_app_that_moves_to_another_environment_leaves_the_first(desk: Desk) -> None:
    """Whether its annotation changed or is gone."""
    desk.declare("web", environment="qa")
    desk.end("web", desk.revisions[0])
    desk.settle()
    desk.declare("web", environment="production")
    desk.end("web", desk.revisions[0])
    desk.settle()
    assert desk.shown("production")[0][1][-1] == "success"
    desk.declare("web", environment="")
    desk.end("web", desk.revisions[0])
    desk.settle()
    if desk.kind == "github":
        assert [desk.shown(name)[0][1][-1] for name in ("qa", "production")] == ["inactive", "inactive"]
    else:
        assert {one.state for one in desk.forge.state.deployments.environments} == {"stopped"}


def test_a_declaration_that_cannot_be_read_ends_nothing(desk: Desk) -> None:
    """It may be a slip."""
    desk.declare("web", environment="qa")
    desk.end("web", desk.revisions[0])
    desk.settle()
    (desk.catalog / "web.yaml").write_text((desk.catalog / "web.yaml").read_text().replace(": qa", ": /qa"))
    desk.context.catalog.refresh()
    assert "hookline.dev/environment" in desk.app("web").fault
    before = desk.writes()
    desk.end("web", "", Outcome.FAILED, text=f"bad declaration: {desk.app('web').fault}", stage=Stage.LOCK)
    desk.settle()
    assert desk.writes() == before


TROUBLES = {
    "429": (faults.too_many(9), 9.0),
    "secondary limit": (faults.secondary_limit(17), 17.0),
    "409": (faults.locked(), 1.0),
    "502": (faults.broken(502), 1.0),
    "reset connection": (DROP, 1.0),
    "answer lost": (LOST, 1.0),
    "missing right": (Fault(403, "Resource not accessible by integration"), 15.0),
}


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("name", TROUBLES)
def test_whatever_breaks_there_is_one_deployment(desk: Desk, name: str, position: int) -> None:
    """At each write: nothing is sent before the forge wants to be asked again, and nothing is told twice."""
    trouble, least = TROUBLES[name]
    at = desk.clock()
    desk.declare("web", environment="qa")
    if position == 0:
        desk.forge.state.talking.add(trouble)
    desk.begin("web", desk.revisions[0])
    desk.settle()
    if position == 1:
        desk.forge.state.talking.add(trouble)
    desk.end("web", desk.revisions[0])
    if position == 2:
        desk.settle()
        desk.forge.state.talking.add(trouble)
        desk.end("web", desk.revisions[0], Outcome.FAILED)
    looks = desk.settle()
    assert desk.shown("qa") == [(0, ["in progress", "success", *["failure"] * (position == 2)])]
    assert desk.clock() - at >= least
    assert looks <= 4


def test_a_missing_right_is_said_and_holds_up_no_status(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Deployments wait for a person; the statuses of the same repository go on being written."""
    desk.declare("web")
    desk.forge.state.talking.add(*[Fault(403, "Resource not accessible by integration")] * 2)
    desk.end("web", desk.revisions[0])
    desk.publish()
    said = capsys.readouterr().out
    assert "deployment not written yet" in said
    assert ("Deployments: read and write" if desk.kind == "github" else "the role Developer") in said
    commit = Commit("main", REPOSITORY, desk.revisions[0], "refs/heads/main")
    with desk.records.redis.pipeline() as pipe:
        commits.say(pipe, "web", {commit: Report(State.SUCCESS, "synced", 3)})
        pipe.execute()
    reporting.publish(desk.context, commit_id(commit))
    assert desk.records.commits.dirty(9e9) == []
    assert {one.context for one in desk.forge.statuses(sha=commit.revision)} == {"hookline", "hookline/web"}
    assert desk.shown() == []
    desk.settle()
    assert desk.shown()[0][1][-1] == "success"


@pytest.mark.parametrize("standing", ["github"], indirect=True)
@pytest.mark.parametrize("may", [True, False])
def test_an_app_needs_the_permission(
    desk: Desk, may: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token of its own is made for deployments: without the permission check runs are written as ever."""
    app = github_apps.register(desk.forge)
    granted = {"checks": "write", "metadata": "read", **({"deployments": "write"} if may else {})}
    desk.forge.state.apps.install(app, "your-org", granted)
    monkeypatch.setenv("KEY", github_apps.key()[0])
    told = {"kind": "github", "api": desk.forge.api, "app": {"id": app.client_id, "key": "env:KEY"}}
    settings = desk.context.settings.model_copy(update={"forges": {"it": Account.model_validate(told)}})
    desk.context = context.create(settings, desk.records, desk.context.counter)
    desk.declare("web")
    revision = desk.revisions[4 + may]  # no App changes another's check run
    desk.end("web", revision)
    desk.publish()
    commit = Commit("main", REPOSITORY, revision, "refs/heads/main")
    with desk.records.redis.pipeline() as pipe:
        commits.say(pipe, "web", {commit: Report(State.SUCCESS, "synced", 3)})
        pipe.execute()
    reporting.publish(desk.context, commit_id(commit))
    desk.context.http.close()
    client = desk.context.accounts.named("it", REPOSITORY).client
    assert client is not None
    client.close()
    assert desk.records.commits.dirty(9e9) == []
    assert [told[-1] for _, told in desk.shown()] == ["success"] * may
    assert ("lacks the permission to write deployments" in capsys.readouterr().out) is not may


def test_a_commit_that_is_gone_is_left_alone(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a forced push: it is tried and told once. The next commit is deployed as ever."""
    desk.declare("web")
    desk.end("web", "e" * 40)
    assert desk.settle() == 1
    assert capsys.readouterr().out.count("deployment refused") == 1
    desk.end("web", "e" * 40, text="again")
    desk.settle()
    assert len(desk.writes()) == 1
    desk.end("web", desk.revisions[3])
    desk.settle()
    assert [(at, told[-1]) for at, told in desk.shown()] == [(3, "success")]


def test_a_hook_that_leaves_the_configuration_leaves_nothing_in_progress(desk: Desk) -> None:
    """The account it was told with goes on; without any, it is left until there is one."""
    desk.declare("web")
    desk.begin("web", desk.revisions[0])
    desk.settle()
    hooks = dict(desk.context.settings.hooks)
    name = Place("main", REPOSITORY, "production").name
    with desk.records.redis.pipeline() as pipe:
        environments.leave(pipe, name, "web")
        pipe.execute()
    desk.context.settings.hooks.clear()
    try:
        desk.settle()
    finally:
        desk.context.settings.hooks.update(hooks)
    assert desk.shown() == [(0, ["in progress", "inactive"])]


def test_an_environment_whose_account_is_gone_is_forgotten_with_its_last_app(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until then it waits for an account; what nobody can end is said once."""
    desk.declare("web")
    desk.end("web", desk.revisions[0])
    settings, name = desk.context.settings, Place("main", REPOSITORY, "production").name
    held = dict(settings.forges)
    settings.forges.clear()
    try:
        desk.publish()
        assert "deployment not written yet" in capsys.readouterr().out
        with desk.records.redis.pipeline() as pipe:
            environments.leave(pipe, name, "web")
            pipe.execute()
        assert desk.settle() == 1
    finally:
        settings.forges.update(held)
    assert "deployment not ended" in capsys.readouterr().out
    assert desk.records.redis.keys("hookline:environment:*") == []
    assert desk.forge.calls == []


def test_one_worker_tells_at_a_time(desk: Desk) -> None:
    """Whoever comes meanwhile leaves it to the other, and what was said meanwhile is told by that one."""
    desk.declare("web")
    desk.end("web", desk.revisions[0])
    name = Place("main", REPOSITORY, "production").name
    desk.records.leases.take(f"environment:{name}", "somebody", 60)
    deploying.publish(desk.context, name)
    assert desk.forge.calls == []
    desk.records.leases.release(f"environment:{name}", "somebody")
    desk.settle()
    assert desk.shown()[0][1][-1] == "success"


@pytest.mark.parametrize("kind", ["gitea", "forgejo", "bitbucket", "bitbucket-data-center"])
@pytest.mark.parametrize("standing", ["github"], indirect=True)
def test_a_forge_without_deployments_is_not_asked(desk: Desk, kind: str) -> None:
    """It is a warning of ``hookline check``, and nothing else."""
    desk.declare("web")
    hooks = dict(desk.context.settings.hooks)
    desk.context.settings.hooks["main"] = Hook.model_validate({"forge": kind, "secrets": ["env:SECRET"]})
    try:
        place, why = deployed.place_of(desk.context.settings, desk.app("web"))
        desk.end("web", desk.revisions[0])
    finally:
        desk.context.settings.hooks.update(hooks)
    assert (place, why) == (None, f"{kind} has no deployments")
    assert desk.records.environments.due(9e9) == []


def test_what_no_forge_shows_says_why(desk: Desk) -> None:
    """No hook, or no account."""
    desk.declare("web")
    app, settings = desk.app("web"), desk.context.settings
    assert deployed.place_of(settings, app)[0] == Place("main", REPOSITORY, "production")
    assert "no account" in deployed.place_of(settings.model_copy(update={"forges": {}}), app)[1]
    assert "no hook" in deployed.place_of(settings.model_copy(update={"hooks": {}}), app)[1]
