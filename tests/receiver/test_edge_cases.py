"""The cases a receiver must get right: where each of the 25 of our reference is shown, and those shown nowhere else."""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis
from starlette.testclient import TestClient

from receiver import app, edge
from receiver.forges import FORGES, Secrets
from tests.receiver.conftest import encoded, push, signed
from workers.errors import BadConfiguration
from workers.model import Event
from workers.settings import Settings

TESTS = Path(__file__).parents[1]
CASES: dict[int, list[str]] = {
    1: ["receiver/test_signatures.py::test_github", "receiver/test_webhooks.py::test_one_flipped_byte_is_401"],
    2: ["receiver/test_github.py::test_only_the_sha256_header_is_looked_at"],
    3: ["receiver/test_signatures.py::test_", "receiver/test_edge_cases.py::test_a_malformed_signature_is_401"],
    4: [
        "receiver/test_webhooks.py::test_a_hook_whose_secret_is_missing",
        "receiver/test_edge_cases.py::test_an_empty_secret",
    ],
    5: [
        "receiver/test_edge_cases.py::test_a_signature_is_good_for_one_hook",
        "workers/test_intake.py::test_what_asks_for_nothing",
    ],
    6: [
        "receiver/test_github.py::test_a_form",
        "receiver/test_edge_cases.py::test_giteas_form_is_signed_over_its_json",
    ],
    7: ["receiver/test_webhooks.py::test_media_types", "receiver/test_limits.py::test_a_chunked_body_needs_no_length"],
    8: ["receiver/test_webhooks.py::test_one_byte_over", "receiver/test_limits.py::test_twenty_large_bodies"],
    9: [
        "receiver/test_forges.py::test_a_body_that_is_no_json_object",
        "receiver/test_edge_cases.py::test_of_two_equal_keys",
    ],
    10: ["receiver/test_github.py::test_a_push_we_cannot_use", "receiver/test_github.py::test_only_the_fields_we_need"],
    11: ["receiver/test_github.py::test_ping_is_an_event", "receiver/test_edge_cases.py::test_an_unsigned_ping_is_401"],
    12: [
        "receiver/test_ledger.py::test_one_push_through_three_hooks",
        "workers/records/test_intake.py::test_a_redelivery_runs",
    ],
    13: ["e2e/test_intake_crashes.py::test_no_accepted_delivery_is_lost"],
    14: ["workers/records/test_intake.py::test_going_back_to_an_older_commit", "workers/test_sync.py::test_"],
    15: ["receiver/test_github.py::test_a_deleted_ref", "receiver/test_gitlab.py::test_a_deleted_ref"],
    16: ["receiver/test_github.py::test_pushes_without_commits", "receiver/test_edge_cases.py::test_a_truncated_list"],
    17: ["receiver/test_github.py::test_a_branch_and_a_tag", "workers/test_outcomes.py::test_a_commit_of_another_ref"],
    18: ["receiver/test_github.py::test_an_annotated_tag", "receiver/test_gitlab.py::test_an_annotated_tag"],
    19: [
        "receiver/test_github.py::test_a_pull_request_closed_and_still_open",
        "receiver/test_gitlab.py::test_a_squash_with",
    ],
    20: [
        "receiver/test_gitlab.py::test_an_update_is_one_only_with_new_commits",
        "receiver/test_gitlab.py::test_a_merge_request_without",
    ],
    21: ["receiver/test_gitlab.py::test_a_signing_key_cannot", "receiver/test_gitlab.py::test_a_replayed_or_altered"],
    22: ["workers/test_intake.py::test_a_merge_group_gets", "receiver/test_github.py::test_the_merge_queue"],
    23: ["workers/forges/test_github.py::test_", "workers/forges/test_limits.py::test_"],
    24: ["workers/forges/test_gitlab.py::test_"],
    25: [
        "receiver/test_webhooks.py::test_no_answer_and_no_record_holds_a_secret",
        "receiver/test_edge_cases.py::test_no_address",
    ],
}


@pytest.mark.parametrize("number", range(1, 26))
def test_each_of_the_25_cases_is_shown_by_a_test_that_exists(number: int) -> None:
    """The table above stays true when tests are renamed."""
    for place in CASES[number]:
        file, _, name = place.partition("::")
        tree = ast.parse((TESTS / file).read_text())
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        assert any(found.startswith(name) for found in names), place


@pytest.mark.parametrize("value", ["", "sha256=", "sha256=" + "A" * 64, "sha256=" + "a" * 63, "sha1=" + "a" * 40, "é"])
def test_a_malformed_signature_is_401_and_never_an_error(client: TestClient, value: str) -> None:
    """Whatever stands in the header, sent once or twice."""
    body = encoded(push())
    headers = [(name, text.encode()) for name, text in signed(body).items() if not name.startswith("x-hub")]
    for count in (1, 2):
        sent = headers + [("x-hub-signature-256", value.encode("latin-1"))] * count
        assert client.post("/hooks/github", content=body, headers=sent).status_code == 401  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["", "   "])
def test_an_empty_secret_stops_the_start(settings: Settings, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """Set but empty is as open as not set."""
    monkeypatch.setenv("HOOK_SECRET", secret)
    with pytest.raises(BadConfiguration, match=r"empty|not set"):
        edge.create(settings)


def test_a_signature_is_good_for_one_hook(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, redis_client: redis.Redis
) -> None:
    """Another hook has another secret: what was signed for one is nothing to it."""
    monkeypatch.setenv("OTHER_SECRET", "another secret entirely")
    other = settings.hooks["github"].model_copy(update={"secrets": ("env:OTHER_SECRET",)})
    both = settings.model_copy(update={"hooks": {**settings.hooks, "other": other}})
    body = encoded(push())
    with TestClient(app.create(edge.create(both))) as client:
        assert client.post("/hooks/other", content=body, headers=signed(body)).status_code == 401
        assert redis_client.dbsize() == 0
        assert client.post("/hooks/github", content=body, headers=signed(body)).status_code == 202


def test_giteas_form_is_signed_over_its_json() -> None:
    """Unlike GitHub's, whose signature covers the form as sent; plus signs and UTF-8 survive."""
    payload = json.loads((TESTS / "payloads/gitea/push__branch.json").read_text()) | {"ref": "refs/heads/a+b/ü"}
    text = json.dumps(payload, ensure_ascii=False).encode()
    form = urlencode({"payload": text}).encode()
    secrets, kind = Secrets((b"s3cret",)), {"content-type": "application/x-www-form-urlencoded"}
    over_json = {"x-gitea-signature": hmac.new(b"s3cret", text, hashlib.sha256).hexdigest()} | kind
    over_form = {"x-gitea-signature": hmac.new(b"s3cret", form, hashlib.sha256).hexdigest()} | kind
    assert FORGES["gitea"].verify(over_json, form, secrets, 0)
    assert not FORGES["gitea"].verify(over_form, form, secrets, 0)
    assert not FORGES["gitea"].verify({"x-gitea-signature": ""} | kind, form, secrets, 0)
    read = FORGES["gitea"].read(over_json | {"x-gitea-event": "push"}, form, "main")
    assert isinstance(read, tuple)
    assert read[0].ref == "refs/heads/a+b/ü"


def test_of_two_equal_keys_the_last_counts_once_and_for_all(client: TestClient) -> None:
    """RFC 8259 leaves it open. The whole body is signed, so its sender chose; every later step sees one value."""
    body = encoded(push())[:-1] + b', "ref": "refs/heads/other"}'
    answer = client.post("/hooks/github", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["reason"]) == (
        202,
        "no app follows refs/heads/other of your-org/your-repo",
    )


def test_an_unsigned_ping_is_401(client: TestClient) -> None:
    """A stranger learns nothing from it."""
    assert client.post("/hooks/github", json={"zen": "x"}, headers={"x-github-event": "ping"}).status_code == 401


@pytest.mark.parametrize(
    ("forge", "changes"),
    [
        ("github", {"commits": [{"added": [], "modified": ["a"], "removed": []}] * 2048}),
        ("github", {"forced": True}),
        ("github", {"commits": []}),
        ("gitlab", {"total_commits_count": 25}),
        ("gitlab", {"commits": None}),
        ("gitea", {"total_commits": 40}),
    ],
)
def test_a_truncated_list_means_that_the_changed_files_are_unknown(forge: str, changes: dict[str, object]) -> None:
    """Never the files it happens to name."""
    payload = json.loads((TESTS / f"payloads/{forge}/push__branch.json").read_text()) | changes
    names = {"x-github-event": "push", "x-gitea-event": "push"}
    read = FORGES[forge].read(names, encoded(payload), "main")
    assert isinstance(read, tuple)
    assert isinstance(read[0], Event)
    assert read[0].files is None


class Listener(BaseHTTPRequestHandler):
    """Counts who comes."""

    seen = 0

    def do_GET(self) -> None:
        """Count."""
        Listener.seen += 1
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 -- the standard library names it


def test_no_address_in_a_payload_is_ever_contacted(client: TestClient, held: edge.Edge) -> None:
    """Not to clone, not to write a status, not to look something up: only what is configured is."""
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hostile = f"http://127.0.0.1:{server.server_address[1]}/your-org/your-repo"
    names = ("statuses_url", "api_url", "url", "html_url", "git_url", "ssh_url", "svn_url", "hooks_url", "commits_url")
    payload = push()
    payload["repository"] |= dict.fromkeys(names, hostile)
    body = encoded(payload)
    assert client.post("/hooks/github", content=body, headers=signed(body)).json()["requests"] == {"myapp": 1}
    payload["repository"]["clone_url"] = hostile
    body = encoded(payload)
    answer = client.post("/hooks/github", content=body, headers=signed(body, delivery="guid-2"))
    assert answer.json()["result"] == "ignored" or held.catalog.index().apps
    server.shutdown()
    server.server_close()
    assert Listener.seen == 0
    [request] = held.records.progress.open_requests("myapp")
    assert hostile not in repr(request)
