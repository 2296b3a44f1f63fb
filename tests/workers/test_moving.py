"""An object that moves from one app to another changes hands and is never deleted on the way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deploy.local.stack import APPLICATION
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from workers.model import State

pytestmark = pytest.mark.cluster


def _declare(bench: Bench, name: str, changes: Sequence[tuple[str, str]] = ()) -> None:
    text = APPLICATION.replace("namespace: default", f"namespace: {bench.namespace}")
    text = text.replace("name: myapp\n", f"name: {name}\n", 1).replace("path: myapp", f"path: {name}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    bench.declare(text, name)
    bench.context.catalog.refresh()


def _push(bench: Bench, files: dict[str, str | None]) -> str:
    commit = bench.checkout.commit(files, "change")
    bench.checkout.push()
    return commit


def _synced(bench: Bench, commit: str, apps: Sequence[str], first: Sequence[str] = ()) -> None:
    """Ask for ``apps`` as one push does; look at them in the order of ``first``, then until all are green."""
    for app in apps:
        bench.ask(commit, app=app)
    for app in first:
        bench.look(app)
    for app in apps:
        bench.look_until(lambda app=app: bench.told(commit, app).state is not State.PENDING, app, also=bench.drain)  # type: ignore[misc]
        assert bench.told(commit, app).state is State.SUCCESS, bench.told(commit, app)


def _uid(bench: Bench, name: str) -> str:
    return bench.get("configmap", name, "-o", "jsonpath={.metadata.uid}")


@pytest.mark.parametrize("first", [("old", "new"), ("new", "old"), ("new", "new", "old", "new"), ("old", "old", "new")])
def test_a_file_that_moves_to_another_app_s_folder_keeps_its_object(bench: Bench, first: Sequence[str]) -> None:
    """Whoever of the two is looked at first."""
    _declare(bench, "old")
    _declare(bench, "new")
    commit = _push(bench, {"old/one.yaml": config("one"), "old/two.yaml": config("two"), "new/x.yaml": config("x")})
    _synced(bench, commit, ["old", "new"])
    uid = _uid(bench, "one")
    commit = _push(bench, {"old/one.yaml": None, "new/one.yaml": config("one", "b")})
    _synced(bench, commit, ["old", "new"], first)
    assert _uid(bench, "one") == uid
    assert bench.get("configmap", "one", "-o", "jsonpath={.data.key}") == "b"
    assert not [one for one in bench.writes() if one.startswith("delete")]
    commit = _push(bench, {"new/one.yaml": None})
    _synced(bench, commit, ["new"])
    bench.gone("configmap", "one")


def test_two_apps_may_swap_objects(bench: Bench) -> None:
    """Neither waits for the other for ever."""
    _declare(bench, "old")
    _declare(bench, "new")
    files: dict[str, str | None] = {
        "old/one.yaml": config("one"),
        "old/stay.yaml": config("stay"),
        "new/two.yaml": config("two"),
        "new/rest.yaml": config("rest"),
    }
    _synced(bench, _push(bench, files), ["old", "new"])
    before = [_uid(bench, name) for name in ("one", "two")]
    swapped: dict[str, str | None] = {
        "old/one.yaml": None,
        "new/one.yaml": config("one"),
        "new/two.yaml": None,
        "old/two.yaml": config("two"),
    }
    _synced(bench, _push(bench, swapped), ["old", "new"])
    assert [_uid(bench, name) for name in ("one", "two")] == before


def test_an_app_that_is_renamed_hands_its_objects_over(bench: Bench) -> None:
    """The old name is gone, with its finalizer; the new one wants the same objects."""
    finalizer = ("metadata:\n", "metadata:\n  finalizers: [resources-finalizer.argocd.argoproj.io]\n")
    _declare(bench, "old", [finalizer])
    _synced(bench, _push(bench, {"old/one.yaml": config("one"), "old/two.yaml": config("two")}), ["old"])
    uid = _uid(bench, "one")
    bench.undeclare("old")
    _declare(bench, "new", [finalizer, ("path: new", "path: old")])
    bench.sweep_declared()
    progress = bench.context.records.progress
    for app in ("old", "new"):
        bench.look_until(lambda app=app: progress.app(app).done > (app == "old"), app, also=bench.drain)  # type: ignore[misc]
    assert progress.app("new").outcome == "succeeded", progress.app("new")
    assert _uid(bench, "one") == uid
    assert bench.get("configmap", "-l", "applyset.kubernetes.io/part-of", "-o", "name").split() == [
        "configmap/one",
        "configmap/two",
    ]


def test_an_object_that_two_apps_want_stays_with_the_first(bench: Bench) -> None:
    """The second says so, and names the first; nobody writes over the other."""
    _declare(bench, "old")
    _declare(bench, "new")
    _synced(bench, _push(bench, {"old/one.yaml": config("one")}), ["old"])
    commit = _push(bench, {"new/one.yaml": config("one", "b")})
    for app in ("old", "new"):
        bench.ask(commit, app=app)
    bench.look("old")
    bench.look_until(lambda: bench.told(commit, "new").state is not State.PENDING, "new")
    told = bench.told(commit, "new")
    assert told.state is State.FAILURE
    assert "one already belongs to app old" in told.text
    assert bench.get("configmap", "one", "-o", "jsonpath={.data.key}") == "a"


def test_what_an_app_without_prune_left_behind_may_be_taken(bench: Bench) -> None:
    """It is still on its list, and it does not want it any more."""
    _declare(bench, "old", [("prune: true", "prune: false")])
    _declare(bench, "new")
    _synced(bench, _push(bench, {"old/one.yaml": config("one"), "old/two.yaml": config("two")}), ["old"])
    _synced(bench, _push(bench, {"old/one.yaml": None}), ["old"])
    uid = _uid(bench, "one")
    _synced(bench, _push(bench, {"new/one.yaml": config("one")}), ["old", "new"])
    assert _uid(bench, "one") == uid
