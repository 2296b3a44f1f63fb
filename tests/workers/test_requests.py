"""What a sync asks of the API server, counted in the API server's own audit log."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config, document
from workers import inventory
from workers.model import State

pytestmark = pytest.mark.cluster

PORTS = {"ports": [{"port": 80}]}
RULES = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
FOUR: dict[str, str | None] = {
    "config.yaml": config("web"),
    "account.yaml": document("v1", "ServiceAccount", "web", {}),
    "service.yaml": document("v1", "Service", "web", {}, spec=PORTS),
    "ingress.yaml": document("networking.k8s.io/v1", "Ingress", "web", {}, spec=RULES),
}
"""Four objects of four kinds; nothing has to wait for them."""
LISTS = {"list configmaps": 1, "list serviceaccounts": 1, "list services": 1, "list ingresses": 1}
"""One list for each kind the app owns."""


def asked(bench: Bench) -> Counter[str]:
    """Return what Hookline asked so far about the app's objects, by verb and resource."""
    mine = inventory.applyset(bench.context.catalog.index().apps["myapp"])
    found: Counter[str] = Counter()
    for event in bench.asked(bench.begin):
        about = event.get("objectRef") or {}
        if about.get("namespace") == bench.namespace or mine in event["requestURI"]:
            dry = " (dry run)" if "dryRun" in event["requestURI"] else ""
            found[f"{event['verb']} {about['resource']}{dry}"] += 1
    return found


def cost(bench: Bench, files: dict[str, str | None]) -> dict[str, int]:
    """Push, sync and return what that cost."""
    before = asked(bench)
    commit = bench.push(files)
    bench.ask(commit)
    bench.look()
    assert bench.told(commit).state is State.SUCCESS, bench.told(commit)
    return dict(asked(bench) - before)


def test_what_each_kind_of_sync_costs(bench: Bench) -> None:
    """Nothing is read that is known, nothing is asked twice, and no object is read one by one."""
    kinds = ("configmaps", "serviceaccounts", "services", "ingresses")
    assert cost(bench, FOUR) == {
        "get configmaps": 1,  # is there an inventory?
        **{f"patch {kind} (dry run)": 1 for kind in kinds},
        "create configmaps": 1,  # the inventory, before the first write
        **{f"patch {kind}": 1 for kind in kinds},
    }
    assert cost(bench, {"config.yaml": f"{config('web')}\n# said otherwise\n"}) == LISTS
    changed = cost(bench, {"config.yaml": config("web", "b")})
    assert changed == {**LISTS, "patch configmaps (dry run)": 1, "patch configmaps": 1}
    assert cost(bench, {"ingress.yaml": None}) == {
        **LISTS,
        "get configmaps": 1,
        "delete ingresses": 1,
        "update configmaps": 1,  # the inventory, narrowed
    }
    assert cost(bench, {"more.yaml": config("more")}) == {
        **{name: count for name, count in LISTS.items() if name != "list ingresses"},
        "get configmaps": 1,
        "patch configmaps (dry run)": 1,
        "update configmaps": 1,
        "patch configmaps": 1,
    }


def test_a_push_elsewhere_costs_nothing(bench: Bench) -> None:
    """The trees in Git say that the app is not affected."""
    cost(bench, FOUR)
    before = asked(bench)
    commit = bench.checkout.commit({"elsewhere/x.yaml": config("x")}, "elsewhere")
    bench.checkout.push()
    bench.ask(commit)
    bench.look()
    assert "not affected" in bench.told(commit).text
    assert asked(bench) == before
