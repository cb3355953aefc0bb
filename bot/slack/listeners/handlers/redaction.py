"""Handles `/incident redact` and its form, which remove the words of a timeline entry.

The message shortcut that redacts a message uses the same form.
"""

from __future__ import annotations

import re

from bot.domain.errors import Refused
from bot.domain.incident.redaction import require_redactor
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.timeline.redaction import texts_of
from bot.slack.blocks import redaction
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.redact import REDACT, redact_modal, values_of_redact
from bot.slack.listeners.calls import (
    IncidentCall,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
)
from bot.usecases.incidents.redact import may_redact_everything, redact
from storage.outbox import rewriting
from storage.timeline import entries

OFFERED = 300  # the newest entries, of which the form offers those that the person may redact
_LINK = re.compile(r"<?https?://[^\s/]+/archives/([A-Z0-9]+)/p([0-9]{10})([0-9]{6})[^\s>]*>?\s*", re.IGNORECASE)


async def _redact(call: VerbCall) -> Message | None:
    """`redact` opens the form; `redact <link to a message> <reason>` redacts at once."""
    if not call.request.text:
        return await call.open_form(redact_modal(call.incident, await _redactable_entries(call)), "redact")
    link = _LINK.match(call.request.text)
    if link is None:
        raise Refused("Give the link to the message, then the reason. Without both, the form opens.", "redact")
    record = await _record_of_message(call, link[1], f"{link[2]}.{link[3]}")
    reason = call.request.text[link.end() :].strip()
    if not reason:
        return await _form_about(call, record)
    result = await redact(call.context, call.number, record.seq, reason, call.user, delivery=call.delivery)
    return redaction.redaction_confirmation(result, call.user)


async def open_redact_form(call: Press, ts: str) -> Message | None:
    """Open the form about one message of the incident's channel. Raises `Refused` if it cannot be redacted."""
    return await _form_about(call, await _record_of_message(call, call.interaction.channel or "", ts))


async def _form_about(call: IncidentCall, record: RecordedEntry) -> Message | None:
    everything = may_redact_everything(call.context, call.incident, call.user)
    require_redactor(call.incident, record, call.user, everything=everything)
    return await call.open_form(redact_modal(call.incident, [record]), "redact")


async def _redactable_entries(call: VerbCall) -> list[RecordedEntry]:
    """The newest entries that the person may redact, the newest first. Raises `Refused` if there are none."""
    everything = may_redact_everything(call.context, call.incident, call.user)
    async with call.context.database.reading() as conn:
        newest = await entries.read(conn, call.number, limit=OFFERED, newest=True)
    offered = [
        record
        for record in reversed(newest)
        if not record.purged and texts_of(record.entry) and (everything or record.entry.actor == call.user)
    ]
    if not offered:
        raise Refused(
            f"There is nothing of yours to redact among the latest entries of {call.incident.id}. "
            "Its incident commander may redact what others wrote.",
            "timeline all",
        )
    return offered


async def _record_of_message(call: IncidentCall, channel: str, ts: str) -> RecordedEntry:
    """The entry of a message, by a person or by the bot. Raises `Refused` if it is not on the timeline."""
    async with call.context.database.reading() as conn:
        record = await entries.message(conn, call.number, ts) if channel == call.incident.channel_id else None
        if record is None and (notice := await rewriting.posted_as(conn, call.number, channel, ts)):
            seqs = [*(notice.payload.get("seqs") or ()), notice.payload.get("seq")]
            candidates = await entries.by_seqs(conn, call.number, [seq for seq in seqs if seq is not None])
            record = next((candidate for candidate in candidates if texts_of(candidate.entry)), None)
    if record is None:
        raise Refused(f"That message is not on the timeline of {call.incident.id}.", "redact")
    return record


async def _submit(call: Submission) -> None:
    values = values_of_redact(call.view)
    result = await redact(call.context, values.incident, values.seq, values.reason, call.user, delivery=call.delivery)
    await call.reply_later(redaction.redaction_confirmation(result, call.user), channel=result.incident.channel_id)


VERBS: dict[str, VerbHandler] = {"redact": _redact}
PRESSES: dict[str, PressHandler] = {}
SUBMISSIONS: dict[str, SubmissionHandler] = {REDACT: _submit}
