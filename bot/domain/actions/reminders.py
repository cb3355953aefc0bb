"""Decides on which days the owner of an action item is reminded: two business days before it is due, then on the day,
then every week.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone

from bot.domain.actions.item import ActionItem
from bot.domain.values.dates import business_days_after, on_business_day

AHEAD = 2  # business days
_FIRST_ZONE = timezone(timedelta(hours=14))  # where a day begins first


def next_day(item: ActionItem, after: date) -> date | None:
    """The next day after `after` on which the owner is reminded. None without an owner or a due day, and when settled.

    It is never on a weekend.
    """
    if not item.live or item.owner is None or item.due is None:
        return None
    for day in (business_days_after(item.due, -AHEAD), on_business_day(item.due)):
        if day > after:
            return day
    weeks = (after - item.due).days // 7
    while (day := on_business_day(item.due + timedelta(weeks=weeks))) <= after:
        weeks += 1
    return day


def same_days(before: ActionItem, after: ActionItem) -> bool:
    """Whether a change leaves the same person to be reminded on the same days. One that is due by now stays due."""
    return (before.owner, before.due, before.live) == (after.owner, after.due, after.live)


def begins_at(day: date | None) -> datetime | None:
    """The instant at which the day begins anywhere on earth. The message then waits for the owner's own morning."""
    return None if day is None else datetime.combine(day, time(), _FIRST_ZONE).astimezone(UTC)


def day_of(begins: datetime) -> date:
    """The day of an instant that `begins_at` gave."""
    return begins.astimezone(_FIRST_ZONE).date()


def is_due_soon(item: ActionItem, today: date) -> bool:
    """Whether it is overdue, or due within the days in which its owner is reminded."""
    return item.live and item.due is not None and item.due <= business_days_after(today, AHEAD)


def any_due(items: Sequence[ActionItem], today: date) -> bool:
    """Whether there is something to remind of."""
    return any(is_due_soon(item, today) for item in items)
