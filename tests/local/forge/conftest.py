"""A stand-in with deployments, one for all tests of a module: each module's ``standing`` says of which kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from deploy.local.forge import Checkout, Forge
from deploy.local.forge.deployments import Deployments


@dataclass(frozen=True)
class Standing:
    """A stand-in, a clone of its one repository with a commit, and a client with the right headers."""

    forge: Forge
    work: Checkout
    client: httpx2.Client


@contextmanager
def stood(
    folder: Path, kind: str, repository: str, path: str, headers: Callable[[Forge], Mapping[str, str]]
) -> Iterator[Standing]:
    """Run one while the block runs; its client asks below ``path`` of the API."""
    with Forge(folder / "forge", kind=kind) as forge:
        forge.create(repository)
        work = forge.checkout(repository, folder / "work")
        work.commit({"a.yaml": "a: 1\n"}, "first")
        work.push()
        base = f"{forge.api}/{path}"
        with httpx2.Client(base_url=base, headers=dict(headers(forge)), trust_env=False) as client:
            yield Standing(forge, work, client)


@pytest.fixture
def forge(standing: Standing) -> Forge:
    """The stand-in, without deployments."""
    standing.forge.state.deployments = Deployments()
    return standing.forge


@pytest.fixture
def work(standing: Standing) -> Checkout:
    """The clone."""
    return standing.work


@pytest.fixture
def client(standing: Standing, forge: Forge) -> httpx2.Client:
    """A client of the repository."""
    del forge
    return standing.client
