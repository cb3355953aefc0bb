"""Opens the forms about a message that a person chose: declare an incident from it, or record it.

To record a message is to add it to an incident's timeline. If such a form cannot be opened, the answer's button carries
the message, so that the form opens with it filled in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.slack.blocks import elements, inputs, menu
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.add_to_timeline import add_to_timeline_modal
from bot.slack.blocks.modals.declare import FormOrigin, declare_modal
from bot.slack.inbound import event_parser
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.slack.listeners.handlers.declare import command_line
from bot.slack.text import from_command, title_of
from bot.usecases import authorize

SOURCE_TEXT = 1200  # characters of a message in a form's private metadata
Source = dict[str, Any]  # a message's `channel`, `ts`, `thread_ts`, `text` as Slack sent it, `author` and `link`


def source_of(ctx: ListenerContext, interaction: Interaction, message: dict[str, Any]) -> Source:
    """The message's text and origin, short enough for a form's private metadata."""
    channel = interaction.channel or ""
    parsed = event_parser.channel_message(message, channel, ctx.bot)
    text = parsed.text[:SOURCE_TEXT]
    return {
        "channel": channel, "ts": parsed.ts, "thread_ts": parsed.thread_ts, "text": text, "author": parsed.actor,
        "link": parsed.link,
    }  # fmt: skip


def source_in(value: str) -> Source:
    """The message that a button carries. Raises `ValueError` if it carries none."""
    source = inputs.unpack(value).get("source")
    if not isinstance(source, dict) or not all(isinstance(part, str) or part is None for part in source.values()):
        raise ValueError("the button carries no message")
    return source


async def open_declare_from_message(ctx: ListenerContext, interaction: Interaction, source: Source) -> Message | None:
    """Open the declare form filled with the message. Returns None if it opened, else an answer that opens it."""
    authorize.require(ctx.context, "declare", interaction.user)
    text = from_command(await ctx.labelled(source.get("text") or ""))
    view = declare_modal(
        ctx.context.policy,
        title=title_of(text.splitlines()[0]) if text else "",
        description=text,
        origin=FormOrigin(interaction.channel, {name: value for name, value in source.items() if name != "text"}),
    )
    return await ctx.open_view(
        _retry_interaction(interaction, "declare_from_message", source), view, command_line(ctx, title=title_of(text))
    )


async def open_add_to_timeline(ctx: ListenerContext, interaction: Interaction, source: Source) -> Message | None:
    """Open the form that asks to which incident the message belongs, or say that none is open."""
    incidents = (await ctx.open_incidents(interaction.user)).incidents
    if not incidents:
        return menu.none_open(ctx.command)
    title = title_of(from_command(source.get("text") or "")) or "What happened"
    line = f"{ctx.command} note {title} --in {incidents[0].id}"
    view = add_to_timeline_modal(incidents, source)
    return await ctx.open_view(_retry_interaction(interaction, "add_to_timeline", source), view, line)


def _retry_interaction(interaction: Interaction, action: str, source: Source) -> Interaction:
    """The interaction with the button that opens the form once more, as much of the text as fits in it."""
    return replace(interaction, again=(action, inputs.pack({"source": source}, elements.VALUE)))
