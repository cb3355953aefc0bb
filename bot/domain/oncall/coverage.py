"""Finds two weak spots of an on-call schedule: a start in the future, and members who are never on call."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.oncall.notation import DEFAULT_HANDOFF, parse_handoff
from bot.domain.oncall.schedule import shifts
from bot.domain.policy.policy import Layer, Schedule
from bot.domain.values.wall_clock import first_instant

_ANOTHER_LAYER = ""  # stands for the members of the layers above the one that is looked at
_LONGEST_SHIFT = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=31)}
_DAYS_OF_THE_WEEK = 7  # hours repeat every week, so each member needs a shift on every day of it
_HORIZON = timedelta(days=3650)


def begins_at(schedule: Schedule) -> datetime:
    """The instant at which the schedule's first layer begins."""
    return min(_begins_at(layer, schedule) for layer in schedule.layers)


def members_never_on_call(schedule: Schedule, layer: int, now: datetime) -> tuple[str, ...]:
    """The members of a layer who are never on call by it in one whole cycle, in order.

    The cycle begins `now`, or at the layer's start if that is later. Such a member's shifts lie outside the layer's
    hours, or within those of the layers above it.
    """
    looked_at, *above = schedule.layers[layer:]
    members = tuple(dict.fromkeys(looked_at.members))
    start = max(now, _begins_at(looked_at, schedule))
    alone = replace(schedule, layers=(looked_at, *(replace(each, members=(_ANOTHER_LAYER,)) for each in above)))
    seen = {shift.member for shift in shifts(alone, start, start + min(_cycle(looked_at), _HORIZON))}
    return tuple(member for member in members if member not in seen)


def _begins_at(layer: Layer, schedule: Schedule) -> datetime:
    handoff = parse_handoff(layer.rotation, layer.handoff or DEFAULT_HANDOFF[layer.rotation])
    return first_instant(layer.start, handoff.at, ZoneInfo(schedule.timezone))


def _cycle(layer: Layer) -> timedelta:
    """A time long enough for every member to have a shift on every weekday that they ever get, and one shift more."""
    shifts = len(layer.members) * (_DAYS_OF_THE_WEEK if layer.rotation == "daily" else 1) + 1
    return shifts * _LONGEST_SHIFT[layer.rotation]
