"""Listens for shortcuts: declare an incident, declare one from a message, add a message to a timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry
from bot.slack.blocks import menu, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.action import create_modal
from bot.slack.commands.request import DeclareRequest
from bot.slack.inbound import event_parser
from bot.slack.listeners import access
from bot.slack.listeners.actions import interaction_of
from bot.slack.listeners.calls import Call, Press
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.listeners.handlers.declare import declare_or_open_form
from bot.slack.listeners.handlers.messages import open_add_to_timeline, open_declare_from_message, source_of
from bot.slack.listeners.handlers.redaction import open_redact_form
from bot.slack.text import from_command, title_of
from storage.engine.errors import StorageError

log = structlog.get_logger()

DECLARE_AGAIN = ("menu_declare", "declare")


async def on_shortcut(ctx: ListenerContext, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Handle a shortcut: commit or open a form, then acknowledge. An answer follows through the outbox."""
    interaction = interaction_of(body)
    try:
        message = await _run(ctx, interaction, body)
    except Refused as refused:
        message = await ctx.refusal(refused, interaction.user)
    except StorageError as error:
        ctx.metrics.not_recorded.labels("shortcut").inc()
        log.error("shortcut.not_recorded", error=str(error))
        message = replies.storage_error_reply()
    if message is not None:
        await ctx.reply_later(interaction, message)
    await ack()


async def _run(ctx: ListenerContext, interaction: Interaction, body: dict[str, Any]) -> Message | None:
    if (required_access := access.SHORTCUTS.get(str(body.get("callback_id")))) is not None:
        await access.identify(ctx, interaction, required_access)
    match body.get("callback_id"):
        case "declare":
            return await declare_or_open_form(Call(ctx, replace(interaction, again=DECLARE_AGAIN)), DeclareRequest())
        case "declare_from_message":
            return await open_declare_from_message(ctx, interaction, source_of(ctx, interaction, body["message"]))
        case "add_to_timeline":
            return await _add(ctx, interaction, body["message"])
        case "create_action":
            return await _create_action(ctx, interaction, body["message"])
        case "redact":
            return await _redact(ctx, interaction, body["message"])
    log.info("shortcut.unknown", callback_id=str(body.get("callback_id"))[:80])
    return replies.other_version_reply("shortcut", ctx.command)


async def _add(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Message | None:
    """In an incident channel, make the message a key entry; elsewhere, open a form that asks which incident."""
    if await ctx.incident_number_in(interaction.channel) is None:
        return await open_add_to_timeline(ctx, interaction, source_of(ctx, interaction, message))
    parsed = event_parser.channel_message(message, interaction.channel or "", ctx.bot)
    dedup_key = f"k:{parsed.channel}:{parsed.ts}:{interaction.user}"
    keyed = Entry(ctx.context.clock.now(), "keyed", interaction.user, "", parsed.ts, {"shortcut": True}, dedup_key)
    new = await ctx.recorder.key(parsed.channel, None if ctx.bot.wrote(message) else parsed, keyed)
    return replies.confirmation("It is a key entry of the timeline now." if new else "It is a key entry already.")


async def _redact(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Message | None:
    """In an incident channel, open the form that strikes the message from the record."""
    number = await ctx.incident_number_in(interaction.channel)
    if number is None:
        return replies.confirmation("This is no incident's channel, so the message is on no timeline.")
    incident, policy = await ctx.visible_incident(number, interaction)
    parsed = event_parser.channel_message(message, interaction.channel or "", ctx.bot)
    if not ctx.bot.wrote(message) and not await ctx.recorder.knows(parsed.channel, parsed.ts):
        await ctx.recorder.message(parsed)  # else its event, or a later look at the history, would bring it
    return await open_redact_form(Press(ctx, interaction, incident, policy), str(message["ts"]))


async def _create_action(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Message | None:
    """Open the form, filled with the message, about the incident whose channel this is; elsewhere about the only one
    that is open, else say how to name one.
    """
    source = source_of(ctx, interaction, message)
    title = title_of(from_command(await ctx.labelled(source.get("text") or "")))
    number = await ctx.incident_number_in(interaction.channel)
    if number is None:
        open_incidents = (await ctx.open_incidents(interaction.user)).incidents
        if not open_incidents:
            return menu.none_open(ctx.command)
        if len(open_incidents) > 1:
            return menu.which_incident(open_incidents, f"action {title}", ctx.command)
        number = open_incidents[0].number
    incident, policy = await ctx.visible_incident(number, interaction)
    call = Press(ctx, interaction, incident, policy)
    call.require("action", incident)
    origin = {"ts": source.get("ts"), "link": source.get("link")}
    return await call.open_form(create_modal(incident, source=origin, title=title), f"action {title}")
