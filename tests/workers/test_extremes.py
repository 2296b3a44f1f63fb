"""What is very large, very long or very odd: applied, or refused with the reason."""

from __future__ import annotations

import json
import random
import string

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config
from workers import inventory
from workers.model import Report, State

pytestmark = pytest.mark.cluster

MANY = 5000
LETTERS = string.ascii_lowercase + string.digits


def _deploy(bench: Bench, files: dict[str, str | None]) -> Report:
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    return bench.settle(commit, seconds=300)


def _large(name: str, size: int) -> str:
    letters = "".join(random.Random(size).choices(LETTERS, k=1000))  # noqa: S311 -- the same every time
    return config(name, (letters * (size // 1000 + 1))[:size])


def test_an_object_of_one_megabyte_is_applied(bench: Bench) -> None:
    """And changed, and found unchanged."""
    told = _deploy(bench, {"large.yaml": _large("large", 1_000_000)})
    assert told.state is State.SUCCESS, told
    told = _deploy(bench, {"large.yaml": _large("large", 999_999)})
    assert told.text.startswith("synced: 1 configured"), told
    assert len(json.loads(bench.get("configmap", "large", "-o", "json"))["data"]["key"]) == 999_999


@pytest.mark.parametrize(("size", "reason"), [(1_100_000, "may not be more than 1048576 bytes"), (4_000_000, "larger")])
def test_an_object_that_the_api_server_does_not_take_is_refused(bench: Bench, size: int, reason: str) -> None:
    """Before anything else of the commit is written; file and object are named, and the value is not."""
    told = _deploy(bench, {"a.yaml": config("a"), "large.yaml": _large("large", size)})
    assert told.state is State.FAILURE
    assert "myapp/large.yaml:1: " in told.text
    assert f"ConfigMap {bench.namespace}/large" in told.text
    assert reason in told.text
    assert len(told.text) < 1000
    assert bench.writes() == []


ODD = {
    "delete": "a\x7fb",
    "controls": "".join(map(chr, range(1, 32))),
    "more-controls": "".join(map(chr, range(0x80, 0xA0))),
    "separators": "a\u2028b\u2029c\ufeffd\x85e",
    "no-characters": "\ufffe\uffff\U0001fffe",
    "nul": "a\0b",
    "emoji": "👩‍👩‍👧‍👦🇪🇺",
    "rtl": "\u202eabc\u202c שלום مرحبا",
    "combining": "Z\u0351\u036b\u0343 e\u0301 é",
}


def test_every_character_arrives_as_it_is_in_git(bench: Bench) -> None:
    """Server-side apply is read as YAML, which loses or refuses some that JSON and YAML escapes can say."""
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}, "data": ODD}
    told = _deploy(bench, {"odd.yaml": json.dumps(manifest), "raw.json": json.dumps(manifest).replace("odd", "raw")})
    assert told.state is State.SUCCESS, told
    for name in ("odd", "raw"):
        assert json.loads(bench.get("configmap", name, "-o", "json"))["data"] == ODD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r'{a: "\ud800"}', "odd.yaml:4"),
        (r'{a: "\udc00\ud800"}', "odd.yaml:4"),
        ('{a: "\x01"}', "odd.yaml:1: unacceptable character"),
        (f"{'{a: ' * 20_000}b{'}' * 20_000}", "odd.yaml"),
        ('{a: &a [x, x, x], b: &b [*a, *a], c: [*b, "n"]}', "ConfigMap"),
    ],
    ids=["lone surrogate", "surrogates the wrong way round", "raw control", "absurdly deep", "lists for texts"],
)
def test_what_cannot_be_said_is_refused_with_the_file(bench: Bench, text: str, reason: str) -> None:
    """Never half applied."""
    told = _deploy(
        bench,
        {
            "a.yaml": config("a"),
            "odd.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: odd}}\ndata: {text}\n",
        },
    )
    assert told.state is State.FAILURE
    assert reason in told.text, told.text
    assert bench.writes() == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (config("n" * 254), "odd.yaml:1"),
        (config("Upper"), "a lowercase RFC 1123 subdomain"),
        (config("a").replace('"name": "a"', f'"name": "a", "namespace": "{"n" * 64}"'), "DNS label"),
        (config("a").replace('"name": "a"', f'"name": "a", "labels": {{"l": "{"v" * 64}"}}'), "63"),
        (config("a").replace('"name": "a"', f'"name": "a", "labels": {{"{"k" * 64}": "v"}}'), "63"),
        (config("a").replace('"name": "a"', f'"name": "a", "annotations": {{"l": "{"v" * 262145}"}}'), "262144"),
        (config("a").replace('"key"', f'"{"k" * 254}"'), "253"),
    ],
    ids=["name", "letters", "namespace", "label value", "label key", "annotations", "data key"],
)
def test_one_more_than_the_limit_is_refused(bench: Bench, document: str, reason: str) -> None:
    """With file, object and the limit, before anything is written."""
    told = _deploy(bench, {"ok.yaml": config("ok"), "odd.yaml": document})
    assert told.state is State.FAILURE
    assert "myapp/odd.yaml:1" in told.text, told.text
    assert reason in told.text, told.text
    assert len(told.text) < 2000
    assert bench.writes() == []


def test_an_app_of_the_longest_name_is_synced(bench: Bench) -> None:
    """Its inventory is called after it."""
    name = "a" * 63
    bench.declare((bench.catalog / "myapp.yaml").read_text().replace("name: myapp\n", f"name: {name}\n", 1), name)
    commit = bench.push({"a.yaml": config("a")})
    bench.look_until_done(bench.ask(commit, app=name), name)
    assert (
        bench.get("configmap", f"hookline-{name}", "-o", "jsonpath={.metadata.annotations.hookline\\.dev/app}") == name
    )


def _set(numbers: range, value: str = "1", changed: int = -1) -> str:
    return "\n---\n".join(config(f"object-{number:05}", "2" if number == changed else value) for number in numbers)


@pytest.mark.timeout(900)
def test_five_thousand_objects_of_one_app(bench: Bench) -> None:
    """Made, looked at again for the price of a list, one of them changed by one write, some deleted, many not."""
    client = bench.context.clusters.client("test")
    told = _deploy(bench, {"all.yaml": _set(range(MANY))})
    assert told.text.startswith(f"synced: {MANY} created"), told
    app = bench.context.catalog.index().apps["myapp"]
    assert len(inventory.load(client, app).refs) == MANY

    before, began = len(bench.writes()), client.requests
    told = _deploy(bench, {"all.yaml": _set(range(MANY), changed=7)})
    assert told.text.startswith("synced: 1 configured"), told
    assert bench.writes()[before:] == ["patch configmaps/object-00007"]
    assert client.requests - began <= 8  # a list, a dry run, a write, and looks at its health

    began = client.requests
    told = _deploy(bench, {"all.yaml": "# a comment\n" + _set(range(MANY), changed=7)})
    assert told.text.startswith("synced: no changes"), told
    assert client.requests - began <= 4

    told = _deploy(bench, {"all.yaml": _set(range(50, MANY))})
    assert told.text.startswith("synced: 50 deleted"), told
    assert len(inventory.load(client, app).refs) == MANY - 50

    before = len(bench.writes())
    told = _deploy(bench, {"all.yaml": _set(range(MANY - 10, MANY))})
    assert f"{MANY - 60} to be deleted once that is approved" in told.text
    assert bench.writes()[before:] == []
    assert len(told.text) < 1000


@pytest.mark.parametrize("size", [1_700_000, 2_600_000], ids=["etcd's limit", "its client's limit"])
def test_an_object_that_is_too_large_to_be_stored_is_refused(bench: Bench, size: int) -> None:
    """No dry run tells, for nothing is stored then; it is not tried again and again."""
    spec = {"containers": [{"name": "main", "image": "busybox", "args": ["x" * size]}]}
    template = json.dumps(
        {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "large"}, "template": {"spec": spec}}
    )
    told = _deploy(bench, {"large.yaml": template})
    assert told.state is State.FAILURE
    assert told.text.startswith("apply failed: myapp/large.yaml:1: "), told.text
    assert "larger than" in told.text, told.text
    assert len(told.text) < 1000
