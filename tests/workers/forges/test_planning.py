"""What an account may do for a plan, asked without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from deploy.local.forge import Forge
from tests.fakes import github_apps
from workers.errors import AccessDenied
from workers.forges import Account, planning
from workers.forges.apps import PULLS, Installations

REPOSITORY = "your-org/your-repo"


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as a command has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("kind", ["github", "gitlab", "bitbucket", "bitbucket-data-center"])
def test_a_token_that_may_is_fine_and_one_that_nobody_knows_is_told(
    kind: str, tmp_path: Path, client: httpx2.Client
) -> None:
    """At each kind of forge; it need not have a pull request, and nothing is written there."""
    with Forge(tmp_path / "forge", kind=kind) as forge:
        forge.create(REPOSITORY)
        planning.check(Account(kind, forge.api, lambda: forge.token), client, "main", REPOSITORY)
        with pytest.raises(AccessDenied):
            planning.check(Account(kind, forge.api, lambda: "wrong"), client, "main", REPOSITORY)
        assert {call.method for call in forge.calls} == {"GET"}


@pytest.mark.parametrize("granted", [{"checks": "write"}, {"pull_requests": "read"}])
def test_an_app_is_told_which_permission_it_lacks(
    granted: dict[str, str], tmp_path: Path, client: httpx2.Client
) -> None:
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY)
        app = github_apps.register(forge)
        forge.state.apps.install(app, "your-org", {"metadata": "read", **granted})
        apps = Installations(forge.api, app.client_id, lambda: github_apps.key()[0], client)
        account = Account("github", forge.api, lambda: apps.token(REPOSITORY, PULLS), is_app=True, bot=apps.bot)
        with pytest.raises(AccessDenied, match="lacks the permission to write pull_requests"):
            planning.check(account, client, "main", REPOSITORY)


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [("", False), ("repo", False), ("gist, public_repo", False), ("repo:status", True), ("read:org, gist", True)],
)
def test_a_classic_token_tells_its_scopes(scopes: str, lacks: bool) -> None:
    """One that only writes statuses could not comment."""
    assert bool(planning.lacking({"x-oauth-scopes": scopes} if scopes else {})) is lacks
