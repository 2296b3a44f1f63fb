"""What `/metrics` tells, and whom."""

from __future__ import annotations

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from receiver import app, edge
from tests.receiver.conftest import encoded, push, signed
from workers import context
from workers.alert import Kind
from workers.alerts import telling
from workers.errors import BadConfiguration
from workers.model import Outcome, Ref, Stage, SyncRecord
from workers.records.hooks import Missed
from workers.records.mirrors import Held
from workers.records.repairs import Note
from workers.settings import Settings

TOKEN = {"authorization": "Bearer scrape-me-1"}
WEB = Ref("apps", "Deployment", "default", "web")


@pytest.fixture
def held(settings: Settings, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> edge.Edge:
    """An edge with a token for scrapes and a target of alerts."""
    monkeypatch.setenv("SCRAPE", "scrape-me-1")
    monkeypatch.setenv("CHAT", "json://127.0.0.1:9/")
    given = settings.model_dump()
    given["edge"]["metrics_token"] = "env:SCRAPE"
    given["alerts"]["targets"] = {"chat": {"url": "env:CHAT"}}
    return edge.create(Settings.model_validate(given))


def scraped(client: TestClient) -> dict[str, float]:
    """Scrape; return each sample by name and labels."""
    answer = client.get("/metrics", headers=TOKEN)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    return {
        f"{sample.name}{sorted(sample.labels.items()) if len(sample.labels) > 1 else list(sample.labels.values())}": (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def ended(held: edge.Edge, outcome: Outcome) -> None:
    """Record a sync's end as a worker does."""
    records, mine = held.records, held.catalog.index().apps["myapp"]
    records.leases.take("app:myapp", "t", 10)
    record = SyncRecord("myapp", 1, "push", "ada", "a" * 40, outcome, "because", Stage.DIFF, 1.0, 2.0)
    also = telling.of_sync(worker(held), mine, record)
    records.progress.finish("myapp", "t", record, None, [1], {}, also=also)


def worker(held: edge.Edge) -> context.Context:
    """A worker of the same configuration and records."""
    return context.create(held.settings, held.records, held.counter)


def test_every_number_is_there(held: edge.Edge, client: TestClient) -> None:
    """Counted by whichever process, read by whichever replica."""
    before = scraped(client)
    assert before["hookline_syncs_total['failed']"] == 0
    assert before["hookline_app_info[('app', 'myapp'), ('outcome', 'none'), ('project', 'default')]"] == 1
    assert not any(name.startswith("hookline_delivery_age_seconds") for name in before)
    body = encoded(push())
    assert client.post("/hooks/github", content=body, headers=signed(body)).status_code == 202
    assert scraped(client)["hookline_app_behind['myapp']"] == 1
    assert scraped(client)["hookline_queue_length['merge']"] == 1
    ended(held, Outcome.FAILED)
    ended(held, Outcome.SUCCEEDED)
    held.records.repairs.judged("myapp", {WEB: Note("is missing", 1.0)}, {})
    held.records.hooks.miss(Missed("myapp", "refs/heads/main", "github", "your-org/your-repo", "c" * 40, 1.0))
    telling.degraded(worker(held), held.catalog.index().apps["myapp"], "", [WEB])
    held.records.alerts.failed("chat", "because", lambda _: 0.0)
    after = scraped(client)
    assert after["hookline_syncs_total['failed']"] == after["hookline_syncs_total['succeeded']"] == 1
    counted = {kind: after[f"hookline_alerts_total['{kind.value}']"] for kind in Kind}
    told = (Kind.SYNC_FAILED, Kind.APP_DEGRADED, Kind.SYNC_RECOVERED)
    assert counted == dict.fromkeys(Kind, 0) | dict.fromkeys(told, 1)
    assert after["hookline_alert_failures_total['chat']"] == 1
    assert after["hookline_alerts_waiting['chat']"] == 3
    assert after["hookline_app_info[('app', 'myapp'), ('outcome', 'succeeded'), ('project', 'default')]"] == 1
    assert (after["hookline_drift_objects['myapp']"], after["hookline_app_degraded['myapp']"]) == (1, 1)
    assert (after["hookline_app_behind['myapp']"], after["hookline_hook_missed['github']"]) == (0, 1)
    assert 0 <= after["hookline_delivery_age_seconds['github']"] < 60


def test_a_stranger_learns_nothing(held: edge.Edge, client: TestClient) -> None:
    """Not the name of an app; a wrong token is refused."""
    for headers in ({}, {"authorization": "Bearer scrape-me-2"}, {"authorization": "scrape-me-1"}):
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 401
        assert "myapp" not in answer.text


def test_without_a_token_there_is_no_such_path(settings: Settings, redis_client: redis.Redis) -> None:
    """Off unless somebody wants it; a token that cannot be read stops the start."""
    with TestClient(app.create(edge.create(settings))) as client:
        assert client.get("/metrics", headers=TOKEN).json() == client.get("/nothing").json()
    given = settings.model_dump()
    given["edge"]["metrics_token"] = "env:NOT_SET"
    with pytest.raises(BadConfiguration, match="NOT_SET"):
        edge.create(Settings.model_validate(given))


def test_mirrors_are_told_of_by_machine_until_it_is_silent_for_a_day(
    held: edge.Edge, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = held.clock()
    held.records.mirrors.note("one", Held(3, 500, 200, 400), now)
    held.records.mirrors.note("two", Held(1, 7, 0, 0), now - 25 * 3600)
    held.records.counts.add("mirror_upkeep", "evicted")
    found = scraped(client)
    assert {name: value for name, value in found.items() if "mirror" in name and value} == {
        "hookline_mirror_upkeep_total['evicted']": 1,
        "hookline_mirrors_count['one']": 3,
        "hookline_mirrors_size['one']": 500,
        "hookline_mirrors_in_use['one']": 200,
        "hookline_mirrors_budget['one']": 400,
    }
