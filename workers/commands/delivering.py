"""``hookline deliveries``, ``hookline replay`` and ``hookline hooks``: what became of a push."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from workers import broker, configuration, ledger
from workers.commands import opening, problems, showing
from workers.commands.console import Config, Json, err, marked, out, print_json, printable, sentences
from workers.commands.person import user
from workers.errors import UnknownName
from workers.model import Taken
from workers.records import Records
from workers.records.intake import Kept
from workers.settings import Settings

_STYLES = {"accepted": "green", "ignored": "dim", "rejected": "red"}
SEARCHED = 2000


def deliveries(
    delivery: Annotated[str, typer.Argument(help="One delivery in full, by its id.")] = "",
    hook: Annotated[str, typer.Option(help="Only of this hook.")] = "",
    app: Annotated[str, typer.Option(help="Only those that concern this app; with an id: why not this app.")] = "",
    verdict: Annotated[str, typer.Option(help="Only accepted, ignored or rejected ones.")] = "",
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what became of each delivery, newest first; of one, which apps it concerned and why not the others.

    Example: hookline deliveries --app myapp

    Example: hookline deliveries github:2f1c6a0e-6f0b-11ef-9d2e-8c5f0f2a4b11
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        if delivery:
            _one(settings, records, _kept(records, delivery), app, as_json)
            return
        narrow = bool(hook or app or verdict)
        found = records.intake.deliveries(SEARCHED if narrow else most)
        found = ledger.chosen(found, hook, app, verdict)[:most]
        if as_json:
            print_json({"deliveries": [ledger.shown(records, kept) for kept in found]})
            return
        if not found:
            out.print(
                "no delivery is on record" + (" that fits" if narrow else ": `hookline hooks` says who was heard")
            )
        for kept in found:
            _line(records, kept)


def replay(
    delivery: Annotated[str, typer.Argument(help="The delivery's id, as `hookline deliveries` shows it.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take a delivery in once more, by the same rules: what is done already is not done again.

    Example: hookline replay github:2f1c6a0e-6f0b-11ef-9d2e-8c5f0f2a4b11
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        kept = _kept(records, delivery)
        hook = settings.planning(kept.delivery.hook)
        if hook is None:
            raise UnknownName(f"the hook {kept.delivery.hook} is no longer configured: its deliveries mean nothing now")
        records.audit.add("replay", delivery=delivery, who=user(), address="command line")
        counter = broker.Counter(settings, records)
        record, accepted = ledger.replay(
            kept, hook, problems.catalog(settings), counter, records.hooks.known, time.time()
        )
        if as_json:
            print_json({"delivery": record.id, "verdict": record.verdict, "requests": accepted.numbers})
            return
        if not accepted.numbers:
            err.print(marked("!", "yellow", f"nothing to do: {record.reason}"), soft_wrap=True)
        for app, number in sorted(accepted.numbers.items()):
            said = "asked for a look" if app in accepted.fresh else "nothing newer is wanted, nothing was asked"
            out.print(marked("✓", "green", f"{app}: {said} (request {number})"), soft_wrap=True)


def hooks(config: Config = None, as_json: Json = False) -> None:
    """Show when each hook was last heard, and which moves in Git no delivery told of.

    Example: hookline hooks
    """
    with sentences():
        settings = configuration.load(config)
        records = opening.records(settings)
        missed = records.hooks.missed()
        found: list[dict[str, Any]] = [
            {
                "hook": name,
                "forge": hook.forge,
                "heard": records.hooks.heard(name),
                "missed": [asdict(one) for one in missed if one.hook == name],
            }
            for name, hook in settings.hooks.items()
        ]
        if as_json:
            print_json({"hooks": found})
            return
        for one in found:
            heard = f"last heard {showing.stamp(one['heard'])}" if one["heard"] else "never heard"
            style = "red" if one["missed"] else "green" if one["heard"] else "yellow"
            state = "not delivering" if one["missed"] else heard
            showing.line(Text.assemble((f"{one['hook']:<16}", "bold"), f"{one['forge']:<10}", (state, style)))
            showing.block(
                [f"{m['ref']} of {m['repository']} moved to {m['revision'][:7]} untold" for m in one["missed"]]
            )


def _kept(records: Records, delivery: str) -> Kept:
    kept = records.intake.delivery(delivery)
    if kept is None:
        raise UnknownName(f"no delivery {delivery} is on record: `hookline deliveries` lists what is")
    return kept


def _line(records: Records, kept: Kept) -> None:
    """Print one delivery as one line, and below it what it caused."""
    delivery = kept.delivery
    what = "; ".join(dict.fromkeys(f"{event.kind.value} {event.ref} {event.after[:7]}" for event in delivery.events))
    verdict = (f"{delivery.verdict.value:<9}", _STYLES[delivery.verdict.value])
    name = printable(delivery.id)
    showing.line(Text.assemble(showing.stamp(delivery.at), "  ", verdict, name, "  ", (printable(what), "cyan")))
    found = ledger.effects(records, kept)
    showing.block([f"{one.app}: {one.outcome}" + (f": {one.text}" if one.text else "") for one in found])
    plans = ledger.plans(records, kept) if delivery.verdict is Taken.ACCEPTED else []
    showing.block([] if found else plans or [delivery.reason])


def _one(settings: Settings, records: Records, kept: Kept, app: str, as_json: bool) -> None:
    index = problems.catalog(settings)
    reasons = ledger.left_alone(index, kept.delivery, settings.planning(kept.delivery.hook), records.hooks.known)
    if app:
        reasons = {name: reason for name, reason in reasons.items() if name == app}
    changed = kept.delivery.catalog not in ("", index.digest)
    if as_json:
        print_json(ledger.shown(records, kept) | {"not_matched": reasons, "catalog_changed": changed})
        return
    _line(records, kept)
    for event in kept.delivery.events:
        words = [event.repository, event.action, f"number {event.number}" if event.number else "", f"by {event.sender}"]
        showing.line(Text(printable("  " + "  ".join(filter(None, words)))))
    if reasons:
        showing.line(Text(f"  not concerned ({len(reasons)} apps){', by the catalog of now' if changed else ''}:"))
    showing.block([f"{name}: {reason}" for name, reason in sorted(reasons.items())])
