"""One gate, one table: who may change the cluster."""

from __future__ import annotations

import pytest

from workers import gate
from workers.apps import App
from workers.model import Request, Why


@pytest.mark.parametrize("why", list(Why))
@pytest.mark.parametrize("automated", [True, False])
@pytest.mark.parametrize("self_heal", [True, False])
def test_the_gate(why: Why, automated: bool, self_heal: bool) -> None:
    """By hand always; drift only with selfHeal; everything else only when automated."""
    app = App("a", "https://x/y", ".", "main", "f", automated=automated, self_heal=self_heal)
    by_hand = why in (Why.EMERGENCY, Why.MANUAL)
    expected = by_hand or (automated and (why is not Why.DRIFT or self_heal))
    reason = gate.closed(app, Request("a", 1, why, "me", 1.0))
    assert (reason == "") is expected
    assert expected or "hookline sync a" in reason
