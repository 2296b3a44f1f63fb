"""Literal answers of kube-apiserver 1.37 and the error each of them means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workers.errors import (
    AccessDenied,
    BadConfiguration,
    HooklineError,
    ObjectConflict,
    ObjectRefused,
    TransientError,
)
from workers.kube import Expired, ImmutableField, StaleObject, Unanswered, UnknownKind, refusals
from workers.kube.calls import Answer
from workers.kube.sentences import About

ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))
"""Recorded from the real API server, by name."""

ABOUT = About("apply", "Deployment", "shop", "web")


def recorded(name: str, about: About = ABOUT) -> HooklineError:
    """Return our error for a recorded answer."""
    answer = ANSWERS[name]
    return refusals.judged(Answer(answer["answered"], json.dumps(answer["status"]).encode()), about)


def made(code: int, message: str, **more: Any) -> HooklineError:
    """Return our error for a Status made here."""
    return refusals.judged(
        Answer(code, json.dumps({"kind": "Status", "message": message, "code": code, **more}).encode()), ABOUT
    )


FIELDS = {
    "unknown field apply": "spec.replicsa",
    "typed number": "spec.replicas",
    "duplicate key": "spec.template.spec.containers",
    "invalid replicas": "spec.replicas",
    "invalid two": "spec.template.spec.containers[0].name",
    "custom invalid": "spec.mode",
    "custom required": "spec.size",
    "strict decoding": "metadata.x",
    "overflow create": "spec.replicas",
    "env number": 'spec.template.spec.containers[name="c"].env[name="PW"].value',
    "no namespace": "metadata.namespace",
}


@pytest.mark.parametrize(("name", "field"), FIELDS.items())
def test_a_refusal_names_object_and_field(name: str, field: str) -> None:
    error = recorded(name)

    assert type(error) is ObjectRefused
    assert error.field == field
    assert "Deployment shop/web" in str(error)
    assert field in str(error) or name == "no namespace"


IMMUTABLE = {
    "immutable selector": "spec.selector",
    "immutable serviceName": "spec.serviceName",
    "immutable clusterIP": "spec.clusterIPs[0]",
    "immutable job template": "spec.template",
    "immutable configmap": "data",
    "immutable claim": "spec",
    "immutable pod": "spec",
    "immutable roleRef": "roleRef",
}


@pytest.mark.parametrize(("name", "field"), IMMUTABLE.items())
def test_a_field_that_cannot_change_is_recognised_with_the_way_out(name: str, field: str) -> None:
    error = recorded(name)

    assert isinstance(error, ImmutableField)
    assert error.field == field
    assert f"{field} cannot change once set: put it back, or let the object be made anew" in str(error)


def test_the_words_older_servers_use_for_it_are_recognised_too() -> None:
    """A StatefulSet before 1.37, and a value printed as a Go literal."""
    stateful = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden"
    literal = 'Invalid value: core.PodTemplateSpec{Name:"a: b", Labels:map[string]string(nil)}: field is immutable'
    for message, field in ((stateful, "spec"), (literal, "spec.template")):
        error = made(422, "invalid", details={"causes": [{"reason": "x", "message": message, "field": field}]})
        assert isinstance(error, ImmutableField)
        assert error.field == field
        assert "PodTemplateSpec" not in str(error)


@pytest.mark.parametrize("name", ["conflict", "invalid replicas", "policy", "webhook denied", "quota", "stale"])
def test_no_other_refusal_is_taken_for_an_immutable_field(name: str) -> None:
    assert not isinstance(recorded(name), ImmutableField)


def test_a_value_that_speaks_of_immutability_does_not_make_a_field_immutable() -> None:
    cause = {
        "reason": "FieldValueInvalid",
        "message": 'Invalid value: "field is immutable": must be short',
        "field": "a",
    }

    assert type(made(422, "invalid", details={"causes": [cause]})) is ObjectRefused


def test_a_conflict_maps_managers_to_their_fields() -> None:
    error = recorded("conflict two managers")

    assert isinstance(error, ObjectConflict)
    assert error.managers == {
        "other": ('spec.template.spec.containers[name="c"].image',),
        "python-urllib3": ("spec.replicas",),
    }
    assert "other owns spec.template.spec.containers" in str(error)


@pytest.mark.parametrize("name", ["stale", "uid", "already exists", "not found"])
def test_an_object_that_is_another_by_now_is_stale(name: str) -> None:
    assert isinstance(recorded(name), StaleObject)


def test_missing_rights_say_who_cannot_do_what_where() -> None:
    assert str(recorded("forbidden patch")) == (
        'Deployment shop/web: forbidden: cannot patch deployments.apps in namespace t1 as user "limited": '
        "give Hookline's service account that right"
    )
    assert "cannot list nodes in the whole cluster" in str(recorded("forbidden list"))


@pytest.mark.parametrize("name", ["forbidden patch", "forbidden list", "unauthorized", "escalation"])
def test_rights_and_credentials_are_the_operators(name: str) -> None:
    assert isinstance(recorded(name), AccessDenied)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quota", "exceeded quota: q, requested: count/configmaps=1"),
        ("pod security", 'violates PodSecurity "restricted'),
    ],
)
def test_a_403_that_is_no_matter_of_rights_is_the_authors(name: str, words: str) -> None:
    error = recorded(name)

    assert type(error) is ObjectRefused
    assert words in str(error)


def test_a_webhooks_refusal_names_it_whatever_code_it_chose() -> None:
    assert 'refused by admission webhook "policy.example.com": no team label; ask CANARY' in str(
        recorded("webhook denied")
    )
    for code in (400, 403, 409, 422, 429, 500):
        error = made(code, 'admission webhook "w" denied the request: failed calling webhook "other": no')
        assert isinstance(error, ObjectRefused)
        assert 'webhook "w"' in str(error)
    assert "it gave no reason" in str(made(400, 'admission webhook "w" denied the request without explanation'))


def test_a_policys_refusal_names_it() -> None:
    error = recorded("policy")

    assert isinstance(error, ObjectRefused)
    assert 'policy "p"' in str(error)
    assert "bad is bad" in str(error)


def test_a_webhook_that_cannot_be_reached_is_tried_again_later_but_not_at_once() -> None:
    error = recorded("webhook down")

    assert isinstance(error, Unanswered)
    assert '"policy.example.com"' in str(error)
    assert not error.again


def test_a_webhook_that_forbids_dry_runs_is_the_operators() -> None:
    error = made(400, 'admission webhook "w" does not support dry run')

    assert isinstance(error, BadConfiguration)
    assert "sideEffects" in str(error)


def test_a_namespace_that_is_being_deleted_is_waited_for() -> None:
    error = recorded("terminating")

    assert type(error) is TransientError
    assert "is being deleted" in str(error)


def test_a_missing_namespace_says_what_to_set() -> None:
    assert str(recorded("no namespace")) == (
        'Deployment shop/web: namespace "nope" does not exist: create it, or set CreateNamespace=true in syncOptions'
    )


@pytest.mark.parametrize("name", ["too big", "request too large"])
def test_too_large_is_the_authors(name: str) -> None:
    assert type(recorded(name)) is ObjectRefused


def test_a_path_the_server_does_not_know_is_an_unknown_kind() -> None:
    for answer in (
        Answer(404, b"404 page not found\n"),
        Answer(404, b'{"kind":"Status","message":"the server could not find the requested resource","details":{}}'),
    ):
        error = refusals.judged(answer, ABOUT)
        assert isinstance(error, UnknownKind)
        assert "is its CRD installed?" in str(error)


def test_gone_is_expired() -> None:
    assert isinstance(made(410, "too old resource version", reason="Expired"), Expired)


@pytest.mark.parametrize(("code", "again"), [(429, True), (500, False), (502, True), (503, True), (504, True)])
def test_an_overloaded_server_is_unreachable_for_now(code: int, again: bool) -> None:
    error = made(code, "etcdserver: leader changed")

    assert isinstance(error, Unanswered)
    assert error.again is again


def test_seconds_to_wait_come_from_the_header_or_the_details() -> None:
    body = b'{"kind":"Status","message":"slow down","details":{"retryAfterSeconds":3}}'
    details = refusals.judged(Answer(500, body), ABOUT)
    header = refusals.judged(Answer(429, body, {"retry-after": "7"}), ABOUT)
    date = refusals.judged(Answer(503, b"", {"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}), ABOUT)

    assert isinstance(details, Unanswered)
    assert isinstance(header, Unanswered)
    assert isinstance(date, Unanswered)
    assert (details.retry_after, details.again) == (3, True)
    assert (header.retry_after, date.retry_after) == (7, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"x"',
        b'{"kind":"Other"}',
        b'{"kind":"Status","details":[],"code":"x"}',
        b'{"kind":"Status","details":{"causes":[1,{"field":2}]},"message":7}',
    ],
)
@pytest.mark.parametrize("code", [302, 400, 401, 403, 404, 409, 410, 413, 418, 422, 429, 500, 502])
def test_every_answer_of_any_shape_has_a_sentence(code: int, body: bytes) -> None:
    error = refusals.judged(Answer(code, body), ABOUT)

    assert isinstance(error, HooklineError)
    assert str(error)


def test_a_load_balancers_page_is_quoted_without_its_markup() -> None:
    page = b"<html><head><title>x</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
    error = refusals.judged(Answer(502, page, {"content-type": "text/html"}), ABOUT)

    assert "a load balancer before it, answered 502 (502 Bad Gateway nginx)" in str(error)


def test_a_404_page_of_somebody_else_is_not_taken_for_an_unknown_kind() -> None:
    error = refusals.judged(Answer(404, b"<html>Not Found</html>"), ABOUT)

    assert isinstance(error, Unanswered)


def test_echoed_values_are_short_plain_and_not_telling_or_absent() -> None:
    def shown(value: str, field: str = "spec.mode") -> str:
        cause = {"reason": "FieldValueInvalid", "message": f"Invalid value: {value}: should match", "field": field}
        return str(made(422, "invalid", details={"causes": [cause]}))

    assert '(it is "tiny")' in shown('"tiny"')
    assert "hunter2" not in shown('"hunter2"', "spec.password")
    assert "CANARY" not in shown('{"a":"CANARY"}')
    assert "CANARY" not in shown('"' + "CANARY" * 9 + '"')


def test_a_long_list_of_problems_is_cut() -> None:
    causes = [{"reason": "x", "message": "Required value", "field": f"spec.f{n}"} for n in range(9)]

    assert "spec.f4: Required value; and 4 more: correct" in str(made(422, "invalid", details={"causes": causes}))


@pytest.mark.parametrize(
    "words",
    [
        "etcdserver: request is too large",
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2600401 vs. 2097152)",
    ],
)
def test_what_etcd_cannot_store_is_refused_for_good(words: str) -> None:
    """The API server says 500 to it; trying again would not help."""
    found = made(500, words)

    assert isinstance(found, ObjectRefused)
    assert "larger than the API server takes" in str(found)


@pytest.mark.parametrize(
    "said", ["cannot convert float64 to int32", "quantities must match the regular expression '^([+-]?[0-9.]+)$'"]
)
def test_a_value_that_is_not_of_its_type_is_the_author_s_though_it_comes_with_a_500(said: str) -> None:
    where = "failed to convert new object (shop/web; apps/v1, Kind=Deployment) to proper version: "
    error = made(500, f"{where}unable to convert unstructured object to apps/v1, Kind=Deployment: {said}")
    assert isinstance(error, ObjectRefused)
    assert said in str(error)
