"""Finds two weak spots of an on-call schedule: a start in the future, and members who are never on call."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import lcm
from zoneinfo import ZoneInfo

from bot.domain.oncall import rotation
from bot.domain.oncall.schedule import shifts
from bot.domain.policy.schedules import NOBODY, Layer, Schedule

_ANOTHER_LAYER = ""  # a placeholder for the members of higher layers
_UNIT = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
}
_WEEK = {"hourly": 7 * 24, "daily": 7, "weekly": 1, "monthly": 1}  # units after which hours repeat
_HORIZON = timedelta(days=3650)
_HOURLY_HORIZON = timedelta(days=100)  # a search of more takes seconds


def begins_at(schedule: Schedule) -> datetime:
    """The instant at which the schedule's first layer begins."""
    return min(_begins_at(layer, schedule) for layer in schedule.layers)


def ends_at(schedule: Schedule) -> datetime | None:
    """The instant at which the last layer ends; None if a layer has no end."""
    ends = [_ends_at(layer) for layer in schedule.layers]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def lasting_layers(schedule: Schedule) -> tuple[Layer, ...]:
    """The layers that go on for ever."""
    return tuple(layer for layer in schedule.layers if _ends_at(layer) is None)


def members_never_on_call(schedule: Schedule, layer: int, now: datetime) -> tuple[str, ...]:
    """The members of a layer who are never on call by it in one whole cycle, in order, as they are written.

    The cycle begins `now`, or at the layer's start if that is later. Such a member's shifts lie outside the layer's
    hours, or within those of the layers above it. Layers that end, and lists of shifts, have no cycle.
    """
    looked_at, *above = schedule.layers[layer:]
    above = [] if schedule.together else [upper_layer for upper_layer in above if _ends_at(upper_layer) is None]
    cycle, horizon = _cycle(looked_at), _HOURLY_HORIZON if looked_at.rotation == "hourly" else _HORIZON
    unlimited = not looked_at.hours and not above
    if _ends_at(looked_at) is not None or unlimited or (looked_at.rotation == "hourly" and cycle > horizon):
        return ()
    members = tuple(name for name in dict.fromkeys(looked_at.members) if name != NOBODY)
    start = max(now, _begins_at(looked_at, schedule))
    stand_ins = (replace(upper_layer, members=(_ANOTHER_LAYER,)) for upper_layer in above)
    alone = replace(schedule, layers=(looked_at, *stand_ins), teams={})
    on_call_members = {shift.member for shift in shifts(alone, start, start + min(cycle, horizon))}
    return tuple(member for member in members if member not in on_call_members)


def _begins_at(layer: Layer, schedule: Schedule) -> datetime:
    if layer.shifts is not None:
        return layer.shifts.shifts[0].starts_at
    begins = rotation.begins_at(layer, ZoneInfo(schedule.timezone))
    return begins if layer.begins_at is None else max(begins, layer.begins_at)


def _ends_at(layer: Layer) -> datetime | None:
    if layer.shifts is None:
        return layer.ends_at
    last = max(shift.ends_at for shift in layer.shifts.shifts)
    return last if layer.ends_at is None else min(last, layer.ends_at)


def _cycle(layer: Layer) -> timedelta:
    """A time long enough for every member to have a shift on every weekday that they ever get, and one shift more."""
    round_of_all = lcm(len(layer.members) * layer.every, _WEEK[layer.rotation])
    return (round_of_all + layer.every) * _UNIT[layer.rotation]
