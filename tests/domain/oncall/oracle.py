"""An oracle of on-call schedules, which shares no code with `bot.domain.oncall`.

It steps through the minutes, looks at the wall clock of each, and counts handoffs as the clock reaches them.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.oncall.schedule import Override
from bot.domain.policy.schedules import Layer, Schedule

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def minutes(start: datetime, end: datetime, step: int = 1) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=step)


def is_handoff_day(layer: Layer, day: date) -> bool:
    word = layer.handoff.split()[0]
    if layer.rotation == "daily":
        return True
    if layer.rotation == "weekly":
        return day.strftime("%a").lower() == word
    return day.day == min(int(word), calendar.monthrange(day.year, day.month)[1])


def within(hours: str | None, wall: datetime) -> bool:
    return hours is None or any(_within(part.strip(), wall) for part in hours.split(";"))


def _within(hours: str, wall: datetime) -> bool:
    if hours[0].isalpha():  # mon 09:00-fri 17:00
        first, last = (part.split() for part in hours.split("-"))
        now = (wall.weekday(), wall.time())
        begin = (WEEK.index(first[0]), time.fromisoformat(first[1]))
        end = (WEEK.index(last[0]), time.fromisoformat(last[1]))
        return begin <= now < end if begin < end else now >= begin or now < end
    span, _, days = hours.partition(" ")
    start, stop = (time.fromisoformat(part) for part in span.split("-"))
    named = days.split(",") if days else WEEK
    today = wall.strftime("%a").lower() in named
    before = (wall - timedelta(days=1)).strftime("%a").lower() in named
    if start < stop:
        return today and start <= wall.time() < stop
    return (today and wall.time() >= start) or (before and wall.time() < stop)


class LayerWalk:
    """One layer, walked forward minute by minute: a handoff happens when the clock first reaches it."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.at = time.fromisoformat(layer.handoff.split()[-1])
        self.handoffs = -1
        self.next = datetime.combine(layer.start, self.at)

    def _following(self) -> datetime:
        if self.layer.rotation == "hourly":
            return self.next + timedelta(hours=1)
        day = self.next.date() + timedelta(days=1)
        while not is_handoff_day(self.layer, day):
            day += timedelta(days=1)
        return datetime.combine(day, self.at)

    def advance(self, minute: datetime, wall: datetime) -> list[str]:
        """The members whom the layer puts on call in this minute."""
        while self.layer.shifts is None and wall >= self.next:
            self.handoffs += 1
            self.next = self._following()
        if self.layer.begins_at and minute < self.layer.begins_at:
            return []
        if (self.layer.ends_at and minute >= self.layer.ends_at) or not within(self.layer.hours, wall):
            return []
        if self.layer.shifts is not None:
            return [shift.member for shift in self.layer.shifts.shifts if shift.starts_at <= minute < shift.ends_at]
        if self.handoffs < 0:
            return []
        return [self.layer.members[self.handoffs // self.layer.every % len(self.layer.members)]]


def people(schedule: Schedule, names: Sequence[str]) -> list[str]:
    """Teams as their members, `nobody` as none."""
    found: list[str] = []
    for name in names:
        if name != "nobody":
            found += schedule.teams.get(name, (name,))
    return list(dict.fromkeys(found))


def oracle(
    rota: Schedule, start: datetime, end: datetime, overrides: tuple[Override, ...], step: int = 1
) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    walks, zone = [LayerWalk(layer) for layer in rota.layers], ZoneInfo(rota.timezone)
    for minute in minutes(start, end, step):
        wall = minute.astimezone(zone).replace(tzinfo=None)
        by_layer = [walk.advance(minute, wall) for walk in walks]
        whole = None
        for override in overrides:
            if override.starts_at <= minute < override.ends_at:
                if not override.layer:
                    whole = override.member
                for number, layer in enumerate(rota.layers):
                    if override.layer and override.layer == layer.name:
                        by_layer[number] = [override.member]
        if whole is not None:
            names = [whole]
        elif rota.together:
            names = [name for layer_names in by_layer for name in layer_names]
        else:
            names = next((layer_names for layer_names in reversed(by_layer) if layer_names), [])
        yield minute, tuple(people(rota, names))
