"""Rotations of any length, restrictions, teams, gaps, lists of shifts and layers that add up."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.oncall import coverage
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Layer, ListedShift, Schedule, ShiftList
from tests.domain.oncall.oracle import minutes, oracle

MONDAY = date(2026, 1, 5)
TEAMS = {"sre": ("finn", "gus"), "leads": ("hal",)}


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def schedule(*layers: Layer, zone: str = "Europe/Berlin", together: bool = False) -> Schedule:
    return Schedule("primary", zone, layers, together=together, teams=TEAMS)


def list_layer(*shifts: tuple[str, str, str]) -> Layer:
    return Layer(
        "weekly", "mon 09:00", MONDAY, (),
        shifts=ShiftList.of(ListedShift(who, at(begins), at(ends)) for who, begins, ends in shifts),
    )  # fmt: skip


# --- by example ----------------------------------------------------------------------------------------------------


def test_a_shift_of_several_weeks_hands_off_after_as_many_handoffs() -> None:
    layer = Layer("weekly", "mon 09:00", MONDAY, ("anna", "ben"), every=2)
    shifts = oncall.shifts(schedule(layer), at("2026-01-05T09:00"), at("2026-02-10T00:00"))
    assert [(shift.member, shift.starts_at) for shift in shifts] == [
        ("anna", at("2026-01-05T09:00")),
        ("ben", at("2026-01-19T09:00")),
        ("anna", at("2026-02-02T09:00")),
    ]


def test_shifts_of_hours_stay_at_their_time_of_day_when_the_clocks_change() -> None:
    layer = Layer("hourly", "08:00", date(2026, 3, 6), ("day", "night"), every=12)
    new_york = schedule(layer, zone="America/New_York")
    shifts = oncall.shifts(
        new_york, at("2026-03-07T20:00", "America/New_York"), at("2026-03-08T20:00", "America/New_York")
    )
    assert [(shift.member, shift.ends_at - shift.starts_at) for shift in shifts] == [
        ("night", timedelta(hours=11)),
        ("day", timedelta(hours=12)),
    ]


def test_a_shift_of_hours_is_longer_in_the_night_that_repeats_an_hour() -> None:
    layer = Layer("hourly", "20:00", date(2026, 10, 1), ("night", "day"), every=12)
    new_york = schedule(layer, zone="America/New_York")
    night = oncall.current_shift(new_york, at("2026-10-31T20:00", "America/New_York"))
    assert night == Shift(
        "night", at("2026-10-31T20:00", "America/New_York"), at("2026-11-01T08:00", "America/New_York")
    )
    assert night.ends_at - night.starts_at == timedelta(hours=13)


def test_shifts_of_months_hand_off_on_the_last_day_of_a_short_month() -> None:
    layer = Layer("monthly", "31 09:00", date(2027, 12, 31), ("anna", "ben"), every=2)
    shifts = oncall.shifts(schedule(layer), at("2027-12-31T09:00"), at("2028-05-01T00:00"))
    assert [(shift.member, shift.starts_at) for shift in shifts] == [
        ("anna", at("2027-12-31T09:00")),
        ("ben", at("2028-02-29T09:00")),
        ("anna", at("2028-04-30T09:00")),
    ]


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        ("2026-01-09T16:59", ()),  # Friday
        ("2026-01-09T17:00", ("anna",)),
        ("2026-01-11T12:00", ("anna",)),
        ("2026-01-12T08:59", ("anna",)),
        ("2026-01-12T09:00", ()),
        ("2026-01-13T12:30", ("anna",)),
        ("2026-01-13T13:00", ()),
    ],
)
def test_several_hours_hold_over_the_weekend_too(moment: str, who: tuple[str, ...]) -> None:
    layer = Layer("weekly", "mon 09:00", MONDAY, ("anna",), "fri 17:00-mon 09:00; 12:00-13:00 tue")
    assert oncall.on_call(schedule(layer), at(moment)) == who


def test_all_of_a_team_is_on_call_and_nobody_is_a_gap_that_outranks() -> None:
    base = Layer("daily", "09:00", MONDAY, ("anna",))
    top = Layer("daily", "09:00", MONDAY, ("sre", "nobody"))
    assert oncall.on_call(schedule(base, top), at("2026-01-05T10:00")) == ("finn", "gus")
    assert oncall.on_call(schedule(base, top), at("2026-01-06T10:00")) == ()
    assert oncall.on_call(schedule(base, top, together=True), at("2026-01-06T10:00")) == ("anna",)


def test_layers_together_add_up_and_each_person_counts_once() -> None:
    first = Layer("weekly", "mon 09:00", MONDAY, ("anna", "finn"))
    second = Layer("weekly", "mon 09:00", MONDAY, ("sre",))
    both = schedule(first, second, together=True)
    assert oncall.on_call(both, at("2026-01-06T10:00")) == ("anna", "finn", "gus")
    assert oncall.on_call(both, at("2026-01-13T10:00")) == ("finn", "gus")
    assert oncall.shifts(both, at("2026-01-06T00:00"), at("2026-01-14T00:00")) == [
        Shift("anna", at("2026-01-06T00:00"), at("2026-01-12T09:00")),
        Shift("finn", at("2026-01-06T00:00"), at("2026-01-14T00:00")),
        Shift("gus", at("2026-01-06T00:00"), at("2026-01-14T00:00")),
    ]


def test_a_layer_holds_between_its_beginning_and_its_end_and_turns_count_from_its_start() -> None:
    layer = Layer(
        "weekly", "mon 09:00", MONDAY, ("anna", "ben"), begins_at=at("2026-01-14T00:00"), ends_at=at("2026-01-21T12:00")
    )
    assert oncall.shifts(schedule(layer), at("2026-01-01T00:00"), at("2026-02-01T00:00")) == [
        Shift("ben", at("2026-01-14T00:00"), at("2026-01-19T09:00")),
        Shift("anna", at("2026-01-19T09:00"), at("2026-01-21T12:00")),
    ]


def test_listed_shifts_that_overlap_add_up() -> None:
    rota = schedule(
        list_layer(("anna", "2026-01-05T09:00", "2026-01-07T09:00"), ("ben", "2026-01-06T09:00", "2026-01-06T12:00"))
    )
    assert oncall.on_call(rota, at("2026-01-06T10:00")) == ("anna", "ben")
    assert oncall.on_call(rota, at("2026-01-06T12:00")) == ("anna",)
    assert oncall.on_call(rota, at("2026-01-07T09:00")) == ()


def test_a_cover_of_a_layer_takes_over_this_layer_alone() -> None:
    day = Layer("weekly", "mon 09:00", MONDAY, ("anna",), name="day")
    night = Layer("weekly", "mon 09:00", MONDAY, ("ben",), "22:00-06:00", name="night")
    cover = Override("primary", "cleo", at("2026-01-06T12:00"), at("2026-01-07T12:00"), "day")
    rota = schedule(day, night)
    assert oncall.on_call(rota, at("2026-01-06T13:00"), [cover]) == ("cleo",)
    assert oncall.on_call(rota, at("2026-01-06T23:00"), [cover]) == ("ben",)
    both = schedule(day, night, together=True)
    assert oncall.on_call(both, at("2026-01-06T23:00"), [cover]) == ("cleo", "ben")


def test_a_cover_of_the_schedule_outranks_one_of_a_layer() -> None:
    day = Layer("weekly", "mon 09:00", MONDAY, ("anna",), name="day")
    span = at("2026-01-06T12:00"), at("2026-01-07T12:00")
    covers = [Override("primary", "cleo", *span), Override("primary", "dan", *span, "day")]
    assert oncall.on_call(schedule(day), at("2026-01-06T13:00"), covers) == ("cleo",)


def test_everybody_who_is_on_call_now_and_next_is_told() -> None:
    first = Layer("weekly", "mon 09:00", MONDAY, ("anna", "sre"))
    rota = schedule(first)
    now = at("2026-01-06T10:00")
    assert oncall.current_shifts(rota, now) == (Shift("anna", now, at("2026-01-12T09:00")),)
    assert oncall.next_shifts(rota, now) == (
        Shift("finn", at("2026-01-12T09:00"), at("2026-01-19T09:00")),
        Shift("gus", at("2026-01-12T09:00"), at("2026-01-19T09:00")),
    )


def test_a_member_whose_shifts_fall_outside_the_hours_is_never_on_call() -> None:
    layer = Layer("hourly", "00:00", MONDAY, ("anna", "ben", "nobody"), "00:00-08:00", every=8)
    assert coverage.members_never_on_call(schedule(layer), 0, at("2026-01-05T00:00")) == ("ben",)


def test_looking_up_one_of_five_hundred_schedules_takes_less_than_a_millisecond() -> None:
    shifts = [
        ListedShift("anna", at("2024-01-01T09:00") + timedelta(days=n), at("2024-01-01T17:00") + timedelta(days=n + 1))
        for n in range(1500)
    ]
    layers = (
        Layer("hourly", "08:00", date(2020, 1, 1), ("anna", "ben", "sre"), "mon 08:00-fri 20:00; sat,sun", 7),
        Layer("daily", "09:00", date(2020, 1, 1), ("anna", "ben"), "22:00-06:00", 3),
        Layer("monthly", "31 09:00", date(2020, 1, 1), ("anna", "ben"), every=2),
        Layer("weekly", "mon 09:00", MONDAY, (), shifts=ShiftList.of(shifts)),
    )
    zones = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
    schedules = {f"s{n}": Schedule(f"s{n}", zones[n % 4], layers, together=True, teams=TEAMS) for n in range(500)}
    begin = at("2026-06-01T00:00")
    covers = [
        Override(f"s{n % 500}", "cleo", begin + timedelta(hours=n), begin + timedelta(hours=n + 5)) for n in range(5000)
    ]
    look_up = oncall.on_call_lookup(Policy("p", (), (), schedules=schedules), covers)
    moments = [(f"s{7 * n % 500}", begin + timedelta(hours=7 * n)) for n in range(500)]
    begun = clock.process_time()
    for name, moment in moments:
        look_up(name, moment)
    assert (clock.process_time() - begun) / len(moments) < 0.001


# --- against the oracle --------------------------------------------------------------------------------------------

# Changes of clocks on both hemispheres, by half an hour at Lord Howe Island, and the day that Samoa skipped.
SPANS = [
    ("Europe/Berlin", date(2026, 3, 26)),
    ("Europe/Berlin", date(2026, 10, 22)),
    ("America/New_York", date(2026, 3, 5)),
    ("America/New_York", date(2026, 10, 29)),
    ("Australia/Sydney", date(2026, 4, 2)),
    ("Australia/Sydney", date(2026, 10, 1)),
    ("America/Santiago", date(2026, 4, 2)),
    ("Australia/Lord_Howe", date(2026, 4, 2)),
    ("Australia/Lord_Howe", date(2026, 10, 1)),
    ("Pacific/Apia", date(2011, 12, 27)),
    ("Asia/Kolkata", date(2028, 2, 26)),
]
clock_times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 15, 30]))
weekdays = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
PREFIXES = {
    "hourly": st.just(""),
    "daily": st.just(""),
    "weekly": weekdays.map("{} ".format),
    "monthly": st.integers(1, 31).map("{} ".format),
}
MOST = {"hourly": 30, "daily": 5, "weekly": 3, "monthly": 2}


@st.composite
def windows(draw: st.DrawFn) -> str:
    first, last = draw(st.tuples(clock_times, clock_times).filter(lambda pair: pair[0] != pair[1]))
    if draw(st.booleans()):
        return f"{draw(weekdays)} {first}-{draw(weekdays)} {last}"
    return f"{first}-{last} {','.join(sorted(draw(st.sets(weekdays, min_size=1))))}"


def instants(begin: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(0, 10 * 1440).map(lambda minute: begin + timedelta(minutes=minute))


@st.composite
def layers(draw: st.DrawFn, start: date, begin: datetime, name: str) -> Layer:
    hours = draw(st.none() | st.lists(windows(), min_size=1, max_size=3).map("; ".join))
    shifts = None
    if draw(st.integers(0, 4)) == 0:
        starts = draw(st.lists(instants(begin), min_size=1, max_size=4))
        shifts = ShiftList.of(
            ListedShift(draw(st.sampled_from("abc")), since, since + timedelta(minutes=draw(st.integers(1, 3000))))
            for since in starts
        )
    rotation = draw(st.sampled_from(["hourly", "daily", "weekly", "monthly"]))
    begins = draw(st.none() | instants(begin))
    ends = draw(st.none() | instants(begin + timedelta(days=1)))
    return Layer(
        rotation,
        draw(PREFIXES[rotation]) + draw(clock_times),
        start + timedelta(days=draw(st.integers(-2, 3))),
        tuple(draw(st.lists(st.sampled_from(["a", "b", "c", "sre", "leads", "nobody"]), min_size=1, max_size=5))),
        hours,
        draw(st.integers(1, MOST[rotation])),
        name,
        begins,
        ends if begins is None or ends is None or ends > begins else None,
        shifts,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, datetime, tuple[Override, ...]]:
    zone, start = draw(st.sampled_from(SPANS))
    begin = datetime.combine(start - timedelta(days=3), time(0), UTC)
    count = draw(st.integers(1, 3))
    rota = schedule(
        *(draw(layers(start, begin, f"l{number}")) for number in range(count)), zone=zone, together=draw(st.booleans())
    )
    covers = []
    for number in range(draw(st.integers(0, 3))):
        since = draw(instants(begin))
        layer = draw(st.sampled_from(["", "l0", "l1", "gone"]))
        member = draw(st.sampled_from([f"o{number}", "sre"]))
        covers.append(Override("primary", member, since, since + timedelta(minutes=draw(st.integers(1, 3000))), layer))
    return rota, begin, tuple(covers)


@settings(max_examples=20, deadline=None)
@given(cases())
def test_every_minute_of_every_kind_is_as_the_oracle_says(
    case: tuple[Schedule, datetime, tuple[Override, ...]],
) -> None:
    rota, begin, covers = case
    end = begin + timedelta(days=9)
    on_duty: dict[datetime, set[str]] = {}
    for shift in oncall.shifts(rota, begin, end, covers):
        for minute in minutes(shift.starts_at, shift.ends_at):
            on_duty.setdefault(minute, set()).add(shift.member)
    for number, (minute, who) in enumerate(oracle(rota, begin, end, covers)):
        assert on_duty.get(minute, set()) == set(who), minute.isoformat()
        if number % 29 == 0:
            assert oncall.on_call(rota, minute, covers) == who, minute.isoformat()
