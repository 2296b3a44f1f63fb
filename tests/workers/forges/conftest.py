"""The forge most tests here write to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.forge import Forge

REPOSITORY = "your-org/your-repo"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """A GitHub stand-in with an empty repository."""
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        yield forge
