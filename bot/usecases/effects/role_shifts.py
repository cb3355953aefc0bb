"""Tracks the on-call shifts of role holders, so that the end of each becomes a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident, RoleShift
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall import shift_change
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Schedule
from bot.usecases.effects.incident_save import IncidentSave
from bot.usecases.effects.on_call import user_of
from storage import overrides


async def track(conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """Look up the shifts again, if the holders of roles or the episode changed."""
    before, after, policy = save.before, save.after, save.policy
    moved = before is None or before.roles != after.roles or before.episode != after.episode
    if not moved or not after.open or not policy.schedules or not (after.roles or after.turns):
        return save
    return replace(save, after=await with_current_shifts(conn, after, policy, now))


async def with_current_shifts(conn: AsyncConnection, incident: Incident, policy: Policy, now: datetime) -> Incident:
    """The incident with the shifts of its role holders, read from the current schedules and overrides."""
    current = await overrides.in_force(conn, now)
    shifts = []
    for schedule in policy.schedules.values():
        on_call = oncall.on_call(schedule, now, current)
        people = {user: member for member in on_call if (user := await user_of(conn, policy, member))}
        holders = people.keys() & set(incident.roles.values())
        running = oncall.current_shifts(schedule, now, current) if holders else ()
        for role, user in incident.roles.items():
            shift = next((shift for shift in running if shift.member == people.get(user)), None)
            if shift is not None and shift.ends_at < now + oncall.LOOKAHEAD:
                shifts.append(RoleShift(role, user, schedule.key, shift.ends_at))
            elif user not in people and (ends_at := _end_of_next_cover(schedule, user, now, current)):
                shifts.append(RoleShift(role, user, schedule.key, ends_at))
    return shift_change.with_shifts(incident, shifts)


def _end_of_next_cover(schedule: Schedule, user: str, now: datetime, current: Sequence[Override]) -> datetime | None:
    """When this person's first future cover ends; None if they have none.

    Their later shifts in the rotation are not searched: that takes long, and few incidents last until then.
    """
    covers = [
        override
        for override in current
        if (override.schedule, override.member) == (schedule.key, user) and override.starts_at > now
    ]
    for cover in sorted(covers, key=lambda override: override.starts_at):
        for shift in oncall.current_shifts(schedule, cover.starts_at, current):
            if shift.member == user:
                return shift.ends_at
    return None
