"""Paths that nobody can leave, and discovery documents."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from workers.errors import ObjectRefused
from workers.kube import Resource
from workers.kube.resources import served

DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", True, ("get",))
NODES = Resource("", "v1", "Node", "nodes", False, ("get",))


def test_paths_are_those_of_the_api() -> None:
    assert DEPLOYMENTS.path("a", "web") == "/apis/apps/v1/namespaces/a/deployments/web"
    assert DEPLOYMENTS.collection() == "/apis/apps/v1/deployments"
    assert NODES.path("ignored", "n1") == "/api/v1/nodes/n1"
    assert (DEPLOYMENTS.api_version, NODES.api_version) == ("apps/v1", "v1")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../secrets/x", "%2e%2e", "a%2fb", "x" * 300])
@pytest.mark.parametrize("field", ["metadata.name", "metadata.namespace"])
def test_a_name_that_would_leave_its_place_is_refused(name: str, field: str) -> None:
    """An empty name above all: a DELETE without it deletes every object of the kind."""
    with pytest.raises(ObjectRefused) as caught:
        DEPLOYMENTS.path("a", name) if field == "metadata.name" else DEPLOYMENTS.path(name, "web")

    assert caught.value.field == field


@given(st.text(), st.text())
def test_no_text_changes_the_shape_of_a_path(namespace: str, name: str) -> None:
    """Also after urllib3 has normalised the URL, the path has its seven parts and ends in the name."""
    try:
        path = DEPLOYMENTS.path(namespace, name)
    except (ObjectRefused, UnicodeEncodeError):
        return
    sent = parse_url(f"https://server{path}").url.removeprefix("https://server")

    parts = sent.split("/")
    assert parts[:5] == ["", "apis", "apps", "v1", "namespaces"]
    assert [unquote(parts[5]), parts[6], unquote(parts[7])] == [namespace, "deployments", name]
    assert len(parts) == 8


def test_the_first_version_with_the_kind_is_the_preferred_one() -> None:
    def version(name: str, *kinds: str, freshness: str = "Current") -> dict[str, object]:
        resources = [{"resource": kind.lower(), "responseKind": {"kind": kind}, "scope": "Cluster"} for kind in kinds]
        return {"version": name, "resources": resources, "freshness": freshness}

    found = served(
        {"items": [{"metadata": {"name": "x.io"}, "versions": [version("v2", "New"), version("v1", "New", "Old")]}]},
        {"items": [{"metadata": {"name": "down.io"}, "versions": [version("v1", freshness="Stale")]}]},
    )

    new, old, exact = found.find("x.io", "New"), found.find("x.io", "Old"), found.find("x.io", "New", "v1")
    assert (new and new.version, old and old.version, exact and exact.version) == ("v2", "v1", "v1")
    assert found.find("x.io", "Old", "v2") is None
    assert found.is_stale("down.io")
    assert not found.is_stale("x.io")


def test_documents_with_holes_are_read_as_far_as_they_go() -> None:
    found = served(
        {}, {"items": [{"versions": [{"version": "v1", "resources": [{"resource": "a", "responseKind": None}]}]}]}
    )

    assert not found.kinds
