"""Builds the digest of what happened while Slack was down, and the mark of a message that is posted late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.digests import ANNOUNCEMENT
from bot.domain.routing.payloads import DigestPayload
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.slack.blocks import elements, news, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import chunks, mention, render

MOST_SECTIONS = 40


def digest(incident: Incident, policy: Policy, payload: DigestPayload, records: Sequence[RecordedEntry]) -> Message:
    """One message of the digest: the first says what it is, the others go on in its thread."""
    by_seq = {record.seq: record for record in records}
    lines = [_line(by_seq[seq], start, end, incident, policy) for seq, start, end in payload.pieces if seq in by_seq]
    prefix = phrases.drill_prefix(incident)
    return elements.message(
        f"{prefix}{incident.id}: what happened while Slack was down (delayed)",
        [
            elements.section(f"{prefix}{_head(payload)}"),
            *[elements.section(piece) for piece in chunks("\n".join(lines), elements.TEXT_CHUNK, MOST_SECTIONS)],
            elements.context(_foot(incident, payload)),
        ],
    )


def with_delay_note(message: Message, written_at: datetime) -> Message:
    """A message that waited for Slack, with a line that says so."""
    mark = f":hourglass: delayed: written {elements.moment(written_at)}, while Slack was down"
    return elements.message(message.text, [*message.blocks, elements.context(mark)])


def announced_late(message: Message, declared_at: datetime) -> Message:
    """An announcement that could be posted only when Slack was back; its later edits keep the mark."""
    mark = f":hourglass: delayed: declared {elements.moment(declared_at)}, while Slack was down"
    return elements.message(message.text, [*message.blocks, elements.context(mark)])


def _head(payload: DigestPayload) -> str:
    span = f"{elements.moment(payload.since)} to {elements.moment(payload.until)}"
    if payload.part == 1:
        return f":hourglass: *While Slack was down* (delayed) · {span}"
    return f":hourglass: *While Slack was down*, part {payload.part} of {payload.parts} (delayed)"


def _foot(incident: Incident, payload: DigestPayload) -> str:
    if payload.part < payload.parts:
        return "It goes on in the thread." if payload.part == 1 else "It goes on below."
    if not incident.open:
        return f"{incident.id} is {phrases.status_name(incident.status).lower()}."
    where = f"in {phrases.channel_link(incident)}" if payload.place == ANNOUNCEMENT else "here"
    return f"{incident.id} goes on {where}. Now: {phrases.status_line(incident)}"


def _line(record: RecordedEntry, start: int, end: int, incident: Incident, policy: Policy) -> str:
    """An entry, or a piece of its text; the time stands before the first piece."""
    entry, at = record.entry, elements.clock(record.entry.at)
    if record.purged:
        return f"{at} {news.recorded_message(record, incident, policy).text}"
    if start:
        return render(entry.text[start:end])
    if entry.kind == "update":
        head = f"*Update #{entry.data.get('number', '')}* by {mention(entry.actor)} · {_state(entry, policy)}"
        return f"{at} {head}\n{render(entry.text[:end])}"
    if entry.kind == "note":
        return f"{at} Note by {mention(entry.actor)}: {render(entry.text[:end])}"
    if entry.kind == "page":
        return f"{at} :pager: {render(entry.text)}"
    return f"{at} {news.news_text(entry, incident, policy)}"


def _state(entry: Entry, policy: Policy) -> str:
    status, severity = str(entry.data.get("status", "")), str(entry.data.get("severity", ""))
    severity_name = phrases.severity_name(severity, policy) if severity else ""
    return elements.join_dots([phrases.status_name(status) if status else "", severity_name])
