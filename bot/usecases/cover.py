"""Cover: somebody takes a schedule for a while. And who is on call now, overrides counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import oncall
from bot.domain.errors import Refused
from bot.domain.escalation import OnCall
from bot.domain.oncall import Override
from bot.domain.policy import Policy
from bot.usecases import permission, shift_change
from bot.usecases.desk import Desk, accept
from storage import overrides


async def cover(desk: Desk, schedule: str, span: timedelta, member: str, delivery: str | None = None) -> Override:
    """From now on; it outranks the rotation and whoever covered before. Raises `Refused` for an unknown schedule."""
    if schedule not in desk.policy.schedules:
        raise Refused(f"There is no schedule “{schedule[:40]}”.", "oncall")
    permission.require(desk, "cover", member)
    async with desk.database.transaction() as conn:
        now = desk.clock.now()
        await accept(conn, delivery, now)
        override = Override(schedule, member, now, now + span)
        await overrides.add(conn, override, member, now)
    await shift_change.schedules_changed(desk, {schedule})
    return override


async def give_up(desk: Desk, schedule: str, member: str, delivery: str | None = None) -> None:
    """They cover no longer: the rotation holds again. Raises `Refused` where they do not."""
    async with desk.database.transaction() as conn:
        now = desk.clock.now()
        await accept(conn, delivery, now)
        if not await overrides.give_up(conn, schedule, member, now):
            raise Refused(f"You do not cover {schedule} now.", f"cover {schedule} for 2h")
    await shift_change.schedules_changed(desk, {schedule})


async def on_call(conn: AsyncConnection, policy: Policy, now: datetime) -> OnCall:
    """Who is on call on a schedule, as the overrides stand now."""
    return oncall.calendar(policy, await overrides.standing(conn, now))
