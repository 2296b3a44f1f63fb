"""The verdict of an app out of those of its objects."""

from __future__ import annotations

import pytest

from workers.health import worst
from workers.model import Ref, Verdict

APP = Ref("apps", "Deployment", "default", "myapp")
DB = Ref("apps", "StatefulSet", "default", "db")
ROLE = Ref("rbac.authorization.k8s.io", "ClusterRole", "", "reader")

GOOD = Verdict(True, True, "exists")
SHORT = Verdict(False, False, "2 of 3 replicas are available")
SLOW = Verdict(False, False, "1 of 3 replicas are updated")
BAD = Verdict(True, False, "is stalled")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict(True, True, "there is nothing to wait for")),
        ([(APP, GOOD)], Verdict(True, True, "1 object is healthy")),
        ([(APP, GOOD), (ROLE, GOOD)], Verdict(True, True, "2 objects are healthy")),
        (
            [(ROLE, GOOD), (APP, SHORT)],
            Verdict(False, False, "Deployment default/myapp: 2 of 3 replicas are available"),
        ),
        (
            [(APP, SHORT), (DB, SLOW)],
            Verdict(False, False, "Deployment default/myapp: 2 of 3 replicas are available (and 1 more not ready)"),
        ),
        ([(APP, SHORT), (ROLE, BAD)], Verdict(True, False, "ClusterRole reader: is stalled")),
        (
            [(DB, BAD), (APP, BAD), (ROLE, BAD)],
            Verdict(True, False, "StatefulSet default/db: is stalled (and 2 more failed)"),
        ),
    ],
    ids=["none", "one good", "all good", "one short", "two short", "failure beats waiting", "three failures"],
)
def test_worst(verdicts: list[tuple[Ref, Verdict]], expected: Verdict) -> None:
    """Failed beats unfinished, unfinished beats healthy; the first is named, the others are counted."""
    assert worst(iter(verdicts)) == expected
