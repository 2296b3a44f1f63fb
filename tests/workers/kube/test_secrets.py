"""No value of a Secret gets into an error, whatever the API server echoes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.control_plane import ControlPlane
from tests.workers.kube.conftest import Reply, Scripted, status
from workers.errors import HooklineError, ObjectRefused
from workers.kube import Client, refusals
from workers.kube.calls import Answer
from workers.kube.sentences import About
from workers.model import Manifest

CANARY = "CANARY-7f3a"
ENCODED = base64.b64encode(CANARY.encode()).decode()
ABOUT = About("apply", "Secret", "shop", "db", secret=True)
ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))


def secret(namespace: str, **fields: Any) -> Manifest:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace}, **fields}


BROKEN: dict[str, dict[str, Any]] = {
    "not base64": {"data": {"password": f"{CANARY} !"}},
    "a number": {"data": {"password": 735574713}},
    "a map": {"stringData": {"password": {"a": CANARY}}},
    "a list": {"stringData": [CANARY]},
    "a string": {"data": CANARY},
    "many lines": {"stringData": f"a: b\n.npmrc: {CANARY}\n  .other: {CANARY}\n"},
    "a map of many lines": {"stringData": {"password": {"a": f"x\n  .data.{CANARY}: y"}}},
    "a wrong key": {"stringData": {"pass word": CANARY}},
    "a docker configuration": {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": ENCODED}},
    "a wrong type": {"type": CANARY * 40, "stringData": {"password": CANARY}},
    "an unknown field": {"dat": {"password": CANARY}},
    "too much": {"stringData": {"password": CANARY * 200_000}},
}


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN)
def test_the_real_api_servers_refusal_of_a_broken_secret_holds_no_value(
    cluster: ControlPlane, namespace: str, fields: dict[str, Any]
) -> None:
    """By apply and by create, dry and not, also in the chain of causes."""
    client = Client.from_kubeconfig(cluster.kubeconfig, None)
    broken = secret(namespace, **fields)
    for action in (
        lambda: client.apply(broken, force=False),
        lambda: client.dry().apply(broken, force=True),
        lambda: client.create(broken),
    ):
        try:
            action()
        except HooklineError as error:
            told = everything(error)
        else:
            assert fields.get("type") == CANARY * 40, "it should have been refused"
            client.delete(client.resource("", "Secret"), namespace, "db")
            continue
        assert "Secret" in told
        assert CANARY not in told
        assert ENCODED not in told
        assert "735574713" not in told


def everything(error: BaseException) -> str:
    """Return all that an error and those it came from could tell a log."""
    told = ""
    seen: BaseException | None = error
    while seen is not None:
        told += f"{seen!r} {vars(seen)} "
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return told


def test_an_immutable_secret_says_so_and_not_what(cluster: ControlPlane, namespace: str) -> None:
    client = Client.from_kubeconfig(cluster.kubeconfig, None)
    client.apply(secret(namespace, immutable=True, stringData={"password": "old"}), force=False)

    with pytest.raises(ObjectRefused, match="field is immutable when `immutable` is set") as caught:
        client.apply(secret(namespace, immutable=True, stringData={"password": CANARY}), force=False)

    assert caught.value.field == "data"
    assert CANARY not in everything(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        f'admission webhook "w" denied the request: password {CANARY} is weak',
        f'Internal error occurred: failed calling webhook "w": got {CANARY}',
        f"secrets \"db\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: {CANARY}",
        f'secrets "db" is forbidden: no {CANARY}',
        f"failed to create typed patch object (/b; /v1, Kind=Secret): errors:\n  .data.a: bad {CANARY}\n  .{CANARY}: x",
        f"failed to create typed patch object (a/b; /v1, Kind=Secret): .data.a: expected string, {CANARY}",
        f"failed to convert new object (a/b; /v1, Kind=Secret) to proper version: error decoding from json: {CANARY}",
        f'Secret in version "v1" cannot be handled as a Secret: {CANARY}',
        f"etcdserver: {CANARY}",
    ],
)
@pytest.mark.parametrize("code", [400, 403, 409, 422, 429, 500, 503])
def test_words_that_are_not_known_to_be_harmless_are_withheld(code: int, message: str) -> None:
    body = json.dumps({"kind": "Status", "message": message, "code": code}).encode()

    assert CANARY not in everything(refusals.judged(Answer(code, body), ABOUT))


@given(st.sampled_from(sorted(ANSWERS)), st.text(min_size=1, max_size=20).map(lambda text: f"{CANARY}{text}"))
def test_causes_of_any_kind_keep_no_value(name: str, value: str) -> None:
    """Whatever stands where the real answers have a value."""
    document = json.loads(json.dumps(ANSWERS[name]["status"]))
    for cause in document.get("details", {}).get("causes", ()):
        cause["message"] = f"Invalid value: {json.dumps(value)}: {cause['message']} {value}"
    document["message"] = f"{document['message']} {value}"
    body = json.dumps(document).encode()
    if name.startswith(("forbidden", "escalation", "quota")):
        return  # these speak of users, rules and numbers, never of the object

    assert CANARY not in everything(refusals.judged(Answer(ANSWERS[name]["answered"], body), ABOUT))


def test_a_proxys_page_about_a_secret_is_not_quoted(server: Scripted, scripted_client: Client) -> None:
    """It may show the request it did not like."""
    server.replies = [Reply(500, f"bad request: {CANARY}".encode()), status(500, f"cannot store {CANARY}")]
    for _ in range(2):
        with pytest.raises(HooklineError) as caught:
            scripted_client.apply(secret("shop", stringData={"a": CANARY}), force=False)
        assert CANARY not in everything(caught.value)
