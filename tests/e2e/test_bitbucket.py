"""Bitbucket Cloud from the push to the green commit, and from the merge to the red one."""

from __future__ import annotations

from tests.e2e.conftest import Start

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: b}\n"
ENDS = ("SUCCESSFUL", "FAILED")


def test_bitbucket_from_the_push_to_the_end(start: Start) -> None:
    """Its deliveries and its words; a pull request that breaks something is red once it is merged."""
    site = start(kind="bitbucket")
    good = site.push({"one.yaml": CONFIG})
    for context in ("hookline/myapp", "hookline"):
        assert site.forge.wait_for_status(good, context, ENDS).state == "SUCCESSFUL"
    site.checkout.switch("break")
    site.push({"one.yaml": CONFIG.replace("data:", "dta:")})
    pull = site.forge.open_pull("your-org/your-repo", "break")
    bad = site.forge.merge("your-org/your-repo", pull.number)
    status = site.forge.wait_for_status(bad, "hookline/myapp", ENDS)
    assert status.state == "FAILED"
    assert "myapp/one.yaml:1" in status.description
    assert status.target_url.startswith("http")
