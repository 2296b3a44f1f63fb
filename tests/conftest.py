"""Fixtures of all tests; short on purpose."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane

pytest_plugins = ["tests.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker."""
    config.addinivalue_line("markers", "cluster: needs a control plane (set by itself on users of the fixture)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses the cluster, so that ``-m "not cluster"`` leaves it out."""
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("cluster")


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """A whole control plane, one for all tests; fails when its binaries are not built (``make binaries``)."""
    with ControlPlane(binaries=binaries.locate()) as plane:
        yield plane


@pytest.fixture
def namespace(cluster: ControlPlane) -> Iterator[str]:
    """A fresh namespace; its deletion is asked for afterwards and not waited for."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    cluster.client.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    yield name
    cluster.client.delete(f"/api/v1/namespaces/{name}").raise_for_status()
