"""Cover a schedule for a while, and give the cover up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Schedule
from bot.domain.values.durations import LONGEST
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.usecases.oncall import shift_change
from bot.usecases.unit_of_work import claim_delivery
from storage import overrides


@dataclass(frozen=True, slots=True)
class Covered:
    """The override that was added, and the members on call without it: contacts or Slack IDs, in order, each once."""

    override: Override
    instead_of: tuple[str, ...]


async def cover(
    context: Context, schedule: str, starts_at: datetime, ends_at: datetime, member: str, delivery: str | None = None
) -> Covered:
    """Override the rotation and earlier overrides. A cover that should have begun begins now.

    Raises `Refused` for an unknown schedule, and for a time that is over, too far away or too long.
    """
    if schedule not in context.policy.schedules:
        raise Refused(f"There is no schedule “{schedule[:40]}”.", "oncall")
    authorize.require(context, "cover", member)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        override = Override(schedule, member, max(starts_at, now), ends_at)
        _check(override, now)
        before = await overrides.in_force(conn, now)
        await overrides.add(conn, override, member, now)
        await home_tab.refresh_all(conn, now)
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return Covered(override, _relieved(context.policy.schedules[schedule], override, before))


def _check(override: Override, now: datetime) -> None:
    if override.ends_at <= override.starts_at:
        raise Refused("That time is over. Cover from now on, or later.", f"cover {override.schedule} for 2h")
    if max(override.starts_at - now, override.ends_at - override.starts_at) > LONGEST:
        raise Refused(
            f"That is more than {LONGEST.days} days.", f"cover {override.schedule} from tomorrow 18:00 for 12h"
        )


def _relieved(schedule: Schedule, override: Override, before: Sequence[Override]) -> tuple[str, ...]:
    """The members who are relieved. Of a long cover only the beginning is searched, which takes long enough."""
    until = min(override.ends_at, override.starts_at + oncall.LOOKAHEAD)
    shifts = oncall.shifts(schedule, override.starts_at, until, before)
    return tuple(dict.fromkeys(shift.member for shift in shifts if shift.member != override.member))


async def give_up(context: Context, schedule: str, member: str, delivery: str | None = None) -> tuple[Override, ...]:
    """End every present and future cover of the member; the rotation applies again. Raises `Refused` without one."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        before = await overrides.in_force(conn, now)
        ended = await overrides.end_early(conn, schedule, member, now)
        if not ended:
            raise Refused(f"You do not cover {schedule} now, nor later.", f"cover {schedule} for 2h")
        await home_tab.refresh_all(conn, now)
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return ended
