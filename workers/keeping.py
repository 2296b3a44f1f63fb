"""What is no longer wanted and stays for now: by the app's word, the object's, or for lack of a person's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from workers import holds, ignored, moving
from workers.model import Manifest, Owned, Ref, Rendered
from workers.run import Run
from workers.stages import prune


def kept(
    run: Run, stale: Mapping[Ref, str], live: Mapping[Ref, Manifest], owned: int, *, noted: bool = True
) -> frozenset[Ref]:
    """Return what of ``stale`` must not be deleted now: the app, the object or nobody's consent says so.

    ``owned`` is how many objects the app had before. While a person is asked about many of them, it stays what it was
    then: what the same change brings must not make them few. Since when is ``noted``, unless this only looks.
    """
    if not run.app.prune:
        return frozenset(stale)
    drift, sync = run.context.records.drift, run.context.settings.sync
    alone = held(run, stale)
    consent = {ref for ref in stale if ref in live and prune.consent(run.app, live[ref]) == "false"}
    stay = alone | consent
    moved = moving.wanted_elsewhere(run, stale)
    going = [ref for ref in stale if ref in live and ref not in stay and ref not in moved]
    owned = min(owned, drift.asked_of(run.app.name) or owned) if going else owned
    mass = prune.is_mass(len(going), owned, sync.prune_most, sync.prune_percent)
    asked = going if mass else prune.unconfirmed(run.app, going, live)
    now = run.context.records.clock()
    since = drift.asked(run.app.name, asked, now, owned * mass) if noted else drift.asks(run.app.name, asked, now)
    approved = max(run.app.approved, drift.approved(run.app.name)) if since else 0.0
    return frozenset(stay | {ref for ref, at in since.items() if approved < at})


def held(run: Run, refs: Iterable[Ref]) -> frozenset[Ref]:
    """Return which objects somebody holds: they are neither written nor deleted now."""
    asked = frozenset(refs)
    standing = run.standing() if asked else None
    return frozenset(ref for ref in asked if standing.hold_of(ref)) if standing and standing.objects else frozenset()


def leave_out(run: Run, spared: Iterable[Rendered], known: Iterable[Owned], stale: Iterable[Ref]) -> None:
    """Keep on record whether something of Git is left out because somebody holds it: its release has to write that."""
    applied = {(one.ref, one.rendered) for one in known}
    changed = any((one.ref, ignored.rendered_digest(one)) not in applied for one in spared)
    run.context.records.holds.leave_out(run.app.name, left=changed or bool(held(run, stale)))


def note(run: Run, stale: Mapping[Ref, str], live: Mapping[Ref, Manifest], kept: Collection[Ref]) -> str:
    """Return what a success adds about a rollback and about objects that are left alone, "" for nothing."""
    standing = run.standing()
    found = {ref: hold for ref in sorted(kept) if (hold := standing.hold_of(ref))}
    said = prune.note(run.app, [ref for ref in stale if ref not in found], live, kept)
    if (back := standing.rollback) and back.to == run.revision:
        said = f"; rolled back from {back.revision[:7]} by {back.who}{said}"
    return said + "".join(f"; {ref} is left alone: {holds.sentence(hold, standing.now)}" for ref, hold in found.items())
