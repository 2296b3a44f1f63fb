"""Fixtures of all tests; short on purpose."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane

pytest_plugins = ["tests.fixtures"]

# The suite says the same of the same code; `make fuzz` looks for what nobody thought of.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.register_profile("fuzz", derandomize=False, deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker, and forget the terminal of whoever runs the tests: what is printed into a pipe is whole."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    config.addinivalue_line("markers", "cluster: needs a control plane (set by itself on users of the fixture)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses the cluster, so that ``-m "not cluster"`` leaves it out; files with long tests go first, so
    that no process is left alone with one at the end."""
    most: dict[Path, float] = {}
    for item in items:
        seconds = next((float(mark.args[0]) for mark in item.iter_markers("timeout")), 0.0)
        most[item.path] = max(most.get(item.path, 0.0), seconds)
    items.sort(key=lambda item: -most[item.path])
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
