"""The command line on real records: what it prints, what it exits with, and that every command shows an example."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.main import get_command
from typer.testing import CliRunner, Result

from deploy.local.forge import Forge
from receiver import edge, webhooks
from tests.receiver.conftest import KEY, SECRET
from tests.receiver.serving import configuration, signed_push
from workers import configuration as configurations
from workers import embedded, tokens
from workers.alert import Alert, Kind
from workers.cli import app
from workers.model import Outcome, Ref, Stage, SyncRecord
from workers.records import connect
from workers.records.hooks import Missed
from workers.records.repairs import Note, Repaired

A = "a" * 40


@pytest.fixture
def config(tmp_path: Path, redis_data: Path, redis_client: redis.Redis) -> Path:
    """A configuration with one app, on empty records."""
    assert redis_client.dbsize() == 0
    return configuration(tmp_path, f"unix://{embedded.socket_of(redis_data)}", 8080)


def run(config: Path, *arguments: str) -> Result:
    """Run ``hookline``; no secret is ever in what it prints."""
    done = CliRunner().invoke(app, [*arguments, "--config", str(config)], env={"COLUMNS": "200"})
    assert SECRET not in done.output
    assert KEY not in done.output
    return done


def printed(config: Path, *arguments: str) -> Any:
    """Run with ``--json`` and return what it says."""
    done = run(config, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def deliver(config: Path, ref: str = "refs/heads/main", after: str = A) -> str:
    """Take a push in as the web process does; return the delivery's id."""
    held = edge.create(configurations.load(config))
    body, headers = signed_push(after, ref)
    read = webhooks.understood(held, "github", headers, body)
    assert read is not None
    webhooks.settle(held, "github", *read)
    return f"github:{headers['x-github-delivery']}"


def end(config: Path, number: int, outcome: Outcome) -> None:
    """End the app's requests."""
    records = connect(configurations.load(config))
    assert records.leases.take("app:myapp", "t", 10)
    record = SyncRecord("myapp", number, "push", "ada", A, outcome, "because", Stage.REPORT, 1.0, 2.0)
    records.progress.finish("myapp", "t", record, None, list(range(1, number + 1)), {})
    records.leases.release("app:myapp", "t")


@pytest.mark.parametrize("name", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_every_command_s_help_shows_an_example(name: str) -> None:
    """Somebody is always there for the first time."""
    done = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert (done.exit_code, re.search(rf"Examples?: .*\bhookline {name}\b", done.stdout) is not None) == (0, True)


def test_a_good_configuration_is_fine(config: Path) -> None:
    """Exit code 0, the number of apps, and a warning that nobody would get statuses."""
    found = printed(config, "check")
    assert (found["ok"], found["apps"], found["problems"]) == (True, 1, [])
    assert "no forge of kind github is configured" in found["warnings"][0]


def test_plans_with_credentials_that_may_write_are_warned_of(config: Path) -> None:
    """Once for each cluster of an app; not where plans are off, have an identity, or nobody could show them."""
    text = config.read_text()
    forge = "forges: {it: {kind: github, api: 'https://api.github.com', token: 'env:HOME'}}\n"
    clusters = "clusters: {here: {kubeconfig: a}, idle: {kubeconfig: b}}\n"
    config.write_text(text + forge + clusters)
    [said] = [one for one in printed(config, "check")["warnings"] if ".plans" in one]
    assert said.startswith("clusters.here.plans: hooks.github plan pull requests with the cluster's own credentials")
    for more, hook in (
        (forge + clusters.replace("kubeconfig: a", "kubeconfig: a, plans: {user: planner}"), "forge: github"),
        (forge + clusters, "forge: github\n    plans: false"),
        (clusters, "forge: github"),
    ):
        config.write_text(text.replace("forge: github", hook) + more)
        assert not [one for one in printed(config, "check")["warnings"] if ".plans" in one]


def test_the_forge_is_asked_for_the_right_to_plan_where_that_is_wished(config: Path, tmp_path: Path) -> None:
    """It is a problem to have none: nothing is asked otherwise, and no token is repeated."""
    with Forge(tmp_path / "forge") as forge:
        forge.create("your-org/your-repo")
        (tmp_path / "token").write_text("nobody-knows-me")
        account = f"forges: {{it: {{kind: github, api: '{forge.api}', token: 'file:{tmp_path / 'token'}'}}}}\n"
        config.write_text(config.read_text() + account)
        assert printed(config, "check")["problems"] == []
        assert forge.calls == []
        done = run(config, "check", "--ask")
        assert (done.exit_code, "nobody-knows-me" in done.output) == (1, False)
        assert "hooks.github.plans: " in done.output
        (tmp_path / "token").write_text(forge.token)
        assert printed(config, "check", "--ask")["problems"] == []


def test_what_is_wrong_is_named_with_file_line_and_field(config: Path) -> None:
    """A configuration's field and an app's."""
    config.write_text(config.read_text().replace("forge: github", "forge: githup"))
    done = run(config, "check")
    assert done.exit_code == 1
    assert "hooks.github.forge" in done.output.replace("\n", "")


def test_a_health_check_that_does_not_compile_fails_the_check(config: Path) -> None:
    """With file and line; a folder that is missing is named, too."""
    folder = config.parent / "checks" / "example.com" / "Widget"
    folder.mkdir(parents=True)
    (folder / "health.lua").write_text("local hs = {}\nreturn hs }\n")
    config.write_text(config.read_text() + "health: {folders: [checks, none]}\n")
    done = run(config, "check")
    assert done.exit_code == 1
    assert "checks/example.com/Widget/health.lua:2: <eof> expected near '}' (Lua)" in done.output
    assert "none: no such folder" in done.output


def test_an_app_s_fault_fails_the_check(config: Path) -> None:
    """The author sees it before the push."""
    path = config.parent / "catalog" / "myapp.yaml"
    path.write_text(path.read_text().replace("prune: true", "prune: sometimes"))
    done = run(config, "check", "--json")
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (1, False)
    assert "spec.syncPolicy.automated.prune" in done.stdout


def test_a_redis_url_that_is_none_is_a_sentence(config: Path) -> None:
    """And what it leads to is not repeated."""
    (config.parent / "redis-url").write_text("postgres://user:very-secret@host/db")
    done = run(config, "status")
    assert (done.exit_code, "no URL of Redis" in done.output, "very-secret" in done.output) == (1, True, False)


def test_status_says_how_far_each_app_is(config: Path) -> None:
    """Nothing yet, waiting, done; an unknown app is an error that says where to look."""
    assert run(config, "status").exit_code == 0
    deliver(config)
    assert "myapp" in run(config, "status").stdout
    end(config, 1, Outcome.SUCCEEDED)
    assert printed(config, "status", "myapp")["syncs"][0]["outcome"] == "succeeded"
    assert run(config, "status", "another").exit_code == 1


def test_sync_asks_and_is_audited(config: Path) -> None:
    """Ahead of the queue, with who and why."""
    assert run(config, "sync", "myapp", "--reason", "production burns").exit_code == 0
    [entry] = printed(config, "audit")
    assert (entry["action"], entry["app"], entry["reason"]) == ("sync", "myapp", "production burns")
    assert "production burns" in run(config, "audit").stdout
    assert run(config, "sync", "another").exit_code == 1


def test_a_minted_token_is_one_the_edge_takes(config: Path) -> None:
    """For its scopes and apps, and no longer than asked for."""
    done = run(config, "token", "--sub", "ci", "--scope", "sync", "--app", "myapp", "--for", "10m")
    assert done.exit_code == 0, done.output
    issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: KEY)
    claims = tokens.verify(f"Bearer {done.stdout.strip().split()[-1]}", [issuer], time.time())
    assert (claims.subject, claims.allows("sync", "myapp"), claims.allows("sync", "b")) == ("ci", True, False)
    assert run(config, "token", "--sub", "ci", "--app", "myapp", "--for", "always").exit_code != 0


def test_deliveries_say_what_became_of_them(config: Path) -> None:
    """In a list, one in full, and as JSON."""
    assert "no delivery is on record" in run(config, "deliveries").stdout
    taken, other = deliver(config), deliver(config, "refs/heads/other")
    text = run(config, "deliveries").stdout
    assert "no app follows refs/heads/other" in text
    assert "myapp: waiting" in text
    assert [one["id"] for one in printed(config, "deliveries", "--app", "myapp")["deliveries"]] == [taken]
    assert "branch: it follows main, not other" in run(config, "deliveries", other).stdout
    assert printed(config, "deliveries", other)["not_matched"] == {"myapp": "branch: it follows main, not other"}
    assert run(config, "deliveries", "github:none").exit_code == 1


def test_a_replay_tries_what_failed_and_nothing_else(config: Path) -> None:
    """By the rules of a redelivery, and audited."""
    taken, other = deliver(config), deliver(config, "refs/heads/other")
    end(config, 1, Outcome.SUCCEEDED)
    assert "nothing newer is wanted" in run(config, "replay", taken).stdout
    assert "nothing to do: no app follows" in run(config, "replay", other).output
    end(config, 1, Outcome.FAILED)
    assert printed(config, "replay", taken)["requests"] == {"myapp": 2}
    assert printed(config, "audit")[0]["action"] == "replay"


def test_hooks_say_who_was_heard_and_who_is_silent(config: Path) -> None:
    """Never heard, heard, not delivering."""
    assert "never heard" in run(config, "hooks").stdout
    deliver(config)
    assert "last heard" in run(config, "hooks").stdout
    records = connect(configurations.load(config))
    records.hooks.miss(Missed("myapp", "refs/heads/main", "github", "your-org/your-repo", "c" * 40, 1.0))
    done = run(config, "hooks").stdout
    assert "not delivering" in done
    assert "refs/heads/main of your-org/your-repo moved to ccccccc untold" in done
    assert printed(config, "hooks")["hooks"][0]["missed"][0]["app"] == "myapp"


def alerting(config: Path, url: str) -> None:
    """Configure one target of alerts."""
    (config.parent / "chat-url").write_text(url)
    chat = f"alerts: {{targets: {{chat: {{url: 'file:{config.parent / 'chat-url'}'}}}}}}\n"
    config.write_text(config.read_text() + chat)


def test_alerts_say_how_each_target_is_doing(config: Path) -> None:
    """Never heard, failing with a reason, and what waits."""
    assert "no target is configured" in run(config, "alerts").output
    alerting(config, "json://127.0.0.1:9/")
    assert "never" in run(config, "alerts").stdout
    records = connect(configurations.load(config))
    records.alerts.tell(Alert(Kind.DRIFT_FOUND, "myapp", "default", A, "s", "differs", 1.0), {"chat": 0.0}, 60)
    records.alerts.failed("chat", "the service is away", lambda _: 2.0)
    assert "failed 1 times in a row: the service is away" in run(config, "alerts").stdout
    found = {one["target"]: one for one in printed(config, "alerts")["targets"]}
    assert (found["chat"]["waiting"], found["chat"]["failures"]) == (1, 1)
    assert "cluster:in-cluster" in found


def test_a_target_can_be_tested_and_its_url_is_checked(config: Path) -> None:
    """Exit code 1 and a sentence when it does not take the message; the URL is nowhere in it."""
    alerting(config, "json://user:ToKeN-1@127.0.0.1:9/")
    assert printed(config, "check")["problems"] == []
    done = run(config, "alerts", "test", "chat")
    assert (done.exit_code, "ToKeN-1" in done.output) == (1, False)
    assert "chat: " in done.output
    assert run(config, "alerts", "test", "another").exit_code == 1
    (config.parent / "chat-url").write_text("slck://ToKeN-1")
    done = run(config, "check")
    assert (done.exit_code, "ToKeN-1" in done.output) == (1, False)
    assert "alerts.targets.chat.url: what file:" in done.output


def test_an_app_that_names_an_unknown_target_is_warned_of(config: Path) -> None:
    """And so is one that subscribes to Argo CD's notifications."""
    path = config.parent / "catalog" / "myapp.yaml"
    before = path.read_text()
    path.write_text(before.replace("name: myapp", "name: myapp\n  annotations: {hookline.dev/alerts: pager}", 1))
    assert any("no target is called pager" in text for text in printed(config, "check")["warnings"])
    subscribed = "notifications.argoproj.io/subscribe.on-sync-failed.slack: ops"
    path.write_text(before.replace("name: myapp", f"name: myapp\n  annotations: {{{subscribed}}}", 1))
    assert any("hookline.dev/alerts" in text for text in printed(config, "check")["warnings"])


def test_drift_shows_what_differs_and_what_was_put_back(config: Path) -> None:
    """Of all apps only what drifted; of one app its repairs, too, with the time they took."""
    records = connect(configurations.load(config))
    name = next(iter(printed(config, "status")["apps"]))
    assert "nothing has drifted" in run(config, "drift").output
    one = Ref("apps", "Deployment", "shop", "web")
    note = Note("spec.replicas changed by kubectl (scale)", time.time() - 90, "kubectl (scale)", ("spec.replicas",))
    records.repairs.judged(name, {one: note}, {one: "digest"})
    records.repairs.repaired(name, [Repaired(time.time(), "Service shop/web", "is missing", 0.25)])
    shown = run(config, "drift").output
    assert "reported" in shown
    assert "Deployment shop/web: spec.replicas changed by kubectl (scale)" in shown
    assert "Service" not in shown
    assert re.search(r"repaired .* in 0\.[23] s  Service shop/web: is missing", run(config, "drift", name).output)
    assert printed(config, "drift", name)["apps"][name]["drift"][0]["fields"] == ["spec.replicas"]
    assert run(config, "drift", "nobody").exit_code == 1
