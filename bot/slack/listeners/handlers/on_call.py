"""Handles `/incident oncall` (who is on call), `/incident cover` (take a shift), and the form of the latter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.slack.blocks import oncall
from bot.slack.blocks.cover import ask_long_cover, cover_confirmation, cover_end_confirmation
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.cover import CALLBACK, cover_modal, values_of_cover
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.listeners.calls import Call, Submission, SubmissionHandler, WorkspaceCall, WorkspaceHandler
from bot.usecases.oncall import calendar_feeds
from bot.usecases.oncall.cover import cover, give_up
from storage import overrides

LONGEST_USUAL = timedelta(days=14)  # a longer cover is asked about


async def _on_call(call: WorkspaceCall) -> Message:
    now, policy, schedule = call.context.clock.now(), call.context.policy, call.request.schedule
    async with call.context.database.reading() as conn:
        current = await overrides.in_force(conn, now)
        links = await calendar_feeds.links(conn, call.context, call.user, schedule)
        notes = await calendar_feeds.stale(conn, policy, schedule, now)
    return oncall.on_call(policy, now, current, schedule, call.ctx.command, links, notes)


async def _cover(call: WorkspaceCall) -> Message | None:
    request = call.request
    if request.clear:
        ended = await give_up(call.context, request.schedule or "", call.user, delivery=call.delivery)
        return cover_end_confirmation(ended, call.context.policy, call.context.clock.now(), call.user)
    if request.window is None or request.schedule is None:
        return await open_cover_form(call, request.schedule)
    zone: tzinfo = UTC
    note = ""
    if request.window.needs_zone:
        zone, note = await _zone(call, request.schedule)
    try:
        window = request.window.resolve(call.context.clock.now(), zone)
    except Refused as refused:
        raise Refused(refused.message, f"cover {request.schedule} from tomorrow 18:00 for 12h") from None
    notes = (note, *window.notes) if note else window.notes
    return await _take_cover(call, request.schedule, window.starts_at, window.ends_at, notes)


async def _zone(call: Call, schedule: str) -> tuple[tzinfo, str]:
    """The person's time zone; if Slack does not give it, the schedule's, with a note that says so."""
    if (own := await time_zone_of(call.ctx.api, call.user)) is not None:
        return own, ""
    name = call.context.policy.schedules[schedule.partition("/")[0]].timezone
    return ZoneInfo(name), f"Times as in {name}: Slack did not tell me your time zone."


async def open_cover_form(call: Call, schedule: str | None = None) -> Message | None:
    """Open the form to cover a schedule, with one preselected or not. Raises `Refused` if there are no schedules."""
    policy = call.context.policy
    if not policy.schedules:
        raise Refused("The policy has no schedules. Add some under `schedules:`, then try again.")
    call.require("cover")
    view = cover_modal(policy, call.context.clock.now(), schedule, call.interaction.channel)
    return await call.open_form(view, f"cover {schedule or next(iter(policy.schedules))} from tomorrow 18:00 for 12h")


async def _take_cover(
    call: Call, schedule: str, starts_at: datetime, ends_at: datetime, notes: Sequence[str] = ()
) -> Message:
    """Take the cover; one much longer than usual only once the person has confirmed it."""
    now = call.context.clock.now()
    if ends_at - max(starts_at, now) > LONGEST_USUAL:
        call.require("cover")
        return ask_long_cover(schedule, starts_at, ends_at)
    return await _take_at_once(call, schedule, starts_at, ends_at, notes)


async def take_long_cover(call: Call, value: str) -> Message:
    """Take a cover that the person was asked about. Raises `ValueError` for a malformed value."""
    schedule, starts_at_s, ends_at_s = value.rsplit(":", 2)
    starts_at, ends_at = datetime.fromtimestamp(int(starts_at_s), UTC), datetime.fromtimestamp(int(ends_at_s), UTC)
    return await _take_at_once(call, schedule, starts_at, ends_at)


async def _take_at_once(
    call: Call, schedule: str, starts_at: datetime, ends_at: datetime, notes: Sequence[str] = ()
) -> Message:
    outcome = await cover(call.context, schedule, starts_at, ends_at, call.identity, delivery=call.delivery)
    now = call.context.clock.now()
    return cover_confirmation(outcome, call.context.policy, now, call.ctx.command, notes)


async def _submit_cover(call: Submission) -> None:
    values = values_of_cover(call.view, call.context.clock.now())
    message = await _take_cover(call, values.schedule, values.starts_at, values.ends_at)
    await call.reply_later(message, channel=values.channel)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"oncall": _on_call, "cover": _cover}
SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit_cover}
