"""Values of a chart from objects of the cluster: how they are laid over each other. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from workers import chartvalues
from workers.errors import BadDocument
from workers.policies import ValuesFrom

ONE = ValuesFrom("Secret", "place", "one", "key")
PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "a name": ("a", {"a": 1}),
    "below a name": ("a.b", {"a": {"b": 1}}),
    "an item": ("a[1].b", {"a": [None, {"b": 1}]}),
    "a list in a list": ("a[0][1]", {"a": [[None, 1]]}),
    "a dot that is part of a name": (r"a\.b/c", {"a.b/c": 1}),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_leads_into_the_values(name: str) -> None:
    path, wanted = PATHS[name]
    assert chartvalues.put({}, path, "1", ONE) == wanted
    assert chartvalues.put({"z": [1]}, path, "1", ONE) == {"z": [1], **wanted}


def test_a_path_changes_nothing_beside_it() -> None:
    before = {"a": [{"b": 1, "c": 2}, 3]}
    assert chartvalues.put(before, "a[0].b", "x", ONE) == {"a": [{"b": "x", "c": 2}, 3]}
    assert before == {"a": [{"b": 1, "c": 2}, 3]}


@pytest.mark.parametrize(
    "path", ["", "[0]", "a[", "a[x]", "a[99999]", "a[5000]", "a]b", ".", ".".join("a" * 40), "a\\"]
)
def test_what_is_no_path_is_refused_without_the_value(path: str) -> None:
    with pytest.raises(BadDocument, match=r"Secret place/one: spec.valuesFrom: .* is no path of a value") as refused:
        chartvalues.put({}, path, "canary", ONE)
    assert "canary" not in str(refused.value)


TYPED = {"1": 1, "-7": -7, "007": "007", "true": True, "null": None, "'1'": "1", '"true"': "true", "1.5": "1.5", "": ""}


@pytest.mark.parametrize("text", TYPED)
def test_a_text_is_what_helm_takes_it_for(text: str) -> None:
    found = chartvalues.typed(text)
    assert (found, type(found)) == (TYPED[text], type(TYPED[text]))


def test_mappings_grow_together_and_the_rest_is_replaced() -> None:
    under, over = {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}}, {"a": {"c": [3]}, "d": 2}
    assert chartvalues.merged(under, over) == {"a": {"b": 1, "c": [3]}, "d": 2}
