"""Times as people type them, parsed in the writer's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.values.time_expressions import ResolvedWindow, TimeWindow, parse, resolve

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)  # a Saturday, 10:30 in Berlin


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("18:00", "2026-11-21 18:00"),
        ("at 6pm", "2026-11-21 18:00"),
        ("6:15 pm", "2026-11-21 18:15"),
        ("09:00", "2026-11-22 09:00"),  # today's is over
        ("10:28", "2026-11-21 10:28"),  # has just passed: now is meant
        ("tomorrow 18:00", "2026-11-22 18:00"),
        ("Tomorrow at 18.00", "2026-11-22 18:00"),
        ("18:00 tomorrow", "2026-11-22 18:00"),
        ("tonight 22:00", "2026-11-21 22:00"),
        ("tomorrow noon", "2026-11-22 12:00"),
        ("mon 09:00", "2026-11-23 09:00"),
        ("on Monday at 9am", "2026-11-23 09:00"),
        ("next saturday 09:00", "2026-11-28 09:00"),
        ("sat 12:00", "2026-11-21 12:00"),
        ("2026-11-25 18:00", "2026-11-25 18:00"),
        ("2026-11-25T18:00", "2026-11-25 18:00"),
        ("25 Nov 18:00", "2026-11-25 18:00"),
        ("Nov 25th, 6pm", "2026-11-25 18:00"),
        ("1 February 08:00", "2027-02-01 08:00"),
        ("1 feb 2027 08:00", "2027-02-01 08:00"),
        ("29 feb 2028 08:00", "2028-02-29 08:00"),
        ("18:00 UTC", "2026-11-21 19:00"),
        ("in 2h", "2026-11-21 12:30"),
        ("now", "2026-11-21 10:30"),
    ],
)
def test_a_time_expression_means_its_next_occurrence(written: str, meant: str) -> None:
    assert resolve(parse(written), NOW, BERLIN, NOW - timedelta(minutes=5)).at == instant(meant)


@pytest.mark.parametrize(
    "written",
    ["", "soon", "tomorrow", "monday", "25", "25:00", "18:60", "13pm", "6", "31 feb 18:00", "25 18:00",
     "2026-13-01 10:00", "18:00 19:00", "tomorrow mon 18:00", "in", "in x", "9" * 400, "now 18:00", "utc"],
)  # fmt: skip
def test_an_invalid_time_is_refused_with_examples(written: str) -> None:
    with pytest.raises(Refused):
        parse(written)


@pytest.mark.parametrize("written", ["today 09:00", "2026-11-20 18:00", "20 nov 2026 18:00"])
def test_a_named_day_in_the_past_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="has passed"):
        resolve(parse(written), NOW, BERLIN, NOW)


@pytest.mark.parametrize(
    ("begins", "span", "until", "start", "end"),
    [
        ("tomorrow 18:00", "12h", None, "2026-11-22 18:00", "2026-11-23 06:00"),
        ("tomorrow 18:00", None, "06:00", "2026-11-22 18:00", "2026-11-23 06:00"),
        ("sat 12:00", None, "sat 12:00", "2026-11-21 12:00", "2026-11-28 12:00"),
        ("10:28", "1h", None, "2026-11-21 10:30", "2026-11-21 11:30"),
        ("now", None, "18:00", "2026-11-21 10:30", "2026-11-21 18:00"),
    ],
)
def test_a_window_ends_at_the_first_such_time_after_it_begins(
    begins: str, span: str | None, until: str | None, start: str, end: str
) -> None:
    hours = timedelta(hours=int(span.removesuffix("h"))) if span else None
    window = TimeWindow(parse(begins), hours, parse(until) if until else None)
    assert window.resolve(NOW, BERLIN) == ResolvedWindow(instant(start), instant(end))


def test_a_window_across_a_clock_change_keeps_its_end_or_length() -> None:
    """On the last night of March 2027 an hour is skipped in Berlin."""
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)
    begins = parse("today 18:00")
    assert TimeWindow(begins, None, parse("06:00")).resolve(now, BERLIN).ends_at == instant("2027-03-28 06:00")
    assert TimeWindow(begins, timedelta(hours=12)).resolve(now, BERLIN).ends_at == instant("2027-03-28 07:00")


def test_a_window_within_a_skipped_hour_is_refused_with_the_reason() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    window = TimeWindow(parse("2026-03-29 02:30"), None, parse("2026-03-29 02:45"))
    with pytest.raises(Refused, match=r"02:30 does not exist on 29 Mar.* It would end before it begins\."):
        window.resolve(now, BERLIN)


def test_a_window_that_would_end_before_it_begins_is_refused() -> None:
    with pytest.raises(Refused):
        TimeWindow(parse("tomorrow 18:00"), None, parse("in 2h")).resolve(NOW, BERLIN)
    with pytest.raises(Refused):
        TimeWindow(parse("tomorrow 18:00"), None, parse("tomorrow 17:00")).resolve(NOW, BERLIN)


def berlin(text: str, *, fold: int = 0) -> datetime:
    """A wall-clock time in Berlin as an instant; fold 1 is the second of two."""
    return instant(text).replace(fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "begins", "span", "until", "start", "end"),
    [
        # 02:45 comes for the second time; 02:50 is still ahead.
        (("2026-10-25 02:45", 1), "now", None, "02:50", ("2026-10-25 02:45", 1), ("2026-10-25 02:50", 1)),
        (("2026-10-25 02:45", 1), "02:50", "1h", None, ("2026-10-25 02:50", 1), ("2026-10-25 03:50", 0)),
        (("2026-10-25 02:45", 1), "2026-10-25 02:50", "1h", None, ("2026-10-25 02:50", 1), ("2026-10-25 03:50", 0)),
        # It comes for the first time: the nearer of the two.
        (("2026-10-25 02:45", 0), "now", None, "02:50", ("2026-10-25 02:45", 0), ("2026-10-25 02:50", 0)),
        (("2026-10-25 02:45", 0), "02:50", None, "02:40", ("2026-10-25 02:50", 0), ("2026-10-25 02:40", 1)),
        (("2026-10-24 20:00", 0), "25 oct 02:30", "1h", None, ("2026-10-25 02:30", 0), ("2026-10-25 02:30", 1)),
    ],
)  # fmt: skip
def test_a_time_that_comes_twice_means_the_first_of_the_two_that_is_ahead(
    now: tuple[str, int],
    begins: str,
    span: str | None,
    until: str | None,
    start: tuple[str, int],
    end: tuple[str, int],
) -> None:
    window = TimeWindow(parse(begins), timedelta(hours=1) if span else None, parse(until) if until else None)
    expected = ResolvedWindow(berlin(start[0], fold=start[1]), berlin(end[0], fold=end[1]))
    assert window.resolve(berlin(now[0], fold=now[1]), BERLIN) == expected


@pytest.mark.parametrize(
    ("begins", "span", "until", "start", "end"),
    [
        ("2026-03-29 02:30", "1h", None, "2026-03-29 03:00", "2026-03-29 04:00"),
        ("2026-03-29 02:30", None, "2026-03-29 03:15", "2026-03-29 03:00", "2026-03-29 03:15"),
        ("now", None, "02:30", "2026-03-28 20:00", "2026-03-29 03:00"),
    ],
)
def test_a_skipped_time_means_the_change_of_clocks_and_that_is_said(
    begins: str, span: str | None, until: str | None, start: str, end: str
) -> None:
    window = TimeWindow(parse(begins), timedelta(hours=1) if span else None, parse(until) if until else None)
    said = ("02:30 does not exist on 29 Mar: the clocks go forward. I took 03:00 instead.",)
    assert window.resolve(berlin("2026-03-28 20:00"), BERLIN) == ResolvedWindow(berlin(start), berlin(end), said)
