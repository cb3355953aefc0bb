"""Shortcuts: declare an incident, declare one from a message, add a message to a timeline."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry
from bot.slack.blocks import menu, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.add_to_timeline import add_to_timeline_modal
from bot.slack.blocks.modals.declare import declare_modal
from bot.slack.inbound import event_parser
from bot.slack.listeners.actions import interaction_of
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.text import from_command, title_of
from bot.usecases import authorize
from storage.engine.errors import StorageError

log = structlog.get_logger()

SOURCE_TEXT = 1200  # characters of a message in a form's private metadata


async def on_shortcut(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Handle a shortcut: commit or open a form, then acknowledge. An answer follows through the outbox."""
    interaction = interaction_of(body)
    try:
        message = await _run(ctx, interaction, body)
    except Refused as refused:
        message = ctx.refusal(refused)
    except StorageError as error:
        log.error("shortcut.not_recorded", error=str(error))
        message = replies.not_recorded()
    if message is not None:
        await ctx.reply_later(interaction, message)
    await ack()


async def _run(ctx: ListenerContext, interaction: Interaction, body: dict[str, Any]) -> Message | None:
    instead = f"{ctx.command} declare"
    if body.get("callback_id") in ("declare", "declare_from_message"):
        authorize.require(ctx.context, "declare", interaction.user)
    match body.get("callback_id"):
        case "declare":
            return await ctx.open_view(interaction, declare_modal(ctx.context.policy), instead)
        case "declare_from_message":
            source = source_of(ctx, interaction, body["message"])
            text = from_command(source.pop("text"))
            view = declare_modal(
                ctx.context.policy,
                title=title_of(text.splitlines()[0]) if text else "",
                description=text,
                channel=interaction.channel,
                source=source,
            )
            return await ctx.open_view(interaction, view, instead)
        case "add_to_timeline":
            return await _add(ctx, interaction, body["message"])
    log.info("shortcut.unknown", callback_id=str(body.get("callback_id"))[:80])
    return None


def source_of(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> dict[str, Any]:
    """The message's origin, short enough for a form's private metadata."""
    channel = interaction.channel or ""
    parsed = event_parser.channel_message(message, channel, ctx.bot)
    text = parsed.text[:SOURCE_TEXT]
    return {"channel": channel, "ts": parsed.ts, "text": text, "author": parsed.actor, "link": parsed.link}


async def _add(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Message | None:
    """In an incident channel, make the message a key entry; elsewhere, open a form that asks which incident."""
    number = await ctx.incident_number_in(interaction.channel)
    if number is None:
        incidents = await ctx.open_incidents(interaction.user)
        if not incidents:
            return menu.none_open(ctx.command)
        view = add_to_timeline_modal(incidents, source_of(ctx, interaction, message))
        return await ctx.open_view(interaction, view, f"{ctx.command} note What happened")
    parsed = event_parser.channel_message(message, interaction.channel or "", ctx.bot)
    dedup_key = f"k:{parsed.channel}:{parsed.ts}:{interaction.user}"
    keyed = Entry(ctx.context.clock.now(), "keyed", interaction.user, "", parsed.ts, {"shortcut": True}, dedup_key)
    new = await ctx.recorder.key(parsed.channel, None if ctx.bot.wrote(message) else parsed, keyed)
    return replies.done("It is a key entry of the timeline now." if new else "It is a key entry already.")
