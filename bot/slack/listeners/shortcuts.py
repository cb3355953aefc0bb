"""Shortcuts: declare from anywhere, declare from a message, add a message to a timeline."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry
from bot.slack.blocks import declare, forms, replies
from bot.slack.blocks.elements import Message
from bot.slack.inbound import event_parser
from bot.slack.listeners.actions import asking_of
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.text import from_command, title_of
from bot.usecases import authorize
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_shortcut(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    interaction = asking_of(body)
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
            return await ctx.open_view(interaction, declare.declare_modal(ctx.context.policy), instead)
        case "declare_from_message":
            source = source_of(ctx, interaction, body["message"])
            text = from_command(source.pop("text"))
            view = declare.declare_modal(
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
    """The message as small as it fits into a form's private data."""
    channel = interaction.channel or ""
    said = event_parser.channel_message(message, channel, ctx.bot)
    return {"channel": channel, "ts": said.ts, "text": said.text[:1200], "author": said.actor, "link": said.link}


async def _add(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Message | None:
    """In an incident channel the message becomes a key entry at once; elsewhere a form asks which incident."""
    number = await ctx.incident_number_in(interaction.channel)
    if number is None:
        running = await ctx.open_incidents(interaction.user)
        if not running:
            return replies.none_open(ctx.command)
        view = forms.add_to_timeline_modal(running, source_of(ctx, interaction, message))
        return await ctx.open_view(interaction, view, f"{ctx.command} note What happened")
    said = event_parser.channel_message(message, interaction.channel or "", ctx.bot)
    dedup_key = f"k:{said.channel}:{said.ts}:{interaction.user}"
    keyed = Entry(ctx.context.clock.now(), "keyed", interaction.user, "", said.ts, {"shortcut": True}, dedup_key)
    new = await ctx.recorder.key(said.channel, None if ctx.bot.wrote(message) else said, keyed)
    return replies.done("It is a key entry of the timeline now." if new else "It is a key entry already.")
