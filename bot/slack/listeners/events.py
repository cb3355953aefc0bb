"""Records Slack's events in incident channels, before Slack gets its answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.domain.actions.item import NewAction
from bot.domain.errors import Refused
from bot.domain.incident import ChannelLoss
from bot.domain.routing.payloads import UnfurlPayload
from bot.domain.timeline.messages import ChannelMessage
from bot.slack import text
from bot.slack.blocks import actions
from bot.slack.client.api import SlackError
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import Event
from bot.slack.listeners.commands import run_command
from bot.slack.listeners.context import Interaction, ListenerContext, command_again
from bot.usecases import personal
from bot.usecases.actions.create import create_action
from bot.usecases.incidents.channel import look_at_channel
from bot.usecases.incidents.refresh_messages import refresh_announcement, refresh_messages

log = structlog.get_logger()

ACTION_REACTIONS = frozenset({"ballot_box_with_check"})  # ☑️
MOST_LINKS = 5  # of a message that are unfurled
# Written to the bot, this asks for nothing, and needs no answer.
_THANKS = re.compile(r"(?:(?:many|ok|okay|great),? )?(?:thanks|thank you|thx|cheers)(?: a lot| so much)?[\s.!]*", re.I)
NOTHING_TO_RECORD = 1  # so that only deliveries of recorded events count as repeated


@dataclass(frozen=True, slots=True)
class EventCall:
    """One event with its ID, the single parameter of its handler."""

    ctx: ListenerContext
    event: Event
    event_id: str

    @property
    def channel(self) -> str:
        """The channel of an event whose `channel` is an ID."""
        return str(self.event["channel"])

    @property
    def by_bot(self) -> bool:
        """Whether the bot itself caused the event."""
        return self.event.get("user") == self.ctx.bot.user_id

    def message(self, message: Event, channel: str | None = None) -> ChannelMessage:
        """Parse a message object of the event."""
        return event_parser.channel_message(message, channel or self.channel, self.ctx.bot)


# Returns how many entries are new. 0 means that Slack had delivered the event before.
EventHandler = Callable[[EventCall], Awaitable[int]]


async def on_event(ctx: ListenerContext, body: dict[str, Any]) -> None:
    """Record one event; ignore unknown types and malformed events.

    Raises `StorageError` if it cannot be recorded; Slack then has to deliver it again.
    """
    event = body.get("event")
    if not isinstance(event, dict):
        return
    handler = HANDLERS.get(str(event.get("type")))
    if handler is None:
        return
    try:
        new = await handler(EventCall(ctx, event, str(body.get("event_id", ""))))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.warning("event.malformed", type=event.get("type"), event_id=body.get("event_id"), error=repr(error))
        return
    if not new:
        ctx.metrics.repeated.labels("event").inc()


async def _message(call: EventCall) -> int:
    """Handle a message, either to the bot alone or in a channel."""
    direct = call.event.get("channel_type") == "im"
    return await (_direct_message if direct else _channel_message)(call)


async def _channel_message(call: EventCall) -> int:
    """Record a message, or a change that Slack reports as a message with a subtype."""
    ctx, event, subtype = call.ctx, call.event, call.event.get("subtype")
    if subtype in event_parser.MESSAGE_SUBTYPES:
        if ctx.bot.wrote(event):
            return NOTHING_TO_RECORD
        return await ctx.recorder.message(call.message(event))
    if subtype == "message_changed":
        return await _message_changed(call)
    if subtype == "message_deleted":
        return await _message_deleted(call, call.event.get("deleted_ts"))
    if subtype in event_parser.CHANNEL_STATE_SUBTYPES:  # also told where the app lacks the events of their own
        return await (_channel_back if subtype.endswith("unarchive") else _channel_lost)(call)
    if subtype in event_parser.MEMBERSHIP_SUBTYPES:
        return await _membership(call, event_parser.MEMBERSHIP_SUBTYPES[subtype], str(event["ts"]))
    change = event_parser.channel_change(event, call.channel, ctx.recorder.at(str(event["ts"])))
    if change is None or ctx.bot.wrote(event):
        return NOTHING_TO_RECORD
    return await ctx.recorder.happening(call.channel, change)


async def _message_changed(call: EventCall) -> int:
    ctx, event = call.ctx, call.event
    message, before = event["message"], event.get("previous_message")
    if event_parser.is_tombstone(event):
        return await _message_deleted(call, message["ts"])
    if ctx.bot.wrote(message) or (before and ctx.bot.wrote(before)):
        return NOTHING_TO_RECORD
    if not event_parser.text_changed(event):
        return NOTHING_TO_RECORD
    edited, changed_ts = call.message(message), str(event.get("event_ts") or event["ts"])
    if edited.edited_ts is None:  # an app may change its message without Slack's mark
        edited = replace(edited, edited_ts=changed_ts)
    return await ctx.recorder.edit(edited, call.message(before) if before else None, changed_ts)


async def _message_deleted(call: EventCall, deleted_ts: str | None) -> int:
    ctx, event = call.ctx, call.event
    before = event.get("previous_message")
    if before and ctx.bot.wrote(before):
        return await _own_message_deleted(call)
    ts = str(deleted_ts or (before or {})["ts"])
    message = call.message(before) if before else None
    actor = message.actor if message else "unknown"
    deleted_at = str(event.get("event_ts") or event.get("ts") or ts)
    return await ctx.recorder.deletion(call.channel, ts, actor, message, deleted_at)


async def _own_message_deleted(call: EventCall) -> int:
    """Refresh the card, since a person deleted a message of the bot's. If that was the card, it is posted again."""
    number = await call.ctx.incident_number_in(call.channel)
    if number is not None:
        await refresh_messages(call.ctx.context, number)
    else:
        before = call.event.get("previous_message") or {}
        ts = str(call.event.get("deleted_ts") or before.get("ts"))
        await refresh_announcement(call.ctx.context, call.channel, ts)
    return NOTHING_TO_RECORD


async def _channel_lost(call: EventCall) -> int:
    """Queue a look at the channel, which was archived or deleted, or from which the bot was removed."""
    number = await call.ctx.incident_number_in(call.channel)
    if number is not None:
        by = str(call.event.get("user") or call.event.get("actor_id") or "")
        deleted = str(call.event["type"]).endswith("_deleted")
        await look_at_channel(call.ctx.context, number, by, ChannelLoss.DELETED if deleted else "")
    return NOTHING_TO_RECORD


async def _channel_back(call: EventCall) -> int:
    """Queue a look at the channel, which was unarchived, or to which somebody invited the bot."""
    if (number := await call.ctx.incident_number_in(call.channel)) is not None:
        await look_at_channel(call.ctx.context, number)
    return NOTHING_TO_RECORD


async def _joined(call: EventCall) -> int:
    if call.by_bot:
        return await _channel_back(call) if call.event.get("inviter") else NOTHING_TO_RECORD
    return await _membership(call, "joined", str(call.event.get("event_ts") or "0"))


async def _left(call: EventCall) -> int:
    if call.by_bot:
        return await _channel_lost(replace(call, event={**call.event, "user": ""}))  # it does not say by whom
    return await _membership(call, "left", str(call.event.get("event_ts") or "0"))


async def _membership(call: EventCall, kind: str, ts: str) -> int:
    if call.by_bot:
        return NOTHING_TO_RECORD
    report = event_parser.membership_report(call.event, kind, call.channel, ts, call.ctx.recorder.at(ts))
    return await call.ctx.recorder.coming_or_going(call.channel, report)


async def _reaction_added(call: EventCall) -> int:
    """Record a reaction; ☑️ makes an action item of the message."""
    if str(call.event.get("reaction")) in ACTION_REACTIONS and not call.by_bot:
        await _make_action(call)
    return await _reaction(call, added=True)


async def _make_action(call: EventCall) -> None:
    """Make an action item of a message in an incident's channel, and ask the person who does it, and by when.

    A second ☑️ on the message, or a repeated delivery, makes no second item.
    """
    ctx, item = call.ctx, call.event.get("item") or {}
    channel, ts = str(item.get("channel", "")), str(item.get("ts", ""))
    number = await ctx.incident_number_in(channel)
    if item.get("type") != "message" or number is None:
        return
    message = await _fetch_message(call, channel, ts)
    message_text = text.from_command(await ctx.labelled(message.text)) if message else ""
    title = text.title_of(message_text) or "Look into this message"
    interaction = Interaction(user=str(call.event["user"]), channel=channel, delivery=f"e:{call.event_id}:action")
    try:
        new = NewAction(title, source_ts=ts, link=message.link if message else None)
        action_item = await create_action(ctx.context, number, new, interaction.user)
        answer = actions.created(action_item, ctx.command)
    except Refused as refused:
        answer = await ctx.refusal(refused, interaction.user)
    await ctx.reply_later(interaction, answer)


async def _reaction_removed(call: EventCall) -> int:
    return await _reaction(call, added=False)


async def _reaction(call: EventCall, *, added: bool) -> int:
    ctx, event = call.ctx, call.event
    item = event.get("item") or {}
    if item.get("type") != "message" or call.by_bot:
        return NOTHING_TO_RECORD
    channel = str(item["channel"])
    at = ctx.recorder.at(str(event.get("event_ts") or item["ts"]))
    entry = event_parser.reaction_entry(event, call.event_id, at, added=added)
    if entry is None or await ctx.incident_number_in(channel) is None:
        return NOTHING_TO_RECORD
    message = None
    if entry.kind == "keyed" and not await ctx.recorder.knows(channel, str(item["ts"])):
        message = await _fetch_message(call, channel, str(item["ts"]))
    return await ctx.recorder.key(channel, message, entry)


async def _fetch_message(call: EventCall, channel: str, ts: str) -> ChannelMessage | None:
    """Fetch a message that is not recorded. None if Slack does not give it; then only the reaction is recorded."""
    try:
        answer = await call.ctx.api.call(
            "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
        )
    except SlackError as error:
        log.info("keyed.message_not_read", channel=channel, error=error.name)
        return None
    message = next((m for m in answer.get("messages", []) if m.get("ts") == ts), None)
    return call.message(message, channel) if message else None


async def _pin_added(call: EventCall) -> int:
    return await _pin(call, added=True)


async def _pin_removed(call: EventCall) -> int:
    return await _pin(call, added=False)


async def _pin(call: EventCall, *, added: bool) -> int:
    if call.by_bot:
        return NOTHING_TO_RECORD
    event = call.event
    at = call.ctx.recorder.at(str(event.get("event_ts") or "0"))
    channel = str(event.get("channel_id") or (event.get("item") or {}).get("channel") or "")
    return await call.ctx.recorder.pin(channel, event_parser.pin_entry(event, call.event_id, at, added=added))


async def _mention(call: EventCall) -> int:
    """Run the verb in `@Tocsin …` and answer privately."""
    return await _run_written(call, call.channel)


async def _direct_message(call: EventCall) -> int:
    """Run the verb that a person writes to the bot alone, and answer there."""
    if call.event.get("subtype") not in (None, "file_share"):
        return NOTHING_TO_RECORD
    return await _run_written(call, None)


async def _run_written(call: EventCall, channel: str | None) -> int:
    """Run the verb in a message. It cannot open a form, so the answer has a button that does."""
    ctx, event = call.ctx, call.event
    if event.get("bot_id") or not event.get("user") or call.by_bot:
        return NOTHING_TO_RECORD
    raw = await ctx.labelled(text.without_bot_mention(str(event.get("text", "")), ctx.bot.user_id))
    if _THANKS.fullmatch(raw):
        return NOTHING_TO_RECORD
    interaction = Interaction(
        user=str(event["user"]),
        channel=channel,
        thread_ts=event.get("thread_ts") if channel is not None else None,
        delivery=f"e:{call.event_id}",
        raw=raw,
        again=command_again(raw),
    )
    message = await run_command(ctx, interaction)
    if message is not None:
        await ctx.reply_later(interaction, message)
    return NOTHING_TO_RECORD


async def _home_opened(call: EventCall) -> int:
    """Publish the home tab of a person who opened it. Slack itself fills the other tabs."""
    if call.event.get("tab") == "home":
        await personal.open_home(call.ctx.context, str(call.event["user"]))
    return NOTHING_TO_RECORD


async def _link_shared(call: EventCall) -> int:
    """Queue the previews of links to incidents of this bot."""
    event, base = call.event, call.ctx.context.url
    if base is None or call.by_bot:
        return NOTHING_TO_RECORD
    pattern = re.compile(rf"{re.escape(base.rstrip('/'))}/incidents/(?:INC-)?([0-9]{{1,9}})(?:[/?#].*)?", re.IGNORECASE)
    links = [str(link.get("url", "")) for link in event.get("links", ())][:MOST_LINKS]
    for url in links:
        if match := pattern.fullmatch(url):
            payload = UnfurlPayload(
                url, int(match[1]), str(event.get("channel", "")), str(event.get("message_ts", "")),
                str(event.get("unfurl_id") or ""), str(event.get("source") or ""),
            )  # fmt: skip
            await personal.unfurl_link(call.ctx.context, call.event_id, payload)
    return NOTHING_TO_RECORD


HANDLERS: dict[str, EventHandler] = {
    "app_home_opened": _home_opened,
    "app_mention": _mention,
    "channel_archive": _channel_lost,
    "channel_deleted": _channel_lost,
    "channel_left": _channel_lost,
    "channel_unarchive": _channel_back,
    "group_archive": _channel_lost,
    "group_deleted": _channel_lost,
    "group_left": _channel_lost,
    "group_unarchive": _channel_back,
    "link_shared": _link_shared,
    "message": _message,
    "reaction_added": _reaction_added,
    "reaction_removed": _reaction_removed,
    "member_joined_channel": _joined,
    "member_left_channel": _left,
    "pin_added": _pin_added,
    "pin_removed": _pin_removed,
}
