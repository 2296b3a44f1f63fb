"""How long a hold may last: the least of the configuration and of what the app's project says."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from tests.fixtures import Clock
from workers import catalog, standing
from workers.asker import Asker
from workers.errors import BadOrder
from workers.holding import Desk
from workers.holds import Scope
from workers.records import Records
from workers.settings import Settings

ADA = Asker("ada", "command line")
PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team
  annotations: {hookline.dev/hold-longest: LONGEST}
spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}
"""
APP = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: NAME
  annotations:
    hookline.dev/hold-until: "2030-01-01T00:00:00Z"
    hookline.dev/hold-owner: ada
    hookline.dev/hold-reason: the database moves
spec:
  project: PROJECT
  source: {repoURL: "https://github.com/your-org/your-repo.git", path: app, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: default}
  syncPolicy: {automated: {}}
"""


def opened(folder: Path, longest: str, redis_client: redis.Redis, clock: Clock) -> Desk:
    """A catalog with a project and an app in it, and another app; where ada asks for things."""
    (folder / "project.yaml").write_text(PROJECT.replace("LONGEST", longest))
    for name, project in (("ours", "team"), ("other", "default")):
        (folder / f"{name}.yaml").write_text(APP.replace("NAME", name).replace("PROJECT", project))
    index = catalog.load([folder])
    return Desk(Settings(), Records(redis_client, clock), lambda: index, None, clock)  # type: ignore[arg-type]


def test_a_project_bounds_holds_and_exceptions_of_its_apps_and_of_itself(
    tmp_path: Path, redis_client: redis.Redis, clock: Clock
) -> None:
    """Not those of other projects' apps, and not those of the cluster."""
    desk = opened(tmp_path, "90m", redis_client, clock)
    for scope, name in ((Scope.APP, "ours"), (Scope.PROJECT, "team")):
        with pytest.raises(BadOrder, match=r"1\.5 h at most \(hookline\.dev/hold-longest of team\)"):
            desk.hold(ADA, scope, name, "2h", "burns")
        assert desk.hold(ADA, scope, name, "90m", "burns").until == clock() + 5400
    with pytest.raises(BadOrder, match=r"an exception may last 1\.5 h at most"):
        desk.begin(ADA, "ours", "hotfix", "2h", "burns")
    for scope, name in ((Scope.APP, "other"), (Scope.PROJECT, "default"), (Scope.CLUSTER, "in-cluster")):
        assert desk.hold(ADA, scope, name, "2h", "burns").until == clock() + 7200
    assert len(desk.records.audit.entries()) == 5


def test_the_smaller_bound_wins_also_for_a_hold_in_git(tmp_path: Path, redis_client: redis.Redis, clock: Clock) -> None:
    """A project cannot allow more than the configuration does."""
    for longest, hours in (("90m", 1.5), ("48h", 24)):
        desk = opened(tmp_path, longest, redis_client, clock)
        index = desk.index()
        [ours] = standing.declared(index.apps["ours"], index, desk.settings, desk.records, clock())
        [other] = standing.declared(index.apps["other"], index, desk.settings, desk.records, clock())
        assert (ours.until - clock(), other.until - clock()) == (hours * 3600, 24 * 3600)
    with pytest.raises(BadOrder, match=r"24 h at most \(holds\.longest\)"):
        desk.hold(ADA, Scope.APP, "ours", "30h", "burns")


@pytest.mark.parametrize("longest", ["two hours", "0s", "''", "-1h"])
def test_a_bound_nobody_understands_breaks_the_project(
    tmp_path: Path, redis_client: redis.Redis, clock: Clock, longest: str
) -> None:
    """Its apps are not synced, and say where; it must not pass for none."""
    index = opened(tmp_path, longest, redis_client, clock).index()
    assert "project.yaml:5: metadata.annotations.hookline.dev/hold-longest: expected" in index.apps["ours"].fault
    assert index.apps["other"].fault == ""
