"""Sync windows against the wall clock: zones, daylight saving, month ends, and a model that counts minutes."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers import windows
from workers.declared import declared
from workers.documents import Document
from workers.projects import Project
from workers.windows import Window

HOUR = 3600.0


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    """A moment on the wall clock of a zone, as seconds since the epoch."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def window(kind: str = "deny", said: str = "0 22 * * *", hours: float = 1.0, **more: object) -> Window:
    """A window for every app."""
    return Window(kind, windows.schedule(said), hours * HOUR, ("*",), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "on"),
    [
        ("2026-11-25T21:59:59", False),
        ("2026-11-25T22:00", True),
        ("2026-11-25T22:59:59", True),
        ("2026-11-25T23:00", False),
    ],
)
def test_a_window_is_on_from_its_start_and_off_at_its_end(moment: str, on: bool) -> None:
    """The end itself is outside."""
    assert window().active(at(moment)) is on


@pytest.mark.parametrize(
    ("said", "zone", "moment", "on"),
    [
        # Amsterdam goes from 02:00 to 03:00 on 29 March 2026: 02:30 is skipped and comes at 03:00.
        ("30 2 * * *", "Europe/Amsterdam", at("2026-03-29T00:59:59"), False),
        ("30 2 * * *", "Europe/Amsterdam", at("2026-03-29T01:00"), True),
        ("30 2 * * *", "Europe/Amsterdam", at("2026-03-29T01:59:59"), True),
        ("30 2 * * *", "Europe/Amsterdam", at("2026-03-29T02:00"), False),
        # On 25 October 2026 02:30 comes twice, at 00:30 and 01:30 UTC: the first one counts.
        ("30 2 * * *", "Europe/Amsterdam", at("2026-10-25T00:30"), True),
        ("30 2 * * *", "Europe/Amsterdam", at("2026-10-25T01:29:59"), True),
        ("30 2 * * *", "Europe/Amsterdam", at("2026-10-25T01:30"), False),
        # An offset of 45 minutes, and one that changes by 30.
        ("0 22 * * *", "Asia/Kathmandu", at("2026-05-01T16:15"), True),
        ("0 22 * * *", "Australia/Lord_Howe", at("2026-05-01T11:30"), True),
        ("0 22 * * *", "Australia/Lord_Howe", at("2026-12-01T11:00"), True),
        ("0 22 * * *", "Australia/Lord_Howe", at("2026-12-01T10:59:59"), False),
        # Month ends and leap days.
        ("0 0 31 * *", "UTC", at("2026-04-30T00:30"), False),
        ("0 0 31 * *", "UTC", at("2026-05-31T00:30"), True),
        ("0 0 29 2 *", "UTC", at("2027-03-01T00:30"), False),
        ("0 0 29 2 *", "UTC", at("2028-02-29T00:30"), True),
        # Day of the month or of the week: either is enough, but with a star both count.
        ("0 0 1 * 1", "UTC", at("2026-12-01T00:30"), True),
        ("0 0 1 * 1", "UTC", at("2026-12-07T00:30"), True),
        ("0 0 * * 1", "UTC", at("2026-12-01T00:30"), False),
        ("0 0 */2 * 1", "UTC", at("2026-12-14T00:30"), True),
        ("@daily", "UTC", at("2026-12-14T00:30"), True),
    ],
)  # fmt: skip
def test_the_wall_clock_of_a_zone_says_when(said: str, zone: str, moment: float, on: bool) -> None:
    """Also where the clock jumps, and where a month has no such day."""
    assert window("deny", said, zone=zone).active(moment) is on


def test_a_window_may_last_over_midnight_and_into_its_next_turn() -> None:
    """One that begins every hour and lasts two is never off."""
    assert window("deny", "0 23 * * *", 3).active(at("2026-12-02T01:59"))
    always = window("deny", "0 * * * *", 2)
    assert all(always.active(at("2026-12-02T00:00") + minute * 60) for minute in range(600))


DENY, ALLOW = ("0 12 * * *", 1.0), ("0 10 * * *", 4.0)


@pytest.mark.parametrize(
    ("given_", "moment", "closed"),
    [
        ([], "12:30", False),
        (["deny"], "12:30", True),
        (["deny"], "11:30", False),
        (["allow"], "12:30", False),
        (["allow"], "09:30", True),
        (["allow", "deny"], "12:30", True),
        (["allow", "deny"], "11:30", False),
        (["allow", "deny"], "15:00", True),
    ],
)
def test_deny_wins_and_allow_shuts_the_rest_of_the_time(given_: list[str], moment: str, closed: bool) -> None:
    """Without a window everything is open."""
    made = [window(kind, *(DENY if kind == "deny" else ALLOW)) for kind in given_]
    assert bool(windows.blocking(made, at(f"2026-12-01T{moment}"), by_hand=False)) is closed
    # Neither who asks nor what is under way makes a difference where no window says so.
    assert bool(windows.blocking(made, at(f"2026-12-01T{moment}"), by_hand=True, under_way=True)) is closed


@pytest.mark.parametrize("field", ["manual", "overrun"])
@pytest.mark.parametrize(
    ("denies", "allows", "moment", "passes"),
    [
        ([True], [], "12:30", True),
        ([True, True], [], "12:30", True),
        ([True, False], [], "12:30", False),
        ([], [True], "15:00", True),
        ([], [True, False], "15:00", False),
        # Of an active deny only its own word counts.
        ([True], [False], "12:30", True),
        ([False], [True], "12:30", False),
    ],
)
def test_all_closing_windows_have_to_let_it_pass(
    field: str, denies: list[bool], allows: list[bool], moment: str, passes: bool
) -> None:
    """``manualSync`` for a sync by hand, ``syncOverrun`` for one under way; Argo CD's table of transitions."""
    made = [
        window("deny", *DENY, manual=field == "manual" and said, overrun=field == "overrun" and said) for said in denies
    ]
    made += [
        window("allow", *ALLOW, manual=field == "manual" and said, overrun=field == "overrun" and said)
        for said in allows
    ]
    now = at(f"2026-12-01T{moment}")
    assert windows.blocking(made, now, by_hand=False)
    assert bool(windows.blocking(made, now, by_hand=field == "manual", under_way=field == "overrun")) is not passes


@pytest.mark.parametrize(
    ("made", "opens"),
    [
        ([("deny", *DENY)], "2026-12-01T13:00"),
        ([("allow", *DENY)], "2026-12-02T12:00"),
        ([("deny", *DENY), ("deny", "0 13 * * *", 2.0)], "2026-12-01T15:00"),
        ([("deny", *DENY), ("allow", "30 12 * * *", 2.0)], "2026-12-01T13:00"),
        ([("deny", *DENY), ("allow", "0 8 * * 5", 2.0)], "2026-12-04T08:00"),
    ],
)
def test_the_moment_it_opens_is_known(made: list[tuple[str, str, float]], opens: str) -> None:
    """Whatever the windows are together."""
    now = at("2026-12-01T12:15") if made[0][0] == "deny" else at("2026-12-01T13:15")
    assert windows.opens([window(*one) for one in made], now) == (at(opens), True)


def test_what_never_opens_says_so() -> None:
    """A deny that is always on, and an allow whose day never comes again within reach."""
    found, sure = windows.opens([window("deny", "* * * * *", 1)], at("2026-12-01T12:15"))
    assert (math.isfinite(found), sure) == (True, False)


@pytest.mark.parametrize(
    ("more", "name", "namespace", "cluster", "hit"),
    [
        ({"applications": ("shop-*",)}, "shop-web", "x", "y", True),
        ({"applications": ("shop-*",)}, "bank", "shop-x", "shop-y", False),
        ({"namespaces": ("*-prod",)}, "x", "web-prod", "y", True),
        ({"clusters": ("https://one*",)}, "x", "y", "https://one.example.com", True),
        ({"clusters": ("{one,two}",)}, "x", "y", "two", True),
        ({"clusters": ("*",)}, "x", "y", "", False),
        ({"applications": ("a",), "namespaces": ("b",)}, "x", "b", "y", True),
        ({"applications": ("a",), "namespaces": ("b",), "every": True}, "x", "b", "y", False),
        ({"applications": ("a",), "namespaces": ("b",), "every": True}, "a", "b", "y", True),
        ({}, "a", "b", "c", False),
        ({"every": True}, "a", "b", "c", False),
    ],
)
def test_what_a_window_is_for(
    more: dict[str, tuple[str, ...]], name: str, namespace: str, cluster: str, hit: bool
) -> None:
    """Any of its globs, or with ``andOperator`` all kinds of globs it has."""
    made = Window("deny", "0 0 * * *", HOUR, **more)  # type: ignore[arg-type]
    assert made.matches(name, namespace, [cluster]) is hit


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("schedule", "0 22 * *", "expected five cron fields"),
        ("schedule", "0 0 0 22 * *", "expected five cron fields"),
        ("schedule", "CRON_TZ=UTC 0 2 * * *", "expected five cron fields"),
        ("schedule", "@every 1h", "expected five cron fields"),
        ("schedule", "0 25 * * *", "bad hour"),
        ("schedule", "0 0 L * *", "L is no cron field"),
        ("schedule", "0 0 31 2 *", "bad day-of-month"),
        ("schedule", "*/0 * * * *", "bad minute"),
        ("duration", "an hour", "expected a duration"),
        ("duration", "0s", "more than nothing"),
        ("duration", "9999h", "at most a year"),
        ("timeZone", "Europe/Atlantis", "no time zone"),
        ("timeZone", "../../etc/localtime", "no time zone"),
        ("kind", "forbid", "allow"),
        ("manualsync", True, "not known"),
        ("description", "x" * 300, "255"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_field(field: str, value: object, sentence: str) -> None:
    """When the project is read, not when the window would open."""
    said = {"kind": "deny", "schedule": "0 22 * * *", "duration": "1h", "applications": ["*"], field: value}
    fault = read(said).fault
    assert fault.startswith("apps/team.yaml:")
    assert f"spec.syncWindows[0].{field}" in fault
    assert sentence in fault


def read(*said: object) -> Project:
    """The project that declares these windows."""
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "team"},
        "spec": {"syncWindows": list(said)},
    }
    found = declared(Document(value, "apps/team.yaml", 1))
    assert isinstance(found, Project)
    return found


def test_a_window_for_no_app_is_named() -> None:
    """It does nothing in Argo CD either, and is hardly meant."""
    made = read({"kind": "deny", "schedule": "0 22 * * *", "duration": "1h"})
    assert made.warnings == ("spec.syncWindows[0] is for no app: name `applications`, `namespaces` or `clusters`",)


def model(said: str, zone: str, begin: float, end: float) -> list[float]:
    """All starts between two whole minutes, found by looking at the wall clock minute by minute.

    Written from cron's manual, without the library: every real minute is matched; schedules with a fixed time follow
    Debian's rule for the minutes that are skipped or come twice.
    """
    minute, hour = said.split()[:2]
    fixed = not (minute.startswith("*") or hour.startswith("*"))
    there = ZoneInfo(zone)
    found: list[float] = []
    before: dt.datetime | None = None
    for now in range(int(begin) - 86400, int(end), 60):
        wall = dt.datetime.fromtimestamp(now, there)
        local = wall.replace(tzinfo=None, fold=0)
        if not fixed:
            hits = matches(said, local)
        else:
            skipped = before is not None and local - before > dt.timedelta(minutes=1)
            missed = int((local - before).total_seconds() // 60) - 1 if skipped and before else 0
            due = [local, *(local - dt.timedelta(minutes=one + 1) for one in range(missed))]
            hits = wall.fold == 0 and any(matches(said, one) for one in due)
        if hits and now >= begin:
            found.append(float(now))
        before = local
    return found


def matches(said: str, wall: dt.datetime) -> bool:
    """Whether a minute of the wall clock is one of the schedule's."""
    minute, hour, day, month, weekday = said.split()
    within = [
        number in allowed(field, least, most)
        for field, number, least, most in (
            (minute, wall.minute, 0, 59),
            (hour, wall.hour, 0, 23),
            (month, wall.month, 1, 12),
        )
    ]
    by_day = wall.day in allowed(day, 1, 31)
    by_weekday = wall.isoweekday() % 7 in {number % 7 for number in allowed(weekday, 0, 7)}
    days = by_day and by_weekday if "*" in (day, weekday) else by_day or by_weekday
    return all(within) and days


@functools.cache
def allowed(field: str, least: int, most: int) -> frozenset[int]:
    """The numbers of a cron field."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        first = least if span == "*" else int(low)
        last = most if span == "*" or (step and not high) else int(high or low)
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def fields(least: int, most: int) -> st.SearchStrategy[str]:
    """Cron fields of every form."""
    number = st.integers(least, most)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, most).map(lambda by: f"*/{by}")
    return st.one_of(st.just("*"), number.map(str), span, step, st.lists(number, min_size=2, max_size=3).map(
        lambda found: ",".join(map(str, found))))  # fmt: skip


ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"]
JUMPS = [
    "2026-03-28T12:00",
    "2026-10-24T12:00",
    "2026-03-07T20:00",
    "2026-10-31T20:00",
    "2026-04-04T03:00",
    "2026-10-03T03:00",
    "2026-02-27T00:00",
    "2026-12-30T23:00",
    "2026-02-14T12:00",
    "2026-03-21T12:00",
]


@settings(max_examples=60, deadline=None)
@given(
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=st.one_of(st.just("*"), fields(1, 28)),
    weekday=st.one_of(st.just("*"), fields(0, 6)),
    zone=st.sampled_from(ZONES),
    begin=st.sampled_from(JUMPS),
    duration=st.integers(1, 180),
)
@example("30", "2", "*", "*", "Europe/Amsterdam", "2026-03-28T12:00", 60)
@example("30", "2", "*", "*", "Europe/Amsterdam", "2026-10-24T12:00", 90)
@example("0,30", "1-2", "*", "*", "Australia/Lord_Howe", "2026-10-03T03:00", 15)
@example("*", "3", "*", "*", "Australia/Lord_Howe", "2026-10-03T03:00", 1)
@example("*", "*", "4", "*", "Australia/Lord_Howe", "2026-04-04T03:00", 1)
@example("*/7", "2", "*", "*", "America/New_York", "2026-03-07T20:00", 5)
def test_windows_are_on_exactly_when_a_count_by_minutes_says(
    minute: str, hour: str, day: str, weekday: str, zone: str, begin: str, duration: int
) -> None:
    """Over a day and a half around a jump of the clock, at every fifth minute and at each start and end."""
    said = f"{minute} {hour} {day} * {weekday}"
    try:
        made = Window("deny", windows.schedule(said), duration * 60.0, ("*",), zone=zone)
    except ValueError:
        return
    first = at(begin)
    last = first + 36 * HOUR
    starts = model(plain(said), zone, first - 4 * HOUR, last)
    moments = {first + step * 300 for step in range(36 * 12)}
    some = starts[:: len(starts) // 300 + 1]
    moments |= {edge + by for start in some for edge in (start, start + duration * 60) for by in (-1, 0)}
    for now in sorted(moment for moment in moments if first <= moment < last):
        latest = bisect.bisect_right(starts, now) - 1
        on = latest >= 0 and now < starts[latest] + duration * 60
        assert made.active(now) is on, (said, now)


@settings(max_examples=60, deadline=None)
@given(
    made=st.lists(
        st.builds(
            Window,
            st.sampled_from(["allow", "deny"]),
            st.sampled_from(["0 2 * * *", "30 1-3 * * *", "*/20 * * * *", "0 12 * * 1-5", "15 */6 * * *"]),
            st.integers(1, 40).map(lambda length: length * 600.0),
            zone=st.sampled_from(ZONES),
        ),
        max_size=4,
    ),
    begin=st.sampled_from(JUMPS),
)
def test_nothing_opens_before_the_moment_that_is_told(made: list[Window], begin: str) -> None:
    """Minute by minute up to it, and then it is open; in zones and over jumps of the clock."""
    now = at(begin) + 30
    found, sure = windows.opens(made, now)
    if not windows.blocking(made, now, by_hand=False):
        return
    last = min(found, now + 48 * HOUR)
    closed = [windows.blocking(made, minute, by_hand=False) for minute in range(int(now), int(last), 60)]
    assert all(closed)
    assert not sure or math.isinf(found) or not windows.blocking(made, found, by_hand=False)


def plain(said: str) -> str:
    """A schedule with steps of one written as a star, as the rule for days reads them."""
    return " ".join("*" if field == "*/1" else field for field in said.split())
