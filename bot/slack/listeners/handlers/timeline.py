"""Handles `/incident timeline` and `/incident note`, and the button and forms that add to the timeline."""

from __future__ import annotations

from bot.slack.blocks import replies, timeline
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.add_to_timeline import values_of_add_to_timeline
from bot.slack.blocks.modals.note import NOTE, note_modal, values_of_note
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler, VerbCall, VerbHandler
from bot.slack.listeners.handlers.forms import press_of_verb
from bot.slack.text import from_command, mention
from bot.usecases.incidents.note import note
from bot.usecases.queries.merged_timeline import read_together

SHOWN = 200  # entries; older ones are counted


async def _timeline(call: VerbCall) -> Message:
    everything = call.request.scope == "all"
    async with call.context.database.reading() as conn:
        newest = await read_together(conn, call.incident, call.user, key_only=not everything, limit=SHOWN)
    return timeline.timeline(call.incident, newest, everything=everything, command=call.ctx.command)


async def _note(call: VerbCall) -> Message | None:
    if not call.request.text:
        call.require("note", call.incident)
        return await call.open_form(note_modal(call.incident), "note What happened")
    await note(call.context, call.number, call.request.text, call.user, delivery=call.delivery)
    return replies.confirmation(f"Noted on the timeline of {call.incident.id}.")


async def _press_note(call: Press) -> Message | None:
    return await call.open_form(note_modal(call.incident), "note What happened")


async def _submit_note(call: Submission) -> None:
    values = values_of_note(call.view)
    await note(call.context, values.incident, values.text, call.user, delivery=call.delivery)
    incident, _ = await call.ctx.visible_incident(values.incident, call.interaction, paged=True)
    message = replies.confirmation(f"Noted on the timeline of {incident.id}.")
    await call.reply_later(message, channel=incident.channel_id)


async def _submit_message(call: Submission) -> None:
    """Add a message from another channel to the timeline of the chosen incident."""
    values = values_of_add_to_timeline(call.view)
    await call.ctx.visible_incident(values.incident, call.interaction, paged=True)
    source = values.source
    text = f"{mention(source['author'])} said: {from_command(await call.ctx.labelled(source.get('text') or ''))}"
    await note(call.context, values.incident, text, call.user, link=source.get("link"), delivery=call.delivery)
    await call.reply_later(
        replies.confirmation(f"Added to the timeline of INC-{values.incident}."), channel=source["channel"]
    )


VERBS: dict[str, VerbHandler] = {"timeline": _timeline, "note": _note}
PRESSES: dict[str, PressHandler] = {
    "timeline": press_of_verb(_timeline, "timeline", scope="key"),
    "note": _press_note,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {NOTE: _submit_note, "add_to_timeline": _submit_message}
