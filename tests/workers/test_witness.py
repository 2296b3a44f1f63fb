"""What a sync asked for by hand came to is on the trail, and nothing else is."""

from __future__ import annotations

import pytest

from workers import witness
from workers.model import Action, Change, Outcome, Ref, Request, Stage, SyncRecord, Why
from workers.records import Records

CHANGES = (
    Change(Ref("apps", "Deployment", "shop", "web"), Action.CONFIGURED, ("spec.replicas",)),
    Change(Ref("", "Namespace", "", "shop"), Action.CREATED),
)


def test_what_changed_is_told_with_the_line_that_asked(records: Records) -> None:
    """Of every request made by hand that the sync ended; a push is not one."""
    line = records.audit.add("sync", app="myapp", who="ada")
    requests = [
        Request("myapp", 1, Why.EMERGENCY, "ada", 1.0, delivery=witness.asked(line)),
        Request("myapp", 2, Why.PUSH, "octocat", 2.0, delivery="main:guid"),
        Request("myapp", 3, Why.MANUAL, "grace", 3.0),
    ]
    sync = SyncRecord(
        "myapp", 3, "manual", "grace", "a" * 40, Outcome.SUCCEEDED, "synced", Stage.REPORT, 1.0, 2.0, CHANGES
    )
    witness.tell(records, requests, sync)
    third, first, asked = records.audit.entries()
    assert (asked["line"], first["asked"], first["number"], first["who"]) == (1, 1, 1, "ada")
    assert (third["number"], third["who"], "asked" in third) == (3, "grace", False)
    assert first["changes"] == ["Deployment shop/web configured: spec.replicas", "Namespace shop created"]
    assert (first["action"], first["outcome"], first["revision"]) == ("synced", "succeeded", "a" * 40)


ELSEWHERE = ["audit:17", "main:17", "main:audit/17", "audit/", "audit/x", "audit/\u0661", "audit/17/", ""]


@pytest.mark.parametrize(("delivery", "line"), [("audit/17", 17), *((text, 0) for text in ELSEWHERE)])
def test_only_our_own_words_lead_to_a_line(delivery: str, line: int) -> None:
    """A hook may be called anything, and a delivery too."""
    assert witness.line_of(delivery) == line
