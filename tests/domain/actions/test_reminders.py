from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.actions import reminders
from bot.domain.actions.item import ActionItem, ActionStatus
from bot.domain.values import working_hours

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)  # a Monday
FRIDAY = date(2026, 12, 4)
ITEM = ActionItem(1, 1, "Alert on pool usage", "U1", NOW, owner="U2", due=FRIDAY)


def days(item: ActionItem, after: date, count: int) -> list[str]:
    found: list[str] = []
    while (day := reminders.next_day(item, after)) is not None and len(found) < count:
        found.append(day.isoformat())
        after = day
    return found


def test_an_owner_is_reminded_two_business_days_before_on_the_day_then_weekly() -> None:
    expected = ["2026-12-02", "2026-12-04", "2026-12-11", "2026-12-18"]
    assert days(ITEM, date(2026, 11, 30), 4) == expected


def test_no_reminder_falls_on_a_weekend() -> None:
    sunday = replace(ITEM, due=date(2026, 12, 6))
    assert days(sunday, date(2026, 11, 30), 4) == ["2026-12-03", "2026-12-07", "2026-12-14", "2026-12-21"]


def test_days_missed_are_one_reminder() -> None:
    assert days(ITEM, date(2027, 1, 20), 1) == ["2027-01-22"]


@pytest.mark.parametrize(
    "item",
    [replace(ITEM, owner=None), replace(ITEM, due=None), replace(ITEM, status=ActionStatus.COMPLETED)],
)
def test_nobody_is_reminded_of_an_item_without_owner_or_day_or_of_one_that_is_settled(item: ActionItem) -> None:
    assert reminders.next_day(item, date(2026, 11, 30)) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago", "Europe/Berlin"])
def test_a_message_waits_for_the_morning_of_its_day_wherever_the_person_is(zone: str) -> None:
    begins = reminders.begins_at(FRIDAY)
    assert begins is not None
    assert reminders.day_of(begins) == FRIDAY
    at = (begins + working_hours.until_working_hours(begins, FRIDAY, ZoneInfo(zone))).astimezone(ZoneInfo(zone))
    assert (at.date(), at.hour, at.minute) == (FRIDAY, 9, 0)


@pytest.mark.parametrize(
    ("now", "waits"),
    [
        (datetime(2026, 12, 4, 10, tzinfo=UTC), timedelta()),
        (datetime(2026, 12, 4, 17, tzinfo=UTC), timedelta(days=2, hours=16)),
        (datetime(2026, 12, 5, 12, tzinfo=UTC), timedelta(days=1, hours=21)),
        (datetime(2026, 12, 7, 7, tzinfo=UTC), timedelta(hours=2)),
    ],
)
def test_outside_working_hours_a_message_waits(now: datetime, waits: timedelta) -> None:
    assert working_hours.until_working_hours(now, FRIDAY, UTC) == waits
