"""Requests as values: what a dry call always carries."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import ObjectRefused
from workers.kube import calls

queries = st.dictionaries(st.text(max_size=8) | st.just("dryRun"), st.text(max_size=8), max_size=4)
bodies = st.none() | st.dictionaries(st.text(max_size=8) | st.just("dryRun"), st.text(max_size=8), max_size=4)
methods = st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "BREW"])


@given(methods, queries, bodies)
def test_every_dry_call_that_is_no_get_says_dry_run_whatever_else_it_was_given(
    method: str, query: dict[str, str], body: dict[str, str] | None
) -> None:
    """The query says dryRun=All exactly once, and the body of a DELETE says it too."""
    call = calls.build(method, "/api/v1/namespaces/a/configmaps/b", query, body, dry_run=True)

    assert parse_qs(urlsplit(call.target).query)["dryRun"] == ["All"]
    if method == "DELETE":
        assert json.loads(call.body or b"{}")["dryRun"] == ["All"]


@given(queries)
def test_a_get_is_the_same_dry_or_not(query: dict[str, str]) -> None:
    assert calls.build("GET", "/api", query, None, dry_run=True) == calls.build(
        "GET", "/api", query, None, dry_run=False
    )


def test_a_call_that_is_not_dry_says_nothing_of_it() -> None:
    call = calls.build("DELETE", "/api/v1/nodes/a", {}, {"kind": "DeleteOptions"}, dry_run=False)

    assert "dryRun" not in call.target
    assert json.loads(call.body or b"") == {"kind": "DeleteOptions"}


@pytest.mark.parametrize("value", [2**70, "\ud800", {1: 2}, object()])
def test_what_json_cannot_say_is_refused_by_name_without_its_value(value: object) -> None:
    with pytest.raises(ObjectRefused, match="ConfigMap web cannot be written as JSON") as caught:
        calls.encoded({"kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": value}})

    assert str(2**70) not in str(caught.value)


@given(
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff\\"),
        max_size=20,
    )
)
def test_what_is_applied_is_the_same_as_json_and_as_yaml(text: str) -> None:
    """The API server reads it as YAML, which has fewer characters than JSON and more ends of lines."""
    call = calls.build("PATCH", "/", {}, {"data": {text: text}}, dry_run=False, content_type=calls.APPLY)

    assert json.loads(call.body or b"") == {"data": {text: text}}
    assert not set((call.body or b"").decode()) & set("\x7f\x80\x85\x9f\u2028\u2029\ufeff\ufffe\uffff")
