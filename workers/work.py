"""What one look at an app found, and how well that is. Pure: values in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workers import health, inventory, options, order
from workers.apps import App
from workers.documents import Document
from workers.errors import BadDocument
from workers.flight import Flight, Mode
from workers.model import Action, Manifest, Owned, Ref, Rendered, Verdict
from workers.options import Options
from workers.order import REST, Step
from workers.phases import Hook, Phase
from workers.stages import hooks
from workers.stages.health import verdict as objects_verdict


@dataclass
class Work:
    """What a look found: what is wanted, how each object is written, what is live and what was known of it.

    ``loaded`` is the inventory as it is in the cluster, ``None`` when nobody read it yet. ``unchanged`` are objects
    that this look found to be as wanted. ``kept`` are objects that must not be deleted.
    ``apps`` are the declarations among the manifests, by wave. ``owned`` is what the removal of an app deletes.
    ``spared`` is what is not written: what drifted and is left so, and what somebody holds. Its health does not count.
    ``checks`` are what judges objects before the rules of our own. ``repeated`` is what more than one source has.
    """

    objects: list[Rendered]
    hooks: list[Hook]
    how: Mapping[Ref, Options]
    live: dict[Ref, Manifest]
    known: Mapping[Ref, Owned]
    loaded: inventory.Inventory | None = None
    unchanged: dict[Ref, Manifest] = field(default_factory=dict)
    kept: frozenset[Ref] = frozenset()
    apps: dict[int, list[Document]] = field(default_factory=dict)
    owned: dict[Ref, tuple[str, Manifest | None]] = field(default_factory=dict)
    spared: frozenset[Ref] = frozenset()
    checks: health.Checks = health.NONE
    repeated: Sequence[Ref] = ()

    @property
    def versions(self) -> dict[Ref, str]:
        """The objects to keep, with their versions."""
        return {one.ref: version_of(one) for one in self.objects}

    @property
    def hook_versions(self) -> dict[Ref, str]:
        """The hooks' objects, with their versions."""
        return {hook.ref: version_of(hook.rendered) for hook in self.hooks}


def said_twice(refs: Sequence[Ref]) -> str:
    """Return what a success adds about objects that more than one source has, "" for none. Pure."""
    more = f" and {len(refs) - 3} more" if len(refs) > 3 else ""
    return f"; several sources have {', '.join(map(str, refs[:3]))}{more}: the last counts" if refs else ""


def ways(app: App, objects: Sequence[Rendered]) -> dict[Ref, Options]:
    """Return the options of every object. Raises :class:`BadDocument` naming file, line and annotation. Pure."""
    found = {}
    for one in objects:
        try:
            found[one.ref] = options.of(one.manifest, app.options)
        except ValueError as error:
            raise BadDocument(f"{one.ref}: {error}", one.file, one.line) from None
    return found


def version_of(rendered: Rendered) -> str:
    """Return the version of an object, without its group. Pure."""
    return str(rendered.manifest["apiVersion"]).rpartition("/")[2]


def steps(app: App, work: Work, flight: Flight) -> list[Step]:
    """Return all steps of the sync in order; the same ones at every look. Pure."""
    if flight.removing:
        return order.removal(work.hooks, work.owned)
    going = [one for one in flight.stale if one.ref not in work.kept]
    return order.steps(work.objects, work.hooks if flight.hooks else (), going, app.staged, work.apps)


def writes(flight: Flight, work: Work) -> dict[Ref, Action]:
    """Return the objects that the sync set out to write and may write now, and how it found them. Pure."""
    changes = [change for change in flight.changes if change.action is not Action.DELETED]
    return {change.ref: change.action for change in changes if change.ref not in work.spared}


def judge(app: App, work: Work, flight: Flight, step: Step, rest: list[Step]) -> Verdict:
    """Say how far a step is: its hooks, its objects (at the phase's end: all), what has to go before the ``rest``."""
    if flight.mode is Mode.PRUNE:
        return Verdict(done=False, ok=False, message=flight.text)
    if flight.mode is Mode.CLEAN:
        return Verdict(done=True, ok=True, message="")
    verdicts = []
    for hook in step.hooks:
        seen = hooks.verdict(work.live.get(hook.ref), hooks.mark(flight.id, step.phase), work.checks)
        verdicts.append((hook.ref, replace(seen, message=f"{step.phase} hook {seen.message}")))
    ends = step.phase is Phase.SYNC and not any(one.phase is Phase.SYNC for one in rest)
    kept = objects_verdict(judged(app, work, work.objects if ends else step.objects, step), work.live, work.checks)
    if kept.done and not kept.ok:
        return kept
    if rest or flight.removing:
        verdicts += _leaving(work, flight, step)
    others = health.worst(verdicts)
    return kept if others.ok else others


def judged(app: App, work: Work, objects: Iterable[Rendered], step: Step | None = None) -> list[Ref]:
    """Return the objects whose health counts: not those of somebody else that were only to be there. Pure.

    An app that does not wait (Flux without ``wait``) waits for what others are defined by, and for nothing else.
    """
    if not app.waits and (step is None or step.key.part == REST):
        return []
    counts = (one.ref for one in objects if one.ref not in work.spared)
    return [ref for ref in counts if ref in work.live or not work.how[ref].once]


def pending(app: App, work: Work) -> tuple[Ref, ...]:
    """Return the objects whose health counts and that are not well, as this look found them. Pure."""
    refs = judged(app, work, work.objects)
    return tuple(ref for ref in refs if ref not in work.live or not health.judge(work.live[ref], work.checks).ok)


def _leaving(work: Work, flight: Flight, step: Step) -> list[tuple[Ref, Verdict]]:
    gone, going = set(flight.gone), Verdict(done=False, ok=False, message="is being deleted")
    return [(one.ref, going) for one in step.prune if one.ref in gone and one.ref in work.live]


def marked(work: Work, flight: Flight, step: Step) -> dict[Ref, Manifest]:
    """Return the hooks' live objects that this very step made. Pure."""
    mark = hooks.mark(flight.id, step.phase)
    return {
        hook.ref: work.live[hook.ref]
        for hook in step.hooks
        if hook.ref in work.live and hooks.made_by(work.live[hook.ref]) == mark
    }
