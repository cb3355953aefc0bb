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
from bot.slack.listeners.context import Asking, Front
from bot.slack.text import from_command, title_of
from bot.usecases import authorize
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def on_shortcut(front: Front, ack: AsyncAck, body: dict[str, Any]) -> None:
    asking = asking_of(body)
    try:
        message = await _run(front, asking, body)
    except Refused as refused:
        message = front.refused(refused)
    except StorageError as error:
        log.error("shortcut.not_recorded", error=str(error))
        message = replies.not_recorded()
    if message is not None:
        await front.answer_later(asking, message)
    await ack()


async def _run(front: Front, asking: Asking, body: dict[str, Any]) -> Message | None:
    instead = f"{front.command} declare"
    if body.get("callback_id") in ("declare", "declare_from_message"):
        authorize.require(front.desk, "declare", asking.user)
    match body.get("callback_id"):
        case "declare":
            return await front.open_view(asking, declare.declare_modal(front.desk.policy), instead)
        case "declare_from_message":
            source = source_of(front, asking, body["message"])
            text = from_command(source.pop("text"))
            view = declare.declare_modal(
                front.desk.policy,
                title=title_of(text.splitlines()[0]) if text else "",
                description=text,
                channel=asking.channel,
                source=source,
            )
            return await front.open_view(asking, view, instead)
        case "add_to_timeline":
            return await _add(front, asking, body["message"])
    log.info("shortcut.unknown", callback_id=str(body.get("callback_id"))[:80])
    return None


def source_of(front: Front, asking: Asking, message: dict[str, Any]) -> dict[str, Any]:
    """The message as small as it fits into a form's private data."""
    channel = asking.channel or ""
    said = event_parser.said(message, channel, front.me)
    return {"channel": channel, "ts": said.ts, "text": said.text[:1200], "author": said.actor, "link": said.link}


async def _add(front: Front, asking: Asking, message: dict[str, Any]) -> Message | None:
    """In an incident channel the message becomes a key entry at once; elsewhere a form asks which incident."""
    number = await front.number_in(asking.channel)
    if number is None:
        running = await front.open_incidents(asking.user)
        if not running:
            return replies.none_open(front.command)
        view = forms.add_to_timeline_modal(running, source_of(front, asking, message))
        return await front.open_view(asking, view, f"{front.command} note What happened")
    said = event_parser.said(message, asking.channel or "", front.me)
    once = f"k:{said.channel}:{said.ts}:{asking.user}"
    keyed = Entry(front.desk.clock.now(), "keyed", asking.user, "", said.ts, {"shortcut": True}, once)
    new = await front.recorder.key(said.channel, None if front.me.wrote(message) else said, keyed)
    return replies.done("It is a key entry of the timeline now." if new else "It is a key entry already.")
