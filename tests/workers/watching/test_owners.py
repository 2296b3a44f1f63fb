"""What is owned, kept in step with the records."""

from __future__ import annotations

from tests.workers.watching.making import CONFIG_MAPS, ONE, TWO, owned
from workers.model import Ref
from workers.records import Records
from workers.watching.owners import Owners

SECRET = Ref("", "Secret", "default", "one")


def test_only_what_changed_is_read_again(records: Records) -> None:
    owners = Owners(records.drift, "test")
    records.drift.save("a", "set-a", "test", [owned()])
    records.drift.save("b", "set-b", "test", [owned(TWO)])
    assert owners.refresh() == ({ONE, TWO}, {ONE, TWO})
    assert owners.refresh() == (set(), set())
    records.drift.save("a", "set-a", "test", [owned()])
    assert owners.refresh() == (set(), {ONE})
    number, apps = records.drift.saved_since(0)
    assert (number, sorted(apps)) == (3, ["a", "b"])
    assert records.drift.saved_since(2) == (3, ["a"])


def test_kinds_come_and_go_with_what_is_owned(records: Records) -> None:
    owners = Owners(records.drift, "test")
    owners.refresh()
    assert owners.kinds() == set()
    records.drift.save("a", "set-a", "test", [owned(), owned(SECRET)])
    owners.refresh()
    assert owners.kinds() == {CONFIG_MAPS, ("", "Secret")}
    records.drift.save("a", "set-a", "test", [owned()])
    assert owners.refresh() == ({SECRET}, {ONE})
    assert owners.kinds() == {CONFIG_MAPS}
    records.drift.forget("a")
    owners.refresh()
    assert owners.kinds() == set()


def test_an_app_that_moves_to_another_cluster_leaves_this_one(records: Records) -> None:
    here, there = Owners(records.drift, "here"), Owners(records.drift, "there")
    records.drift.save("a", "set-a", "here", [owned()])
    here.refresh()
    there.refresh()
    assert there.kinds() == set()
    records.drift.save("a", "set-a", "there", [owned()])
    here.refresh()
    there.refresh()
    assert (here.kinds(), there.kinds()) == (set(), {CONFIG_MAPS})
    late = Owners(records.drift, "here")
    late.refresh()
    assert late.kinds() == set()


def test_an_object_that_changed_hands_stays_with_the_new_owner(records: Records) -> None:
    """Whichever of the two apps was recorded first."""
    owners = Owners(records.drift, "test")
    records.drift.save("a", "set-a", "test", [owned()])
    owners.refresh()
    records.drift.save("b", "set-b", "test", [owned()])
    owners.refresh()
    records.drift.save("a", "set-a", "test", [])
    owners.refresh()
    known = owners.of(ONE)
    assert known is not None
    assert known.app == "b"
