"""What every forge promises: bodies that are no JSON object are refused, nothing else is an error."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from receiver.forges import FORGES, BadPayload, Secrets
from receiver.forges.payload import header, is_ref, key
from tests.workers.test_intake import Counter, app, nobody
from workers import apps, intake
from workers.apis import Hook
from workers.model import Delivery, Ignored, Taken
from workers.records import coding

PAYLOADS = Path(__file__).parents[1] / "payloads"
INDEX = apps.index([app(), app("any", "HEAD"), app("range", "*")])
SECRETS = Secrets(secrets=(b"s3cret",))
NOW = 1780000000.0

NOT_AN_OBJECT = [
    b"",
    b" ",
    b"{",
    b"null",
    b"[]",
    b"[{}]",
    b"1",
    b'"x"',
    b"true",
    b"NaN",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":1e400}',
    b"{'a':1}",
    b'{"a":1,}',
    b'{"a":1}{"b":2}',
    b"\xef\xbb\xbf{}",
    b'{"a":"\\ud800"}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\n"}',
    b"[" * 10_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    '{"a":1}'.encode("utf-16"),
    b"payload=%7B%7D",
    b"\x00",
]

SAMPLES = sorted(PAYLOADS.glob("*/*.json"))


def signed(forge: str, event: str, body: bytes) -> Headers:
    """Return the headers a forge that knows the secret would send."""
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    if forge in ("gitea", "forgejo"):
        return Headers({"X-Gitea-Event": event, "X-Gitea-Delivery": "d1", "X-Gitea-Signature": digest})
    if forge.startswith("bitbucket"):
        names = {"X-Event-Key": event.replace(".", ":"), "X-Request-UUID": "d1", "X-Request-Id": "d1"}
        return Headers(names | {"X-Hub-Signature": f"sha256={digest}"})
    if forge == "gitlab":
        return Headers({"X-Gitlab-Token": "s3cret", "Idempotency-Key": "d1"})
    return Headers({"X-GitHub-Event": event, "X-GitHub-Delivery": "d1", "X-Hub-Signature-256": f"sha256={digest}"})


@pytest.mark.parametrize("forge", sorted(FORGES))
@pytest.mark.parametrize("body", NOT_AN_OBJECT, ids=lambda body: repr(body[:16]))
def test_a_body_that_is_no_json_object_is_refused(forge: str, body: bytes) -> None:
    """Invalid, too deep, too clever or merely no object: a refusal in a short sentence, the process lives."""
    with pytest.raises(BadPayload) as refusal:
        FORGES[forge].read(signed(forge, "push", body), body, "main")
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sample_is_authentic_and_understood(path: Path) -> None:
    """No sample ends in a warning: the fields we need are where we look for them."""
    forge, body = FORGES[path.parent.name], path.read_bytes()
    headers = signed(path.parent.name, path.stem.split("__")[0], body)
    assert forge.verify(headers, body, SECRETS, NOW)
    assert not forge.verify(headers, body, Secrets(secrets=(b"other",)), NOW)
    result = forge.read(headers, body, "main")
    assert forge.key(headers, body) == "d1"
    assert not isinstance(result, Ignored) or path.stem.endswith("without_action") or "warning" not in result.reason


def test_a_header_sent_twice_counts_as_none() -> None:
    """Nobody gets to choose which of two values is checked."""
    twice = Headers(raw=[(b"x-gitlab-token", b"s3cret"), (b"x-gitlab-token", b"s3cret")])
    assert header(twice, "x-gitlab-token") is None
    assert not FORGES["gitlab"].verify(twice, b"{}", SECRETS, NOW)
    assert header({"X-Gitlab-Token": "a"}, "x-gitlab-token") == "a"


@pytest.mark.parametrize("bad", [None, "", "x" * 201, "a b", "a\n", "é", "\x00", "\ud800"])
def test_a_key_unfit_to_identify_a_delivery_gives_way_to_the_bodys_digest(bad: str | None) -> None:
    """A key is 1 to 200 printable characters; without one the body identifies itself."""
    assert key((bad,), b"{}") == hashlib.sha256(b"{}").hexdigest()
    assert key((bad, "second"), b"{}") == "second"
    assert key(("x" * 200, "second"), b"{}") == "x" * 200


@pytest.mark.parametrize(
    "name",
    ["refs/heads/main", "refs/tags/main", "refs/heads/refs/tags/x", "refs/heads/ü/%2e%2e/x", "refs/heads/-x"],
)
def test_names_git_takes_are_refs(name: str) -> None:
    """Slashes, percent signs, unicode and misleading names are still just names."""
    assert is_ref(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "main", "refs/heads/", "refs/heads", "refs/notes/x", "heads/main", "refs/heads/a..b", "HEAD"),
        *("refs/heads/a b", "refs/heads/a\n", "refs/heads/a\x7f", "refs/heads/a\x00", "refs/heads/a\u0085"),
        *("refs/heads/../../x", "refs/heads//x", "refs/heads/x/", "refs/heads/.x", "refs/heads/x.lock"),
        *("refs/heads/x.lock/y", "refs/heads/x.", "refs/heads/x@{1}", "refs/heads/x~1", "refs/heads/x^"),
        *("refs/heads/x:y", "refs/heads/*", "refs/heads/a?", "refs/heads/[a", "refs/heads/a\\b", " refs/heads/a"),
    ],
)
def test_names_git_would_not_take_are_no_refs(name: str) -> None:
    """What git-check-ref-format refuses never travels further."""
    assert not is_ref(name)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0" * 40, "a" * 40, "refs/heads/main", "refs/tags/v1", "push", "merge", "x" * 2000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def paths(value: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of every member of every object in ``value``."""
    if not isinstance(value, dict):
        return []
    return [path for name, inner in value.items() for path in ((*prefix, name), *paths(inner, (*prefix, name)))]


PARSED = {path: json.loads(path.read_bytes()) for path in SAMPLES}
PLACES = {path: paths(payload) for path, payload in PARSED.items()}
ACTED_ON = [path for path in SAMPLES if path.stem.startswith(("push", "tag", "merge", "pull", "pr.", "repo", "check"))]
FOLDERS = {"forgejo": "gitea"}


def damaged(payload: Any, path: tuple[str, ...], value: Any) -> Any:
    """Return ``payload`` with the member at ``path`` removed (``value`` is ``...``) or replaced."""
    name, rest = path[0], path[1:]
    copy = dict(payload)
    if rest and isinstance(copy.get(name), dict):
        copy[name] = damaged(copy[name], rest, value)
    elif not rest and value is ...:
        copy.pop(name, None)
    elif not rest:
        copy[name] = value
    return copy


@pytest.mark.parametrize("forge", sorted(FORGES))
@settings(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_to_a_signed_payload_is_an_error(forge: str, data: st.DataObject) -> None:
    """Members missing, null, of another type or nested: an event, an "ignored", or a refusal; and bounded."""
    sample = data.draw(st.sampled_from([path for path in ACTED_ON if path.parent.name == FOLDERS.get(forge, forge)]))
    payload = PARSED[sample]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(PLACES[sample]))
        payload = damaged(payload, place, data.draw(st.just(...) | st.none() | json_values))
    check(forge, sample.stem.split("__")[0], json.dumps(payload, ensure_ascii=False).encode())


@pytest.mark.parametrize("forge", sorted(FORGES))
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=json_values, event=st.sampled_from(["push", "pull_request", "ping", "merge_request"]))
def test_no_json_at_all_is_an_error(forge: str, payload: Any, event: str) -> None:
    """Any JSON value in place of a payload is ignored or refused."""
    check(forge, event, json.dumps(payload, ensure_ascii=False).encode())


def check(forge: str, event: str, body: bytes) -> None:
    """Assert what holds for any authentic delivery."""
    headers = signed(forge, event, body)
    assert FORGES[forge].verify(headers, body, SECRETS, NOW)
    try:
        result = FORGES[forge].read(headers, body, "main")
    except BadPayload:
        assert not body.startswith(b"{")
        return
    blank = Delivery("main", "d1", 1.0, Taken.ACCEPTED)
    everything = Hook(forge="github", secrets=("env:S",))
    record, _ = intake.take(everything, result, INDEX, Counter(), nobody, 1.0, blank)
    assert coding.delivery(coding.encode(record)) == record
    assert len(coding.encode(record)) < 200_000
    if isinstance(result, Ignored):
        assert 0 < len(result.reason) < 1200
        return
    assert 0 < len(result) <= 100
    for found in result:
        assert is_ref(found.ref) or (found.kind not in ("push", "pull request", "merge group") and found.ref == "")
        assert len(found.after) in (0, 40, 64)
        assert set(found.after + found.before) <= set("0123456789abcdef")
        texts = (found.repository, found.repository_id, *found.urls, found.sender, found.action, found.formerly)
        assert all(len(text) <= 1024 and text.isprintable() for text in texts)
        assert len(found.files or ()) <= 3000
