"""Computes whose turn it is in a rotation, from its handoffs.

A handoff happens at the first instant at which the local clock has reached its time. If a change of clocks skips that
time, the handoff happens at the change; if the time comes twice, it happens the first time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import gcd
from zoneinfo import ZoneInfo

from bot.domain.oncall.notation import DEFAULT_HANDOFF, Handoff, parse_handoff
from bot.domain.policy.schedules import Layer
from bot.domain.values.wall_clock import first_instant

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@lru_cache(maxsize=1024)
def handoff_of(rotation: str, text: str) -> Handoff:
    """The parsed handoff; without a text, that which the rotation has by default."""
    return parse_handoff(rotation, text or DEFAULT_HANDOFF[rotation])


def begins_at(layer: Layer, zone: ZoneInfo) -> datetime:
    """The instant at which the first member's first shift begins."""
    return first_instant(layer.start, handoff_of(layer.rotation, layer.handoff).at, zone)


def member_at(layer: Layer, zone: ZoneInfo, at: datetime) -> str | None:
    """The member whose turn it is at `at`, as written in the layer; None before the rotation begins."""
    turn = _turn(layer, zone, at)
    return None if turn is None else layer.members[turn % len(layer.members)]


def handoff_times(layer: Layer) -> Iterator[time]:
    """The times of day at which the layer may hand off."""
    at = handoff_of(layer.rotation, layer.handoff).at
    if layer.rotation != "hourly":
        yield at
        return
    step = gcd(layer.every, 24)
    for hour in range(at.hour % step, 24, step):
        yield at.replace(hour=hour)


def _turn(layer: Layer, zone: ZoneInfo, at: datetime) -> int | None:
    """The number of shifts since the rotation began; None before it. A shift lasts `every` handoffs."""
    handoff = handoff_of(layer.rotation, layer.handoff)
    if at < first_instant(layer.start, handoff.at, zone):
        return None
    local = at.astimezone(zone).replace(tzinfo=None)
    if layer.rotation == "hourly":
        return _hourly_turn(layer, handoff, zone, at, local)
    handoffs = _last_handoff(layer, handoff, local.date())
    while first_instant(_day_of(layer, handoff, handoffs), handoff.at, zone) > at:
        handoffs -= 1
    return max(0, handoffs) // layer.every


def _hourly_turn(layer: Layer, handoff: Handoff, zone: ZoneInfo, at: datetime, local: datetime) -> int:
    """Hours are counted by the wall clock, so that a handoff at 08:00 stays there when the clocks change."""
    begun, length = datetime.combine(layer.start, handoff.at), layer.every * _HOUR
    turn = (local + _DAY - begun) // length
    while turn > 0:
        wall = begun + turn * length
        if first_instant(wall.date(), wall.time(), zone) <= at:
            return turn
        turn -= 1
    return 0


def _last_handoff(layer: Layer, handoff: Handoff, day: date) -> int:
    """The last handoff that falls on the day after `day` or before. Number 0 is at `layer.start`.

    Handoff 1 is the first one after the day of `layer.start`.
    """
    day += _DAY
    if layer.rotation == "monthly":
        months = (day.year - layer.start.year) * 12 + day.month - layer.start.month
        return months + 1 - _skipped_months(layer, handoff)
    first = _day_of(layer, handoff, 1)
    return (day - first).days // (7 if layer.rotation == "weekly" else 1) + 1


def _day_of(layer: Layer, handoff: Handoff, number: int) -> date:
    """The calendar day of a handoff. A month without the handoff's day hands off on its last."""
    if number <= 0:
        return layer.start
    if layer.rotation == "daily":
        return layer.start + timedelta(days=number)
    if layer.rotation == "weekly":
        ahead = ((handoff.day or 0) - layer.start.weekday()) % 7 or 7
        return layer.start + timedelta(days=ahead + 7 * (number - 1))
    months = layer.start.month - 1 + number - 1 + _skipped_months(layer, handoff)
    return _month_day(layer.start.year + months // 12, months % 12 + 1, handoff.day or 1)


def _skipped_months(layer: Layer, handoff: Handoff) -> int:
    """0 where the first month's handoff lies after `layer.start`, else 1."""
    return 0 if _month_day(layer.start.year, layer.start.month, handoff.day or 1) > layer.start else 1


def _month_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
