"""What was decrypted or read from a Secret: who gathers it, and in which writings it is found."""

from __future__ import annotations

import contextlib

import pytest

from workers import documents, known
from workers.declared import GROUPS
from workers.linting import _DECLARING
from workers.model import Ref
from workers.plans import Effect, Plan, Planned, hidden
from workers.renderers import clear

CANARY = "Kanarie-Gelb-7"


def test_a_block_gathers_what_is_learnt_in_it_and_so_does_the_one_around_it() -> None:
    outer, inner = set[str](), set[str]()
    with known.into(outer):
        known.learn([f"{CANARY}-before"])
        with contextlib.suppress(LookupError), known.into(inner):
            known.learn([f"{CANARY}-within"])
            raise LookupError
    known.learn([f"{CANARY}-after"])
    assert inner == {f"{CANARY}-within"}
    assert outer == {f"{CANARY}-before", f"{CANARY}-within"}
    assert known.without(f"{CANARY}-after {CANARY}-within") == "*** ***"


@pytest.mark.parametrize("file", ["a: {V}\nb: 1\n", "A={V}\n", '{"a": {"b": ["{V}"]}}', "a: |\n  x\n  {V}\n"])
def test_what_a_file_holds_is_known_in_its_parts_once_it_was_decrypted(file: str) -> None:
    found = clear.values(file.replace("{V}", CANARY).encode(), file.replace("{V}", "ENC[...]").encode())
    assert any(known.Known(known.forms(one)).without(CANARY) == "***" for one in found)
    assert not {"a", "b", "1", "x"} & found


@pytest.mark.parametrize(
    "written", [CANARY, CANARY.lower(), CANARY.upper(), "S2FuYXJpZS1HZWxiLTc=", "Short7", "SHORT7"]
)
def test_a_plan_hides_what_it_was_given_in_names_too(written: str) -> None:
    planned = Planned(Ref("", "ConfigMap", "a", f"x-{written}"), Effect.CREATED, written, (written,), written, written)
    plan = Plan("myapp", "demo", "main", "a" * 40, (planned,), (written,), (), "")
    shown = repr(hidden.without(plan, {CANARY, "Short7"}))
    assert written not in shown
    assert shown.count("***") == 6


def test_folding_moves_nothing() -> None:
    """A letter whose small form is longer stays as it is, and what follows it is found in its place."""
    assert known.Known(["secret-word"], folded=True).without("İİ SECRET-WORD ß") == "İİ *** ß"


def test_lint_knows_every_group_that_declares() -> None:
    assert {group for group, _ in GROUPS} == _DECLARING


def test_truth_values_are_no_secrets() -> None:
    read = documents.read(b"a: true\nb: null\nc: 12345678\n", "")
    assert list(clear.scalars(read[0].value)) == ["12345678"]
