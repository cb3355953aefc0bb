"""Events: what happens in incident channels is written down before Slack is told that we have it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog

from bot.slack import text
from bot.slack.client.api import SlackError
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import Event
from bot.slack.listeners import commands
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases.delivery import refresh_card
from bot.usecases.effects import home_tab

log = structlog.get_logger()

Handler = Callable[[ListenerContext, Event, str], Awaitable[int]]


async def on_event(ctx: ListenerContext, body: dict[str, Any]) -> None:
    """One event. Kinds we have no use for are acknowledged and forgotten. Raises what the database raises:
    Slack then delivers again.
    """
    event = body.get("event")
    if not isinstance(event, dict):
        return
    handler = HANDLERS.get(str(event.get("type")))
    if handler is None:
        return
    try:
        new = await handler(ctx, event, str(body.get("event_id", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.warning("event.malformed", type=event.get("type"), event_id=body.get("event_id"), error=repr(error))
        return
    if not new:
        ctx.metrics.repeated.labels("event").inc()


async def _message(ctx: ListenerContext, event: Event, event_id: str) -> int:
    subtype = event.get("subtype")
    if subtype in event_parser.MESSAGE_SUBTYPES:
        if ctx.bot.wrote(event):
            return 1
        return await ctx.recorder.message(event_parser.channel_message(event, event["channel"], ctx.bot))
    if subtype == "message_changed":
        return await _changed(ctx, event, event_id)
    if subtype == "message_deleted":
        return await _deleted(ctx, event)
    if subtype in event_parser.MEMBERSHIP_SUBTYPES:
        return await _moved(ctx, event, event_parser.MEMBERSHIP_SUBTYPES[subtype], str(event["ts"]))
    happened = event_parser.channel_change(event, event["channel"], ctx.recorder.at(str(event["ts"])))
    if happened is None or ctx.bot.wrote(event):
        return 1
    return await ctx.recorder.happening(event["channel"], happened)


async def _changed(ctx: ListenerContext, event: Event, event_id: str) -> int:
    message, before = event["message"], event.get("previous_message")
    if ctx.bot.wrote(message) or (before and ctx.bot.wrote(before)):
        return 1
    if event_parser.is_tombstone(event):
        return await _deleted(ctx, {**event, "deleted_ts": message["ts"]})
    if not event_parser.text_changed(event):
        return 1
    channel = event["channel"]
    now = event_parser.channel_message(message, channel, ctx.bot)
    if now.edited_ts is None:  # an app may change its message without Slack's mark
        now = replace(now, edited_ts=str(event.get("event_ts") or event["ts"]))
    return await ctx.recorder.edit(now, event_parser.channel_message(before, channel, ctx.bot) if before else None)


async def _deleted(ctx: ListenerContext, event: Event) -> int:
    before = event.get("previous_message")
    if before and ctx.bot.wrote(before):
        return await _ours_deleted(ctx, event)
    channel, ts = event["channel"], str(event.get("deleted_ts") or (before or {})["ts"])
    said = event_parser.channel_message(before, channel, ctx.bot) if before else None
    actor = said.actor if said else "unknown"
    return await ctx.recorder.deletion(channel, ts, actor, said, str(event.get("event_ts") or event.get("ts") or ts))


async def _ours_deleted(ctx: ListenerContext, event: Event) -> int:
    """Somebody deleted a message of ours. A card that is gone is put back at the next change of the incident;
    here it is asked for at once.
    """
    number = await ctx.incident_number_in(event["channel"])
    if number is not None:
        await refresh_card(ctx.context, number)
    return 1


async def _moved(ctx: ListenerContext, event: Event, kind: str, ts: str) -> int:
    user = str(event.get("user") or "unknown")
    if user == ctx.bot.user_id:
        return 1
    entry = event_parser.membership_entry(kind, event["channel"], user, ts, ctx.recorder.at(ts), event.get("inviter"))
    return await ctx.recorder.coming_or_going(event["channel"], entry)


async def _joined(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _moved(ctx, event, "joined", str(event.get("event_ts") or "0"))


async def _left(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _moved(ctx, event, "left", str(event.get("event_ts") or "0"))


async def _reaction(ctx: ListenerContext, event: Event, event_id: str, *, added: bool) -> int:
    item = event.get("item") or {}
    if item.get("type") != "message" or event.get("user") == ctx.bot.user_id:
        return 1
    channel = str(item["channel"])
    at = ctx.recorder.at(str(event.get("event_ts") or item["ts"]))
    entry = event_parser.reaction_entry(event, event_id, at, added=added)
    if entry is None or await ctx.incident_number_in(channel) is None:
        return 1
    said = None
    if entry.kind == "keyed" and not await ctx.recorder.knows(channel, str(item["ts"])):
        said = await _fetch(ctx, channel, str(item["ts"]))
    return await ctx.recorder.key(channel, said, entry)


async def _fetch(ctx: ListenerContext, channel: str, ts: str) -> Any:
    """The message that was marked, where it was never written down; without it the mark stands alone."""
    try:
        answer = await ctx.api.call(
            "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
        )
    except SlackError as error:
        log.info("keyed.message_not_read", channel=channel, error=error.name)
        return None
    found = next((m for m in answer.get("messages", []) if m.get("ts") == ts), None)
    return event_parser.channel_message(found, channel, ctx.bot) if found else None


async def _reaction_added(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _reaction(ctx, event, event_id, added=True)


async def _reaction_removed(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _reaction(ctx, event, event_id, added=False)


async def _pin_added(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _pin(ctx, event, event_id, added=True)


async def _pin_removed(ctx: ListenerContext, event: Event, event_id: str) -> int:
    return await _pin(ctx, event, event_id, added=False)


async def _pin(ctx: ListenerContext, event: Event, event_id: str, *, added: bool) -> int:
    if event.get("user") == ctx.bot.user_id:
        return 1
    at = ctx.recorder.at(str(event.get("event_ts") or "0"))
    channel = str(event.get("channel_id") or (event.get("item") or {}).get("channel") or "")
    return await ctx.recorder.pin(channel, event_parser.pin_entry(event, event_id, at, added=added))


async def _mention(ctx: ListenerContext, event: Event, event_id: str) -> int:
    """`@Tocsin …` understands the verbs; the answer is private, and a form cannot be opened from a mention."""
    interaction = Interaction(
        user=str(event.get("user", "")),
        channel=str(event["channel"]),
        delivery=f"e:{event_id}",
        raw=text.without_bot_mention(str(event.get("text", "")), ctx.bot.user_id),
    )
    if event.get("bot_id") or not interaction.user:
        return 1
    message = await commands.answered(ctx, interaction)
    if message is not None:
        await ctx.reply_later(interaction, message)
    return 1


async def _home(ctx: ListenerContext, event: Event, event_id: str) -> int:
    """Somebody opened the app; of its tabs only the home tab is ours."""
    if event.get("tab") == "home":
        async with ctx.context.database.transaction() as conn:
            await home_tab.opened(conn, str(event["user"]), ctx.context.clock.now())
        ctx.context.wakeups.notify()
    return 1


HANDLERS: dict[str, Handler] = {
    "app_home_opened": _home,
    "app_mention": _mention,
    "message": _message,
    "reaction_added": _reaction_added,
    "reaction_removed": _reaction_removed,
    "member_joined_channel": _joined,
    "member_left_channel": _left,
    "pin_added": _pin_added,
    "pin_removed": _pin_removed,
}
