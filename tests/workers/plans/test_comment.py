"""The comment about a pull request: within the limit, nothing broken, and what matters stays longest."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.model import Ref, State
from workers.plans import Answer, Effect, Plan, Planned, PullPlan, brief, comment, fitting

MARKER = "<!-- hookline -->"
HEAD, BASE = "a" * 40, "b" * 40
KINDS = ("github", "gitlab", "gitea", "bitbucket", "bitbucket-data-center", "elsewhere")


def objects(count: int, effect: Effect, lines: int = 5) -> tuple[Planned, ...]:
    """So many objects with one effect."""
    diff = "--- a\n+++ b\n" + "".join(f"+line {n} of it\n" for n in range(lines))
    shown = diff if effect in (Effect.CREATED, Effect.CONFIGURED, Effect.RECREATED, Effect.DELETED) else ""
    note = "a.yaml:1: the field is unknown" if effect is Effect.REFUSED else ""
    return tuple(
        Planned(Ref("", "ConfigMap", "shop", f"x-{effect.value}-{n}"), effect, "a.yaml:1", ("data.x",), shown, note)
        for n in range(count)
    )


def answer(*parts: Sequence[Planned], app: str = "shop", said: tuple[str, ...] = ()) -> Answer:
    """An app and its plan."""
    made = tuple(one for part in parts for one in part)
    return Answer(app, "production", Plan(app, "production", "main", HEAD, made, said))


def texts(*answers: Answer, limit: int = 65_536, kind: str = "github") -> tuple[str, ...]:
    """The comment about these apps."""
    return comment.rendered(PullPlan(HEAD, BASE, answers, 3), kind, "", MARKER, limit, number=7, at=1_000_000.0)


LETTERS = list("ab`~<>|[]()*_#@!/\\:&\n\r -+é漢🙂\u202e\x1b")
WORDS = ["```", "~~~", "</details>", "<!--", "-->", "</code>", "</summary>", "\n/close", "\n---\n"]


def words(chance: Random, most: int = 60) -> str:
    """A text that tries to break out."""
    return "".join(chance.choices([*LETTERS, *WORDS], k=chance.randint(0, most)))


def planned(chance: Random) -> Planned:
    """Any object; what its difference says begins each line with a sign, as differences do."""
    ref = Ref("", "ConfigMap", "shop", words(chance) or "x")
    said = "".join(f"{chance.choice('+- ')}{line}\n" for line in words(chance).split("\n"))
    fields = tuple(words(chance) for _ in range(chance.randint(0, 12)))
    note = words(chance) * chance.choice([0, 1, 1, 40])
    effect = chance.choice(list(Effect))
    return Planned(ref, effect, words(chance), fields, said * chance.choice([0, 1, 5, 200]), note)


def any_plan(chance: Random) -> PullPlan:
    """Any plan of some apps."""
    answers = []
    for name in (f"app-{n}" for n in range(chance.randint(0, 4))):
        if chance.random() < 0.2:
            answers.append(Answer(name, "test", None, words(chance)))
            continue
        found = tuple(planned(chance) for _ in range(chance.randint(0, 8)))
        said = tuple(words(chance) for _ in range(chance.randint(0, 4)))
        answers.append(Answer(name, "test", Plan(name, "test", "main", HEAD, found, said)))
    problem = words(chance) if chance.random() < 0.1 else ""
    verdicts = tuple(words(chance) for _ in range(chance.randint(0, 2)))
    return PullPlan(HEAD, BASE, tuple(answers), chance.randint(0, 2), problem, verdicts)


def outside(text: str) -> str:
    """A text without what stands in fences, each of which must close."""
    kept, fence = [], ""
    for line in text.split("\n"):
        if fence:
            fence = "" if re.fullmatch(rf" {{0,3}}`{{{len(fence)},}}\s*", line) else fence
        elif found := re.match(r" {0,3}(`{3,}|~{3,})", line):
            fence = found[1]
        else:
            kept.append(line)
    assert not fence, "a fence stays open"
    return "\n".join(kept)


def unfolded(text: str) -> list[str]:
    """The tags of a text outside of fences, of which every fold must close."""
    body = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)|<code>.*?</code>", "", outside(text))
    depth = 0
    for tag in re.findall(r"</?details", body):
        depth += 1 if tag == "<details" else -1
        assert depth >= 0
    assert depth == 0
    assert body.count("<summary>") == body.count("</summary>") == body.count("<details")
    return re.findall(r"</?([a-z]+)", body.replace(MARKER, ""))


@given(
    st.randoms(use_true_random=True), st.sampled_from(KINDS), st.sampled_from([comment.LEAST, 8_000, 32_768, 65_536])
)
@settings(max_examples=100, deadline=None)
def test_any_plan_fits_and_breaks_nothing(chance: Random, kind: str, limit: int) -> None:
    """Within the limit however it is counted, folds and fences closed, marked, and the counts are there."""
    plan = any_plan(chance)
    found = comment.rendered(plan, kind, "", MARKER, limit, number=7)
    assert 1 <= len(found) <= comment.MOST
    for text in found:
        assert len(text.encode()) <= limit
        assert text.startswith(f"{MARKER}\n")
        assert set(unfolded(text)) <= ({"details", "summary", "strong"} if kind in KINDS[:3] else set())
        assert not re.search(r"^\s*/\w", outside(text), re.MULTILINE), "GitLab reads a command there"
    whole = "".join(found)
    for one in plan.answers:
        assert one.app in found[0]
    for effect, count in plan.counts.items():
        if count and effect is not Effect.UNCHANGED and not plan.problem:
            assert f"{count} {effect.value}" in found[0].split("\n")[1]
    if limit == 65_536:
        gone = [one for each in plan.answers if each.plan for one in each.plan.objects if one.effect is Effect.DELETED]
        assert len(re.findall(r"deleted <code>" if kind in KINDS[:3] else r"deleted(?:\*\*)? `", whole)) >= len(gone)
        refused = sum(len(one.plan.refused) if one.plan else 1 for one in plan.answers)
        assert len(re.findall(r"^- ❌", whole, re.MULTILINE)) == refused


def test_differences_of_harmless_objects_go_first() -> None:
    """A difference that deletes is whole while those of created objects are cut."""
    found = "".join(texts(answer(objects(1_000, Effect.CREATED, 60), objects(3, Effect.DELETED, 60))))
    assert found.count("-deleted-") == 3
    assert found.count("+line 59 of it") == 3
    assert all(f"x-created-{n}<" in found for n in range(1_000))


@pytest.mark.parametrize("kind", KINDS)
def test_lines_of_harmless_objects_go_before_what_is_deleted_refused_or_warned_of(kind: str) -> None:
    """And the counts stay."""
    warned = tuple(f"warning number {n}." for n in range(20))
    made = answer(objects(5_000, Effect.CREATED), objects(40, Effect.DELETED), objects(30, Effect.REFUSED), said=warned)
    found = "".join(texts(made, limit=16_000, kind=kind))
    assert all(f"deleted-{n}" in found for n in range(40))
    assert found.count("- ❌") == 30
    assert all(one in found for one in warned)
    assert "| **5000** | 0 | 0 | **40** | **30** |" in found
    assert re.search(r"left out: \d{4} objects", found)
    assert "hookline plan shop --pr 7" in found


def test_rows_of_apps_that_stay_as_they_are_go_before_those_of_others() -> None:
    """Of a thousand apps, the one that deletes is there."""
    apps = [answer(objects(1, Effect.UNCHANGED), app=f"quiet-{n}") for n in range(1_000)]
    found = "".join(texts(*apps, answer(objects(1, Effect.DELETED), app="loud"), limit=8_000))
    assert "| ⚠️ | <code>loud</code> |" in found
    assert "**all 1001 apps**" in found
    assert re.search(r"left out: \d+ apps", found)


def test_one_comment_while_all_fits_then_several_whole_ones() -> None:
    """Nothing is cut before the last comment is full."""
    assert len(texts(answer(objects(10, Effect.CONFIGURED)))) == 1
    found = texts(answer(objects(500, Effect.CONFIGURED)))
    assert len(found) == 2
    assert "✂️" not in "".join(found)
    assert "".join(found).count("+line 4 of it") == 500
    assert found[1].startswith(f"{MARKER}\n## Plan, continued")


def test_a_difference_of_one_endless_line_is_cut_too() -> None:
    """A blob has no lines."""
    blob = Planned(Ref("", "Secret", "a", "b"), Effect.CONFIGURED, "", ("data",), "+" + "漢" * 900_000 + "\n")
    found = texts(answer([blob], objects(1, Effect.CREATED)))
    assert len(found) == 1
    assert "…" in found[0]
    assert "+line 4 of it" in found[0]


def test_ten_thousand_objects_take_no_long_time() -> None:
    """Steps are looked for by halves; the worst machine gets a minute."""
    before = time.process_time()
    apps = [answer(objects(200, Effect.CONFIGURED, 30), app=f"app-{n}") for n in range(50)]
    assert len(texts(*apps)) == comment.MOST
    assert time.process_time() - before < 20


def test_a_limit_that_holds_nothing_is_refused() -> None:
    """A text that says nothing helps nobody."""
    with pytest.raises(ValueError, match="4096"):
        texts(limit=4_095)
    with pytest.raises(ValueError, match="beginning"):
        fitting.fitted((), fitting.Page("x" * 9, "", 5, 1), lambda gone, cut: "")


@pytest.mark.parametrize(
    ("plan", "state", "text"),
    [
        (PullPlan(HEAD, BASE, (), 3), State.SUCCESS, "no app is touched"),
        (PullPlan(HEAD, BASE, (), 0, "it conflicts\nwith main"), State.FAILURE, "it conflicts with main"),
        (PullPlan(HEAD, BASE, (answer(),)), State.SUCCESS, "nothing changes in shop"),
        (
            PullPlan(HEAD, BASE, (answer(objects(2, Effect.CREATED)), answer(objects(1, Effect.DELETED), app="b")), 0),
            State.SUCCESS,
            "1 deleted, 2 created in 2 apps",
        ),
        (
            PullPlan(HEAD, BASE, (answer(objects(2, Effect.CREATED)), answer(objects(2, Effect.REFUSED), app="b"))),
            State.FAILURE,
            "b would fail: 2 objects are refused: a.yaml:1: the field is unknown",
        ),
        (
            PullPlan(HEAD, BASE, (Answer("a", "c", None, "no such branch"), answer(objects(1, Effect.REFUSED)))),
            State.FAILURE,
            "a (and 1 more app) would fail: no such branch",
        ),
    ],
)
def test_the_status_says_the_worst_first(plan: PullPlan, state: State, text: str) -> None:
    """In one line."""
    assert brief.summary(plan) == (state, text)


@given(st.text(max_size=400))
def test_the_status_fits_every_forge(text: str) -> None:
    """Cut at a word, never empty."""
    said = brief.summary(PullPlan(HEAD, BASE, (Answer("a", "c", None, text),)))[1]
    assert 0 < len(said) <= brief.LONGEST
    assert said.isprintable()
