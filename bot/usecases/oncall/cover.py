"""Cover: somebody takes a schedule for a while. And who is on call now, overrides counted."""

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
    """`instead_of` are those whose turn it would be meanwhile: contacts or Slack IDs, in order, each once."""

    override: Override
    instead_of: tuple[str, ...]


async def cover(
    context: Context, schedule: str, starts_at: datetime, ends_at: datetime, member: str, delivery: str | None = None
) -> Covered:
    """It outranks the rotation and whoever covered before. What should have begun begins now.

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
    return Covered(override, _meanwhile(context.policy.schedules[schedule], override, before))


def _check(override: Override, now: datetime) -> None:
    if override.ends_at <= override.starts_at:
        raise Refused("That time is over. Cover from now on, or later.", f"cover {override.schedule} for 2h")
    if max(override.starts_at - now, override.ends_at - override.starts_at) > LONGEST:
        said = f"That is more than {LONGEST.days} days."
        raise Refused(said, f"cover {override.schedule} from tomorrow 18:00 for 12h")


def _meanwhile(schedule: Schedule, override: Override, before: Sequence[Override]) -> tuple[str, ...]:
    """Of a long cover only its beginning: the rest would take long to work out, and nobody reads so many names."""
    until = min(override.ends_at, override.starts_at + oncall.LOOKAHEAD)
    turns = oncall.shifts(schedule, override.starts_at, until, before)
    return tuple(dict.fromkeys(turn.member for turn in turns if turn.member != override.member))


async def give_up(context: Context, schedule: str, member: str, delivery: str | None = None) -> tuple[Override, ...]:
    """They cover no longer, and not later either: the rotation holds again. Raises `Refused` where they do not."""
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
