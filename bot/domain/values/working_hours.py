"""Defines the hours in which people are reminded, and how long something waits for them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from bot.domain.values.dates import on_business_day

WORKING_HOURS = range(9, 17)


def until_working_hours(now: datetime, day: date, zone: tzinfo) -> timedelta:
    """The wait of a message for `day` until the next working hour in a person's time zone; zero in one."""
    local = now.astimezone(zone)
    opens = time(WORKING_HOURS.start)
    if local.date() < day:
        start = day
    elif local.hour in WORKING_HOURS and local.weekday() < 5:
        return timedelta()
    else:
        start = local.date() if local.hour < WORKING_HOURS.start else local.date() + timedelta(days=1)
    return datetime.combine(on_business_day(start), opens, zone) - now
