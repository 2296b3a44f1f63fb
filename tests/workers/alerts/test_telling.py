"""What is told and what is no news, and to whom; nothing is sent here."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import redis

from tests.fixtures import Clock
from tests.workers.alerts.conftest import APP, Teller
from workers import sweep
from workers.alert import MOST_OBJECTS, Kind
from workers.alerts import routes, telling
from workers.apps import App
from workers.context import Context
from workers.errors import LeaseLost
from workers.model import Outcome, Ref, Stage, SyncRecord
from workers.records.alerts import MOST_WAITING
from workers.records.hooks import Missed

A, B = "a" * 40, "b" * 40
WEB, API = Ref("apps", "Deployment", "shop", "web"), Ref("apps", "Deployment", "shop", "api")


def told(context: Context, target: str = "chat") -> list[Kind]:
    """Return the kinds that wait for a target."""
    return [alert.kind for alert, _ in context.records.alerts.waiting(target).alerts]


def ended(context: Context, outcome: Outcome, revision: str = A, stage: Stage = Stage.HEALTH, lease: str = "t") -> None:
    """Record a sync's end as `Run.finish` does."""
    record = SyncRecord("shop", 1, "push", "ada", revision, outcome, "because", stage, 1.0, context.records.clock())
    also = telling.of_sync(context, APP, record)
    context.records.leases.take("app:shop", "t", 10)
    context.records.progress.finish("shop", lease, record, None, [1], {}, also=also)


def test_the_same_app_commit_and_state_is_told_once(teller: Teller, clock: Clock) -> None:
    """Another commit, another stage, or a day later is news."""
    context = teller.targets(chat={})
    ended(context, Outcome.FAILED)
    ended(context, Outcome.FAILED)
    assert told(context) == [Kind.SYNC_FAILED]
    ended(context, Outcome.FAILED, stage=Stage.DIFF)
    ended(context, Outcome.FAILED, revision=B)
    assert len(told(context)) == 3
    clock.forward(86399)
    ended(context, Outcome.FAILED)
    assert len(told(context)) == 3
    clock.forward(1)
    ended(context, Outcome.FAILED)
    assert len(told(context)) == 4
    assert context.records.counts.all()["alerts"] == {"sync failed": 4}
    assert context.records.counts.all()["syncs"] == {"failed": 6}


def test_a_recovery_is_told_after_a_failure_and_only_then(teller: Teller, clock: Clock) -> None:
    """It says since when; then the same failure is news again. An app held back in between has not recovered."""
    context = teller.targets(chat={})
    ended(context, Outcome.SUCCEEDED)
    assert told(context) == []
    ended(context, Outcome.FAILED)
    began = clock()
    clock.forward(90)
    ended(context, Outcome.FAILED, revision=B)
    ended(context, Outcome.HELD)
    ended(context, Outcome.SUCCEEDED)
    ended(context, Outcome.SUCCEEDED)
    assert told(context) == [Kind.SYNC_FAILED, Kind.SYNC_FAILED, Kind.SYNC_RECOVERED]
    assert [since for _, since in context.records.alerts.waiting("chat").alerts] == [0.0, 0.0, began]
    ended(context, Outcome.FAILED)
    assert told(context)[3:] == [Kind.SYNC_FAILED]


def test_who_lost_the_lease_tells_nothing(teller: Teller) -> None:
    """The alert is part of recording the sync's end, and so is the count."""
    context = teller.targets(chat={})
    with pytest.raises(LeaseLost):
        ended(context, Outcome.FAILED, lease="another")
    assert (told(context), context.records.counts.all()) == ([], {})


def test_drift_is_told_by_what_drifted(teller: Teller) -> None:
    """Other objects are news; the repair closes it, and closes what was fought over too."""
    context = teller.targets(chat={})
    assert not telling.drift_repaired(context, APP, A, {WEB: ""})
    assert telling.drift_found(context, APP, A, {WEB: ""})
    assert not telling.drift_found(context, APP, A, {WEB: "changed by kubectl"})
    assert telling.drift_found(context, APP, A, {WEB: "", API: ""})
    assert telling.fought_over(context, APP, A, {WEB: "data changed by kubectl-edit"})
    assert telling.drift_repaired(context, APP, A, {WEB: ""})
    assert not telling.drift_repaired(context, APP, A, {WEB: ""})
    assert telling.drift_found(context, APP, A, {WEB: ""})
    texts = [alert.text for alert, _ in context.records.alerts.waiting("chat").alerts]
    assert texts[1] == "differs from Git: Deployment shop/api; Deployment shop/web"
    assert "by kubectl-edit" in texts[2]


def test_health_lost_is_told_and_health_found_again(teller: Teller) -> None:
    """And shown as a number until then."""
    context = teller.targets(chat={})
    assert not telling.healthy_again(context, APP, A)
    assert telling.degraded(context, APP, A, [WEB], "Deployment shop/web has crashed")
    assert not telling.degraded(context, APP, A, [WEB])
    assert context.records.alerts.open(["shop", "other"], Kind.APP_DEGRADED) == {"shop"}
    assert telling.healthy_again(context, APP, A)
    assert context.records.alerts.open(["shop"], Kind.APP_DEGRADED) == set()


def test_holds_and_silence_have_no_end_to_tell(teller: Teller) -> None:
    """Each is told once for its hold, or its hook, ref and commit."""
    context = teller.targets(chat={})
    assert telling.hold_expired(context, APP, "ada", "release freeze", 5.0)
    assert not telling.hold_expired(context, APP, "ada", "release freeze", 5.0)
    assert telling.hold_expired(context, APP, "ada", "release freeze", 6.0)
    missed = Missed("shop", "refs/heads/main", "main", "your-org/your-repo", A, 1.0)
    assert telling.delivery_silence(context, APP, missed)
    assert not telling.delivery_silence(context, APP, missed)


def test_the_sweep_tells_of_a_silent_hook(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and not for the first commit of an app, of which nobody could have told."""
    monkeypatch.setenv("SECRET", "s" * 20)
    context = teller.targets(chat={})
    hooks = {"hooks": {"main": {"forge": "github", "secrets": ["env:SECRET"]}}}
    settings = type(context.settings).model_validate(context.settings.model_dump() | hooks)
    context = dataclasses.replace(context, settings=settings)
    sweep.compare(context, APP, "refs/heads/main", A)
    assert told(context) == []
    sweep.compare(context, APP, "refs/heads/main", B)
    sweep.compare(context, APP, "refs/heads/main", A)
    assert told(context) == [Kind.DELIVERY_SILENCE]


def test_an_alert_is_bounded_and_holds_no_credential(teller: Teller) -> None:
    """However many objects, however long the words of others."""
    refs = [Ref("", "ConfigMap", "shop", f"c-{number:03}") for number in range(300)]
    alert = telling.made(APP, Kind.DRIFT_FOUND, "s", f"https://ada:hunter22@git/x {'word ' * 500}", 1.0, A, refs)
    assert len(alert.objects) == MOST_OBJECTS
    assert len(alert.text) <= 500
    assert "hunter22" not in alert.text
    assert telling.listed(refs).endswith("and 295 more")


def test_an_outbox_is_bounded_and_counts_what_it_cannot_keep(teller: Teller) -> None:
    """Nothing is dropped silently."""
    context = teller.targets(chat={})
    for number in range(MOST_WAITING + 12):
        telling.drift_found(context, dataclasses.replace(APP, name=f"app-{number}"), A, {WEB: ""})
    waiting = context.records.alerts.waiting("chat")
    assert (len(waiting.alerts), waiting.more) == (MOST_WAITING, {Kind.DRIFT_FOUND: 12})
    assert context.records.alerts.standing("chat").waiting == MOST_WAITING + 12


def test_telling_is_one_round_trip(teller: Teller, redis_client: redis.Redis) -> None:
    """However many targets."""
    context = teller.targets(**{f"chat-{number}": {} for number in range(20)})
    redis_client.config_resetstat()
    telling.drift_found(context, APP, A, {WEB: ""})
    stats: Any = redis_client.info("commandstats")
    assert {name: stat["calls"] for name, stat in stats.items() if "eval" in name} == {"cmdstat_eval": 1}
    assert len(context.records.alerts.due()) == 0
    assert all(told(context, f"chat-{number}") for number in range(20))


def test_redis_that_refuses_stops_nobody(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever found drift goes on."""
    context = teller.targets(chat={})

    def refuse(*_: Any, **__: Any) -> bool:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(context.records.alerts, "tell", refuse)
    assert telling.drift_found(context, APP, A, {WEB: ""}) is False


@pytest.mark.parametrize(
    ("target", "app", "expected"),
    [
        ({}, {}, True),
        ({"apps": ["sh*"]}, {}, True),
        ({"apps": ["other"]}, {}, False),
        ({"apps": ["other"]}, {"alerts": ("chat",)}, True),
        ({"apps": []}, {"alerts": ("pager",)}, False),
        ({"projects": ["team-*"]}, {}, False),
        ({"projects": ["team-*"]}, {"alerts": ("chat",)}, False),
        ({"projects": ["team-*"]}, {"project": "team-a"}, True),
        ({"kinds": ["sync failed"]}, {}, True),
        ({"kinds": ["drift found"]}, {}, False),
    ],
)
def test_a_target_hears_of_its_apps(
    teller: Teller, target: dict[str, Any], app: dict[str, Any], expected: bool
) -> None:
    """By name or because the app names it, but only of its projects and its kinds."""
    context = teller.targets(chat=target)
    mine: App = dataclasses.replace(APP, **app)
    assert ("chat" in routes.routes(context.settings, mine, Kind.SYNC_FAILED)) is expected


def test_every_cluster_has_an_outbox_for_events(teller: Teller) -> None:
    """None for an app whose cluster nobody configured, and none when they are off."""
    on = teller.made({"events": True}).settings
    assert routes.routes(on, APP, Kind.SYNC_FAILED) == {"cluster:test": 0.0}
    assert routes.routes(on, dataclasses.replace(APP, cluster="no"), Kind.SYNC_FAILED) == {}
    assert routes.routes(teller.made({}).settings, APP, Kind.SYNC_FAILED) == {}
