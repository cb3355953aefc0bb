"""Who is on call, and covering a schedule: by words, or by the form."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.slack.blocks import cover as covers
from bot.slack.blocks import oncall as blocks
from bot.slack.blocks.elements import Message
from bot.slack.commands.arguments import Request
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases import authorize as permissions
from bot.usecases.oncall import calendar_feeds as feeds_
from bot.usecases.oncall import cover as covering
from storage import overrides


async def on_call(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message:
    now = ctx.context.clock.now()
    async with ctx.context.database.reading() as conn:
        standing = await overrides.in_force(conn, now)
        links = await feeds_.links(conn, ctx.context, interaction.user, request.schedule)
        notes = await feeds_.stale(conn, ctx.context.policy, request.schedule, now)
    return blocks.on_call(ctx.context.policy, now, standing, request.schedule, ctx.command, links, notes)


async def cover(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message | None:
    if request.clear:
        ended = await covering.give_up(
            ctx.context, request.schedule or "", interaction.user, delivery=interaction.delivery
        )
        return covers.given_up(ended, ctx.context.clock.now())
    if request.window is None or request.schedule is None:
        return await cover_form(ctx, interaction, request.schedule)
    zone: tzinfo = UTC
    note = ""
    if request.window.by_the_clock:
        zone, note = await _zone(ctx, interaction.user, request.schedule)
    try:
        starts_at, ends_at = request.window.resolved(ctx.context.clock.now(), zone)
    except Refused as refused:
        raise Refused(refused.message, f"cover {request.schedule} from tomorrow 18:00 for 12h") from None
    return await take_cover(ctx, interaction, request.schedule, starts_at, ends_at, note)


async def _zone(ctx: ListenerContext, user: str, schedule: str) -> tuple[tzinfo, str]:
    """Their own; where Slack does not tell it, the schedule's, which is said."""
    if (own := await time_zone_of(ctx.api, user)) is not None:
        return own, ""
    theirs = ctx.context.policy.schedules[schedule].timezone
    return ZoneInfo(theirs), f"Times as in {theirs}: Slack did not tell me your time zone."


async def cover_form(ctx: ListenerContext, interaction: Interaction, schedule: str | None = None) -> Message | None:
    policy = ctx.context.policy
    if not policy.schedules:
        raise Refused("The policy has no schedules. Add some under `schedules:`, then try again.")
    permissions.require(ctx.context, "cover", interaction.user)
    view = covers.modal(policy, ctx.context.clock.now(), schedule, interaction.channel)
    instead = f"{ctx.command} cover {schedule or next(iter(policy.schedules))} from tomorrow 18:00 for 12h"
    return await ctx.open_view(interaction, view, instead)


async def take_cover(
    ctx: ListenerContext,
    interaction: Interaction,
    schedule: str,
    starts_at: datetime,
    ends_at: datetime,
    note: str = "",
) -> Message:
    taken = await covering.cover(
        ctx.context, schedule, starts_at, ends_at, interaction.user, delivery=interaction.delivery
    )
    now = ctx.context.clock.now()
    return covers.covered(taken.override, taken.instead_of, ctx.context.policy, now, ctx.command, note)
