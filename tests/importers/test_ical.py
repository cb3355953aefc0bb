"""On-call calendars become schedules of listed shifts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.importers import ical
from bot.importers.errors import ImportFailed
from bot.policy import load

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nX-WR-CALNAME:Primary\r\nX-WR-TIMEZONE:Europe/Berlin\r\n"


def calendar(*events: str) -> str:
    bodies = "".join(
        f"BEGIN:VEVENT\r\n{event.strip().replace(chr(10), chr(13) + chr(10))}\r\nEND:VEVENT\r\n" for event in events
    )
    return f"{HEAD}{bodies}END:VCALENDAR\r\n"


WEEKLY = """UID:1
SUMMARY:On call: Anna <anna@example.com>
DTSTART;TZID=Europe/Berlin:20261005T090000
DTEND;TZID=Europe/Berlin:20261012T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4
EXDATE;TZID=Europe/Berlin:20261019T090000"""
MOVED = """UID:1
SUMMARY:anna@example.com
RECURRENCE-ID;TZID=Europe/Berlin:20261102T090000
DTSTART;TZID=Europe/Berlin:20261103T090000
DTEND;TZID=Europe/Berlin:20261109T090000"""
DAY = "UID:2\nSUMMARY:Ben Baker\nDTSTART;VALUE=DATE:20261019\nDTEND;VALUE=DATE:20261021"
CANCELLED = "UID:3\nSUMMARY:x@example.com\nSTATUS:CANCELLED\nDTSTART:20261025T090000Z\nDTEND:20261025T100000Z"
TOO_OFTEN = "UID:4\nSUMMARY:y@example.com\nDTSTART:20261025T090000Z\nDTEND:20261025T100000Z\nRRULE:FREQ=SECONDLY"


def shifts(text: str) -> list[tuple[str, str, str]]:
    (schedule,) = ical.read_calendars([("primary", text)], NOW).schedules
    listed = schedule.rotations[0].shifts or []
    return [
        (who.id, begin.isoformat()[:16], end.isoformat()[:16])
        for who, begin, end in sorted(listed, key=lambda each: each[1])
    ]


def test_rules_exceptions_and_moved_occurrences_are_shifts_in_local_time() -> None:
    assert shifts(calendar(WEEKLY, MOVED)) == [
        ("anna@example.com", "2026-10-05T07:00", "2026-10-12T07:00"),
        ("anna@example.com", "2026-11-03T08:00", "2026-11-09T08:00"),
        ("anna@example.com", "2026-11-16T08:00", "2026-11-23T08:00"),
    ]


def test_a_day_lasts_from_midnight_to_midnight_in_the_calendar_s_zone() -> None:
    assert shifts(calendar(DAY)) == [("ben baker", "2026-10-18T22:00", "2026-10-20T22:00")]


def test_shifts_that_recur_meet_by_the_clock_when_the_clocks_change() -> None:
    days = (
        "UID:5\nSUMMARY:Ben\nDTSTART;VALUE=DATE:20261012\nDTEND;VALUE=DATE:20261019\nRRULE:FREQ=WEEKLY;UNTIL=20261026"
    )
    assert shifts(calendar(days)) == [
        ("ben", "2026-10-11T22:00", "2026-10-18T22:00"),
        ("ben", "2026-10-18T22:00", "2026-10-25T23:00"),  # 169 hours
        ("ben", "2026-10-25T23:00", "2026-11-01T23:00"),
    ]
    nights = WEEKLY.replace("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4", "RRULE:FREQ=WEEKLY;COUNT=4").splitlines()
    ends = [(begin, end) for _, begin, end in shifts(calendar("\n".join(nights[:-1])))]
    assert [end for _, end in ends[:-1]] == [begin for begin, _ in ends[1:]]


@pytest.mark.parametrize(
    ("until", "count"), [("UNTIL=20261014", 3), ("UNTIL=20261014T080000", 2), ("UNTIL=20261014T070000Z", 3)]
)
def test_a_rule_may_end_on_a_day_or_at_a_time_with_or_without_a_zone(until: str, count: int) -> None:
    begins = "DTSTART;TZID=Europe/Berlin:20261012T090000\nDTEND;TZID=Europe/Berlin:20261012T170000"
    event = f"UID:6\nSUMMARY:Ben\n{begins}\nRRULE:FREQ=DAILY;{until}"
    assert len(shifts(calendar(event))) == count


def test_a_calendar_without_a_zone_says_that_its_times_are_taken_in_utc() -> None:
    floating = "UID:7\nSUMMARY:Ben\nDTSTART:20261012T090000\nDTEND:20261012T170000"
    text = calendar(floating).replace("X-WR-TIMEZONE:Europe/Berlin\r\n", "")
    (schedule,) = ical.read_calendars([("primary", text)], NOW).schedules
    assert "names no time zone: times without one are taken in UTC" in schedule.row().why
    (known,) = ical.read_calendars([("primary", calendar(floating))], NOW).schedules
    assert known.row().why == ""


def test_people_without_a_shift_that_is_listed_are_no_contacts() -> None:
    past = "UID:8\nSUMMARY:Lena\nDTSTART:20200101T090000Z\nDTEND:20200102T090000Z"
    assert [person.origin.name for person in ical.read_calendars([("p", calendar(past, DAY))], NOW).people] == [
        "Ben Baker"
    ]


def test_each_event_stands_in_the_report_once_with_what_is_not_moved() -> None:
    account = ical.read_calendars([("primary", calendar(WEEKLY, MOVED, DAY, CANCELLED, TOO_OFTEN))], NOW)
    rows = [thing.row() for thing in account.others]
    assert [str(row.state) for row in rows] == ["moved", "moved", "moved", "not_moved", "not_moved"]
    assert len({row.id for row in rows}) == 5


@pytest.mark.parametrize("text", ["no calendar", "", "BEGIN:VCALENDAR", "BEGIN:VEVENT\nEND:VCALENDAR"])
def test_what_is_no_calendar_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ImportFailed, match="no calendar"):
        ical.read_calendars([("primary", text)], NOW)


def test_a_calendar_becomes_a_policy_that_is_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/tocsin.db")
    start = datetime.now(UTC) - timedelta(days=10)
    event = f"UID:1\nSUMMARY:anna@example.com\nDTSTART:{start:%Y%m%dT%H0000Z}\nDURATION:P3D\nRRULE:FREQ=WEEKLY"
    (tmp_path / "primary.ics").write_text(calendar(event))
    planned = CliRunner().invoke(main, ["import", "ical", "--plan", "--from", "primary.ics", "--output", "policy.yml"])
    assert planned.exit_code == 0, planned.output
    assert load(tmp_path / "policy.yml").contacts["anna"].slack == "anna@example.com"
    proven = CliRunner().invoke(main, ["import", "prove", "ical", "--from", "primary.ics", "--days", "30", "--json"])
    proof = json.loads(proven.stdout)
    assert (proven.exit_code, proof["equal_minutes"]) == (0, 60 * 1440), proof["differences"][:2]
