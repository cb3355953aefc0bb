"""Who is on call: rules by example, and compared with an oracle that steps through every minute."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Gap, Override, Shift
from bot.domain.policy.schedules import Layer, Schedule
from tests.domain.oncall.oracle import minutes, oracle

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
WEEKLY = Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna", "ben"))


def schedule(*layers: Layer, zone: str = "Europe/Berlin") -> Schedule:
    return Schedule("primary", zone, layers)


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# --- by example ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-01-05T08:59", ()),
        ("2026-01-05T09:00", ("anna",)),
        ("2026-01-12T08:59", ("anna",)),
        ("2026-01-12T09:00", ("ben",)),
        ("2026-01-19T09:00", ("anna",)),
        ("2026-03-30T08:59", ("ben",)),  # the clocks went forward the day before
        ("2026-03-30T09:00", ("anna",)),
    ],
)
def test_weekly_turns_change_at_the_handoff_by_the_wall_clock(moment: str, who: tuple[str, ...]) -> None:
    assert oncall.on_call(schedule(WEEKLY), at(moment)) == who


def test_a_start_between_handoffs_makes_the_first_turn_shorter() -> None:
    layer = Layer("weekly", "mon 09:00", date(2026, 1, 7), ("anna", "ben"))
    shifts = oncall.shifts(schedule(layer), at("2026-01-01T00:00"), at("2026-01-20T00:00"))
    assert [(shift.member, shift.starts_at) for shift in shifts] == [
        ("anna", at("2026-01-07T09:00")),
        ("ben", at("2026-01-12T09:00")),
        ("anna", at("2026-01-19T09:00")),
    ]


def test_monthly_turns_begin_on_the_last_day_where_the_month_has_no_such_day() -> None:
    layer = Layer("monthly", "31 09:00", date(2026, 1, 31), ("anna", "ben", "cleo"))
    shifts = oncall.shifts(schedule(layer), at("2026-01-31T09:00"), at("2026-04-01T00:00"))
    assert [(shift.member, shift.starts_at) for shift in shifts] == [
        ("anna", at("2026-01-31T09:00")),
        ("ben", at("2026-02-28T09:00")),
        ("cleo", at("2026-03-31T09:00")),
    ]


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-01-09T16:59", "office"),  # Friday
        ("2026-01-09T17:00", "anna"),
        ("2026-01-10T12:00", "anna"),
        ("2026-01-12T08:59", "anna"),
        ("2026-01-12T09:00", "office"),
    ],
)
def test_a_later_layer_outranks_within_its_hours_only(moment: str, who: str) -> None:
    always = Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna",))
    office = Layer("weekly", "mon 09:00", date(2026, 1, 5), ("office",), "09:00-17:00 mon-fri")
    assert oncall.on_call(schedule(always, office), at(moment)) == (who,)


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-01-09T22:00", ("anna",)),  # Friday night belongs to Friday
        ("2026-01-10T05:59", ("anna",)),
        ("2026-01-10T06:00", ()),
        ("2026-01-10T22:00", ()),
        ("2026-01-12T05:00", ()),
    ],
)
def test_hours_over_midnight_belong_to_the_day_they_begin_on(moment: str, who: tuple[str, ...]) -> None:
    night = Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna",), "22:00-06:00 mon-fri")
    assert oncall.on_call(schedule(night), at(moment)) == who


def test_a_handoff_in_the_hour_that_is_skipped_happens_when_the_clocks_change() -> None:
    layer = Layer("daily", "02:30", date(2026, 3, 28), ("anna", "ben"))
    change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert oncall.on_call(schedule(layer), change - timedelta(seconds=1)) == ("anna",)
    assert oncall.on_call(schedule(layer), change) == ("ben",)


def test_a_handoff_in_the_hour_that_comes_twice_happens_once_the_first_time() -> None:
    layer = Layer("daily", "02:30", date(2026, 10, 24), ("anna", "ben"))
    shifts = oncall.shifts(schedule(layer), at("2026-10-24T12:00"), at("2026-10-26T00:00"))
    assert shifts == [
        Shift("anna", at("2026-10-24T12:00"), at("2026-10-25T02:30", fold=0)),
        Shift("ben", at("2026-10-25T02:30", fold=0), at("2026-10-26T00:00")),
    ]


def test_an_override_outranks_every_layer_and_the_last_one_given_holds() -> None:
    first = Override("primary", "cleo", at("2026-01-06T10:00"), at("2026-01-06T12:00"))
    second = Override("primary", "dan", at("2026-01-06T11:00"), at("2026-01-06T11:30"))
    other = Override("secondary", "eve", at("2026-01-06T10:00"), at("2026-01-06T12:00"))
    shifts = oncall.shifts(schedule(WEEKLY), at("2026-01-06T09:00"), at("2026-01-06T13:00"), (first, second, other))
    assert [(shift.member, shift.starts_at) for shift in shifts] == [
        ("anna", at("2026-01-06T09:00")),
        ("cleo", at("2026-01-06T10:00")),
        ("dan", at("2026-01-06T11:00")),
        ("cleo", at("2026-01-06T11:30")),
        ("anna", at("2026-01-06T12:00")),
    ]


def test_the_next_shift_is_whole() -> None:
    following = oncall.next_shift(schedule(WEEKLY), at("2026-01-06T10:00"))
    assert following == Shift("ben", at("2026-01-12T09:00"), at("2026-01-19T09:00"))


def test_there_is_no_next_shift_where_one_person_is_always_on_call() -> None:
    layer = Layer("weekly", "mon 09:00", date(2026, 1, 5), ("anna",))
    assert oncall.next_shift(schedule(layer), at("2026-01-06T10:00")) is None


def test_a_gap_is_a_time_without_anybody_on_call() -> None:
    office = Layer("daily", "09:00", date(2026, 1, 5), ("anna",), "09:00-17:00 mon-fri")
    gaps = oncall.gaps(schedule(office), at("2026-01-06T12:00"), at("2026-01-07T12:00"))
    assert gaps == [Gap(at("2026-01-06T17:00"), at("2026-01-07T09:00"))]


def test_a_day_that_a_country_skipped_hands_off_when_the_next_one_begins() -> None:
    layer = Layer("daily", "09:00", date(2011, 12, 28), ("anna", "ben", "cleo", "dan"))
    samoa = schedule(layer, zone="Pacific/Apia")  # had no 30 December 2011
    assert oncall.on_call(samoa, at("2011-12-29T23:59", "Pacific/Apia")) == ("ben",)
    assert oncall.on_call(samoa, at("2011-12-31T00:00", "Pacific/Apia")) == ("cleo",)
    assert oncall.on_call(samoa, at("2011-12-31T09:00", "Pacific/Apia")) == ("dan",)


def test_looking_up_who_is_on_call_takes_less_than_a_millisecond() -> None:
    busy = schedule(WEEKLY, *(Layer("daily", "17:00", date(2024, 1, 1), ("anna", "ben"), "17:00-09:00"),) * 3)
    overrides = [
        Override(
            "primary", "cleo", at("2026-01-06T10:00") + timedelta(days=n), at("2026-01-06T12:00") + timedelta(days=n)
        )
        for n in range(50)
    ]
    moments = [at("2026-06-01T00:00") + timedelta(hours=7 * n) for n in range(500)]
    oncall.on_call(busy, moments[0], overrides)
    begun = clock.process_time()
    for moment in moments:
        oncall.on_call(busy, moment, overrides)
    assert (clock.process_time() - begun) / len(moments) < 0.001


# --- against the oracle --------------------------------------------------------------------------------------------

# Spans of days around the changes of clocks of 2026 in the three zones that have them, and an ordinary one.
STARTS = [
    date(2026, 3, 5),
    date(2026, 3, 26),
    date(2026, 4, 2),
    date(2026, 10, 1),
    date(2026, 10, 22),
    date(2026, 10, 29),
]
clock_times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 15, 30]))
days = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1).map(sorted).map(",".join)


@st.composite
def layers(draw: st.DrawFn, start: date) -> Layer:
    rotation = draw(st.sampled_from(["daily", "weekly", "monthly"]))
    prefix = {
        "daily": st.just(""),
        "weekly": st.sampled_from(["mon ", "wed ", "sun "]),
        "monthly": st.integers(1, 31).map("{} ".format),
    }[rotation]
    first, last = draw(clock_times), draw(clock_times)
    hours = draw(st.sampled_from([None, f"{first}-{last} {draw(days)}"])) if first != last else None
    members = tuple("abcde"[: draw(st.integers(1, 5))])
    begin = start + timedelta(days=draw(st.integers(-2, 3)))
    return Layer(rotation, draw(prefix) + draw(clock_times), begin, members, hours)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, datetime, tuple[Override, ...]]:
    zone, start = draw(st.sampled_from(ZONES)), draw(st.sampled_from(STARTS))
    rota = Schedule("primary", zone, tuple(draw(st.lists(layers(start), min_size=1, max_size=4))))
    begin = datetime.combine(start - timedelta(days=3), time(0), UTC)
    overrides = []
    for number in range(draw(st.integers(0, 3))):
        since = begin + timedelta(minutes=draw(st.integers(0, 12 * 1440)))
        overrides.append(
            Override("primary", f"o{number}", since, since + timedelta(minutes=draw(st.integers(1, 3000))))
        )
    return rota, begin, tuple(overrides)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_every_minute_is_as_the_oracle_says(case: tuple[Schedule, datetime, tuple[Override, ...]]) -> None:
    rota, begin, overrides = case
    end = begin + timedelta(days=12)
    expected = list(oracle(rota, begin, end, overrides))
    actual: dict[datetime, tuple[str, ...]] = {}
    for shift in oncall.shifts(rota, begin, end, overrides):
        actual |= dict.fromkeys(minutes(shift.starts_at, shift.ends_at), (shift.member,))
    for number, (minute, who) in enumerate(expected):
        assert actual.get(minute, ()) == who, minute.isoformat()
        if number % 7 == 0:
            assert oncall.on_call(rota, minute, overrides) == who, minute.isoformat()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_year_with_four_layers_and_fifty_overrides_is_as_the_oracle_says(zone: str) -> None:
    first = date(2026, 1, 1)
    rota = schedule(
        Layer("weekly", "mon 09:00", first, ("anna", "ben", "cleo")),
        Layer("monthly", "31 02:30", first, ("dan", "eve"), "01:30-03:30"),
        Layer("daily", "17:00", first, ("finn", "gus", "hal"), "17:00-01:00 fri,sat"),
        Layer("weekly", "sun 02:15", first, ("ida", "jo"), "09:00-17:00 mon,tue"),
        zone=zone,
    )
    begin = datetime(2025, 12, 31, tzinfo=UTC)
    overrides = tuple(
        Override("primary", f"o{n}", begin + timedelta(hours=173 * n), begin + timedelta(hours=173 * n + 5 + n % 30))
        for n in range(50)
    )
    end = begin + timedelta(days=366)
    differ = [
        minute.isoformat()
        for minute, who in oracle(rota, begin, end, overrides, step=15)  # everything here begins on a quarter
        if oncall.on_call(rota, minute, overrides) != who
    ]
    assert differ == []
    assert oncall.gaps(rota, begin + timedelta(days=2), end, overrides) == []
