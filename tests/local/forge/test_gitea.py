"""The stand-in for Gitea where it is stricter; that it answers as Gitea does is seen beside a real one, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.forge import Forge

REPOSITORY = "your-org/your-repo"
GOOD = {"state": "success", "context": "hookline", "target_url": "https://hookline.example/"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {**GOOD, "state": "in sync"},
        {**GOOD, "state": ""},
        {**GOOD, "context": ""},
        {**GOOD, "contxt": "hookline"},
        {**GOOD, "target_url": "hookline.example"},
    ],
)
def test_a_status_no_writer_should_send(body: Any, tmp_path: Path) -> None:
    """Gitea would keep most of them; here each is refused, and what is right goes through."""
    with Forge(tmp_path / "forge", kind="gitea") as forge:
        forge.create(REPOSITORY)
        checkout = forge.checkout(REPOSITORY, tmp_path / "work")
        sha = checkout.commit({"a.yaml": "a: 1\n"}, "first")
        checkout.push()
        url, headers = f"{forge.api}/repos/{REPOSITORY}/statuses/{sha}", {"authorization": f"Bearer {forge.token}"}
        answers = [httpx2.post(url, json=one, headers=headers, trust_env=False) for one in (body, GOOD)]
    assert [answer.status_code for answer in answers] == [422, 201]
    assert len(forge.statuses()) == 1
