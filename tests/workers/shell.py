"""The command line, on what a test's bench has."""

from __future__ import annotations

from pathlib import Path

import yaml
from typer.testing import CliRunner, Result

from tests.workers.conftest import Bench
from workers import embedded
from workers.cli import app


def hookline(bench: Bench, redis_data: Path, tmp_path: Path, *arguments: str) -> Result:
    """Run a command on the bench's records, mirror and cluster."""
    settings = bench.context.settings.model_dump(mode="json")
    url = tmp_path / "redis-url"
    url.write_text(f"unix://{embedded.socket_of(redis_data)}")
    path = tmp_path / "hookline.yaml"
    path.write_text(yaml.safe_dump(settings | {"redis": {"url": f"file:{url}"}}))
    return CliRunner().invoke(app, [*arguments, "--config", str(path)], env={"COLUMNS": "200"})
