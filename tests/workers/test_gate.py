"""One gate, one table: every path meets everything that can close it, a cell for each."""

from __future__ import annotations

import dataclasses

import pytest

from workers import gate, windows
from workers.apps import App
from workers.exceptions import AppException, Approval
from workers.gate import Cause
from workers.holds import Hold, Scope
from workers.model import Ref, Request, Why
from workers.policies import DriftMode
from workers.rollbacks import Rollback
from workers.standing import Standing
from workers.windows import Window

NOW = 1_800_000_000.0
X, Y = "a" * 40, "b" * 40
URL = "https://example.com/a.git"

PATHS = {
    "webhook": Request("a", 1, Why.PUSH, "ada", NOW, "refs/heads/main", X),
    "merge": Request("a", 1, Why.MERGE, "ada", NOW, "refs/heads/main", X),
    "re-run": Request("a", 1, Why.RERUN, "ada", NOW, "refs/heads/main", X),
    "sweep": Request("a", 1, Why.SWEEP, "sweep", NOW, "refs/heads/main", X),
    "declaration": Request("a", 1, Why.SWEEP, "declaration", NOW),
    "drift seen by the watch": Request("a", 1, Why.DRIFT, "drift", NOW),
    "drift seen by the sweep": Request("a", 1, Why.DRIFT, "drift", NOW),
    "hold ended": Request("a", 1, Why.SWEEP, "hold expired", NOW),
    "emergency": Request("a", 1, Why.EMERGENCY, "ci", NOW),
    "emergency forced": Request("a", 1, Why.EMERGENCY, "ci", NOW, forced=True),
    "CLI": Request("a", 1, Why.MANUAL, "ada", NOW),
    "CLI forced": Request("a", 1, Why.MANUAL, "ada", NOW, forced=True),
    "approval": Request("a", 1, Why.APPROVAL, "ada", NOW),
    "rollback": Request("a", 1, Why.ROLLBACK, "ada", NOW),
    "rollback forced": Request("a", 1, Why.ROLLBACK, "ada", NOW, forced=True),
    "rollback by itself": Request("a", 1, Why.ROLLBACK, "hookline", NOW),
}
"""The paths of a request; a plan's join here."""
ROLLBACKS = {"rollback", "rollback forced", "rollback by itself"}
BY_HAND = {"emergency", "emergency forced", "CLI", "CLI forced", "approval"} | ROLLBACKS
DRIFT = {"drift seen by the watch", "drift seen by the sweep"}
FORCED = {"emergency forced", "CLI forced", "rollback forced"}
OF_A_COMMIT = {"webhook", "merge", "re-run", "sweep"}


def hold(scope: Scope = Scope.APP, target: str = "a", thing: str = "") -> Hold:
    """A hold of an hour."""
    return Hold(scope, target, "ada", "the database moves", NOW - 60, NOW + 3600, thing)


def always(*, manual: bool = False, overrun: bool = False) -> Window:
    """A window that is always on and denies."""
    return Window("deny", windows.schedule("* * * * *"), 3600.0, ("*",), manual=manual, overrun=overrun)


AUTO = App("a", URL, ".", "main", "f", automated=True, drift=DriftMode.REPAIR)
BACK = Rollback("a", X, Y, URL, "ada", "logins fail", NOW - 60, (X,))
EXCEPTION = AppException("a", "hotfix", URL, "ada", "it burns", NOW - 60, NOW + 3600)
GATES: dict[str, tuple[App, Standing, set[str], Cause | None]] = {
    # name: the app, how it stands, the paths that pass, what closes it to the others
    "nothing": (AUTO, Standing(NOW), set(PATHS), None),
    "hold of the app": (AUTO, Standing(NOW, holds=(hold(),)), FORCED, Cause.HOLD),
    "hold of the project": (AUTO, Standing(NOW, holds=(hold(Scope.PROJECT, "default"),)), FORCED, Cause.HOLD),
    "hold of the cluster": (AUTO, Standing(NOW, holds=(hold(Scope.CLUSTER, "one"),)), FORCED, Cause.HOLD),
    "hold of an object": (AUTO, Standing(NOW, objects=(hold(thing="Deployment/web"),)), set(PATHS), None),
    "window": (AUTO, Standing(NOW, windows=(always(),)), FORCED, Cause.WINDOW),
    "window with manualSync": (AUTO, Standing(NOW, windows=(always(manual=True),)), BY_HAND, Cause.WINDOW),
    "window with syncOverrun": (AUTO, Standing(NOW, windows=(always(overrun=True),)), FORCED, Cause.WINDOW),
    "suspended": (dataclasses.replace(AUTO, suspended="spec.suspend is set"), Standing(NOW), set(), Cause.SUSPENDED),
    "drift reported": (dataclasses.replace(AUTO, drift=DriftMode.REPORT), Standing(NOW), set(PATHS), None),
    "drift off": (dataclasses.replace(AUTO, drift=DriftMode.OFF), Standing(NOW), set(PATHS) - DRIFT, Cause.DRIFT),
    "drift repaired, held": (AUTO, Standing(NOW, holds=(hold(),)), FORCED, Cause.HOLD),
    "drift reported, held": (
        dataclasses.replace(AUTO, drift=DriftMode.REPORT), Standing(NOW, holds=(hold(),)), FORCED, Cause.HOLD,
    ),
    "manual": (
        dataclasses.replace(AUTO, automated=False), Standing(NOW), BY_HAND - {"approval"} | DRIFT, Cause.MANUAL,
    ),
    "manual, drift reported": (
        dataclasses.replace(AUTO, automated=False, drift=DriftMode.REPORT), Standing(NOW),
        BY_HAND - {"approval"} | DRIFT, Cause.MANUAL,
    ),
    "manual, approved": (
        dataclasses.replace(AUTO, automated=False), Standing(NOW, approved=Approval(X, "ada", NOW)), set(PATHS), None,
    ),
    "exception": (AUTO, Standing(NOW, exception=EXCEPTION), set(PATHS) - OF_A_COMMIT, Cause.EXCEPTION),
    "block-listed SHA": (
        AUTO, Standing(NOW, rollback=BACK, blocked=frozenset({X})), set(PATHS) - OF_A_COMMIT, Cause.BLOCKED,
    ),
    "another SHA is block-listed": (
        AUTO, Standing(NOW, rollback=BACK, blocked=frozenset({Y})), set(PATHS), None,
    ),
    "block-listed SHA, held": (
        AUTO, Standing(NOW, (hold(),), rollback=BACK, blocked=frozenset({Y})), FORCED, Cause.HOLD,
    ),
    "block-listed SHA, manual": (
        dataclasses.replace(AUTO, automated=False), Standing(NOW, rollback=BACK, blocked=frozenset({Y})),
        BY_HAND - {"approval"} | DRIFT, Cause.MANUAL,
    ),
    "hold and exception": (AUTO, Standing(NOW, holds=(hold(),), exception=EXCEPTION), FORCED, Cause.HOLD),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", GATES)
def test_every_path_meets_every_gate(path: str, name: str) -> None:
    """Who passes, and by what the others are stopped."""
    app, standing, passes, cause = GATES[name]
    found = gate.closed(app, PATHS[path], standing)
    assert (found is None) is (path in passes), found
    assert found is None or found.cause is cause


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("hold of the app", "webhook", "held until 09:00 UTC by ada: the database moves"),
        ("hold of the project", "sweep", "held (all of project default) until 09:00 UTC by ada: the database moves"),
        ("manual", "webhook", "aaaaaaa waits for approval: run `hookline approve a`"),
        ("exception", "webhook", "held: exception hotfix until 09:00 UTC by ada: it burns"),
        ("drift off", "drift seen by the watch", "run `hookline sync a`"),
        ("window", "webhook", "waits for a sync window of project default: closed by deny `* * * * *` for 1:00:00"),
        ("block-listed SHA", "webhook", "aaaaaaa is blocked: rolled back to bbbbbbb by ada: logins fail; push a newer"),
        ("suspended", "emergency forced", "not synced: spec.suspend is set"),
    ],
)
def test_what_is_said(name: str, path: str, text: str) -> None:
    """One sentence, with what to do or until when."""
    app, standing, _, _ = GATES[name]
    found = gate.closed(app, PATHS[path], standing)
    assert found is not None
    assert text in found.text


def test_a_sync_under_way_is_stopped_by_holds_and_windows_only() -> None:
    """It had passed everything else; a window with ``syncOverrun`` lets it end."""
    for name, (app, standing, _, cause) in GATES.items():
        found = gate.closed(app, PATHS["webhook"], standing, under_way=True)
        stops = (cause in (Cause.HOLD, Cause.WINDOW) and name != "window with syncOverrun") or cause is Cause.BLOCKED
        assert (found is not None) is stops, name


def test_until_when_is_told_where_it_is_known() -> None:
    """The end of the hold, the opening of the window; 0 for what somebody has to do."""
    night = Window("deny", windows.schedule("0 7 * * *"), 7200.0, ("*",))  # NOW is 08:00 UTC
    request = PATHS["webhook"]
    shut = gate.closed(AUTO, request, Standing(NOW, windows=(night,)))
    assert shut is not None
    assert (shut.until, "opens at 09:00 UTC" in shut.text) == (NOW + 3600, True)
    held = gate.closed(AUTO, request, Standing(NOW, holds=(hold(), dataclasses.replace(hold(), until=NOW + 9))))
    assert held is not None
    assert held.until == NOW + 3600
    manual = gate.closed(dataclasses.replace(AUTO, automated=False), request, Standing(NOW))
    assert manual is not None
    assert manual.until == 0.0


@pytest.mark.parametrize(
    ("automated", "approved", "exception", "whys", "follows"),
    [
        (True, "", None, [Why.PUSH], "main"),
        (True, "", EXCEPTION, [Why.PUSH], "hotfix"),
        (True, "", EXCEPTION, [Why.MANUAL], "hotfix"),
        (False, X, None, [Why.APPROVAL], X),
        (False, X, None, [Why.APPROVAL, Why.PUSH], X),
        (False, X, None, [Why.APPROVAL, Why.MANUAL], "main"),
        (False, X, EXCEPTION, [Why.SWEEP], X),
        (False, "", EXCEPTION, [Why.EMERGENCY], "hotfix"),
        (True, X, None, [Why.APPROVAL], "main"),
    ],
)
def test_what_is_followed(
    automated: bool, approved: str, exception: AppException | None, whys: list[Why], follows: str
) -> None:
    """The commit that was approved and none that came later, the exception's revision, else the declared one."""
    app = dataclasses.replace(AUTO, automated=automated)
    standing = Standing(NOW, exception=exception, approved=Approval(approved, "ada", NOW) if approved else None)
    requests = [Request("a", number, why, "ada", NOW) for number, why in enumerate(whys)]
    assert gate.followed(app, requests, standing).revision == follows


@pytest.mark.parametrize("name", GATES)
def test_drift_is_noted_where_only_writing_is_forbidden(name: str) -> None:
    """Under a hold or a closed window; not of an app that is suspended, or whose drift is off."""
    app, standing, _, _ = GATES[name]
    found = gate.closed(app, PATHS["drift seen by the watch"], standing)
    stops = found is not None and found.cause not in gate.NOTING
    assert stops is (name in ("suspended", "drift off")), found


@pytest.mark.parametrize("name", GATES)
def test_an_app_that_is_gone_is_deleted_when_nothing_of_it_is_held(name: str) -> None:
    """One held object is enough; only force passes, and nothing else closes the gate to a removal."""
    app, standing, _, cause = GATES[name]
    closes = cause in (Cause.HOLD, Cause.WINDOW) or name == "hold of an object"
    assert (gate.removal(app, PATHS["declaration"], standing) is not None) is closes
    assert gate.removal(app, PATHS["CLI forced"], standing) is None


def test_an_object_is_held_by_kind_and_name() -> None:
    """With its namespace where that is said; of another kind or namespace it is another object."""
    standing = Standing(NOW, objects=(hold(thing="Deployment/web"), hold(thing="Service/prod/web")))
    ref = Ref("apps", "Deployment", "prod", "web")
    assert standing.hold_of(ref)
    assert standing.hold_of(ref._replace(kind="StatefulSet")) is None
    assert standing.hold_of(Ref("", "Service", "prod", "web"))
    assert standing.hold_of(Ref("", "Service", "test", "web")) is None
