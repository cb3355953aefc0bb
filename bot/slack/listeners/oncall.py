"""Who is on call, and covering a schedule: by words, or by the form."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.slack.blocks import cover as covers
from bot.slack.blocks import oncall as blocks
from bot.slack.blocks.elements import Message
from bot.slack.commands.arguments import Request
from bot.slack.directory.time_zones import zone_of
from bot.slack.listeners.context import Asking, Front
from bot.usecases import authorize as permissions
from bot.usecases.oncall import calendar_feeds as feeds_
from bot.usecases.oncall import cover as covering
from storage import overrides


async def on_call(front: Front, asking: Asking, request: Request) -> Message:
    now = front.desk.clock.now()
    async with front.desk.database.reading() as conn:
        standing = await overrides.standing(conn, now)
        links = await feeds_.links(conn, front.desk, asking.user, request.schedule)
        notes = await feeds_.stale(conn, front.desk.policy, request.schedule, now)
    return blocks.on_call(front.desk.policy, now, standing, request.schedule, front.command, links, notes)


async def cover(front: Front, asking: Asking, request: Request) -> Message | None:
    if request.clear:
        ended = await covering.give_up(front.desk, request.schedule or "", asking.user, delivery=asking.delivery)
        return covers.given_up(ended, front.desk.clock.now())
    if request.window is None or request.schedule is None:
        return await cover_form(front, asking, request.schedule)
    zone: tzinfo = UTC
    note = ""
    if request.window.by_the_clock:
        zone, note = await _zone(front, asking.user, request.schedule)
    try:
        starts_at, ends_at = request.window.resolved(front.desk.clock.now(), zone)
    except Refused as refused:
        raise Refused(refused.message, f"cover {request.schedule} from tomorrow 18:00 for 12h") from None
    return await take_cover(front, asking, request.schedule, starts_at, ends_at, note)


async def _zone(front: Front, user: str, schedule: str) -> tuple[tzinfo, str]:
    """Their own; where Slack does not tell it, the schedule's, which is said."""
    if (own := await zone_of(front.api, user)) is not None:
        return own, ""
    theirs = front.desk.policy.schedules[schedule].timezone
    return ZoneInfo(theirs), f"Times as in {theirs}: Slack did not tell me your time zone."


async def cover_form(front: Front, asking: Asking, schedule: str | None = None) -> Message | None:
    policy = front.desk.policy
    if not policy.schedules:
        raise Refused("The policy has no schedules. Add some under `schedules:`, then try again.")
    permissions.require(front.desk, "cover", asking.user)
    view = covers.modal(policy, front.desk.clock.now(), schedule, asking.channel)
    instead = f"{front.command} cover {schedule or next(iter(policy.schedules))} from tomorrow 18:00 for 12h"
    return await front.open_view(asking, view, instead)


async def take_cover(
    front: Front, asking: Asking, schedule: str, starts_at: datetime, ends_at: datetime, note: str = ""
) -> Message:
    taken = await covering.cover(front.desk, schedule, starts_at, ends_at, asking.user, delivery=asking.delivery)
    now = front.desk.clock.now()
    return covers.covered(taken.override, taken.instead_of, front.desk.policy, now, front.command, note)
