"""Fixtures of all tests; short on purpose."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from deploy.local import binaries
from deploy.local.control_plane import ControlPlane
from tests import ordering

pytest_plugins = ["tests.fixtures", "tests.readers"]

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
    """Mark whatever uses the cluster, so that ``-m "not cluster"`` leaves it out, and bring all into their order."""
    items[:] = ordering.ordered(items)
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("cluster")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for what a test needs while that is being built, before the time begins that the test may take."""
    ordering.wait(item)
    return (yield)


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
