"""Drafts what a review says of the response: acknowledgement, updates, pages, handovers and playbooks.

It also drafts what was in time and what fell short.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.figures.targets import late_updates
from bot.domain.policy.policy import Severity
from bot.domain.review import participants
from bot.domain.review.document import Page
from bot.domain.review.record import Record, author_text, entry_text
from bot.domain.timeline.entry import BOT, RecordedEntry
from bot.domain.values import durations
from bot.domain.values.slack_ids import user_mention

MOST = 40  # sentences about pages, and about playbooks


@dataclass(frozen=True, slots=True)
class Cadence:
    """The status updates of an incident against the cadence of its severity."""

    updates: tuple[RecordedEntry, ...]
    late: tuple[tuple[RecordedEntry, timedelta], ...]  # with how late each was


def triage_and_cause(record: Record, page: Page) -> None:
    """From the detection to the acknowledgement, and to the cause."""
    incident, acknowledged = record.incident, record.first("acknowledged")
    if acknowledged and incident.acknowledged_at:
        after = record.since_detection(incident.acknowledged_at)
        page.say(f"{author_text(acknowledged.entry)} acknowledged it {after} after the detection.", acknowledged.seq)
    identified = _entry_of_status(record, "identified")
    if identified and incident.identified_at:
        after = record.since_detection(incident.identified_at)
        page.say(
            f"The cause was found {after} after the detection, by {author_text(identified.entry)}.", identified.seq
        )
    else:
        text = "When was the cause found? Nobody moved the status to identified."
        page.ask("identified", record.leader("technical_lead"), text)


def who_responded(record: Record, page: Page) -> None:
    """Say who responded, how, and when."""
    level, incident = _level(record), record.incident
    acknowledged = record.first("acknowledged")
    if acknowledged and incident.acknowledged_at:
        target = f"; the target is {durations.exact(level.respond_within)}" if level and level.respond_within else ""
        after = record.since_detection(incident.acknowledged_at)
        page.say(f"{author_text(acknowledged.entry)} responded first, after {after}{target}.", acknowledged.seq)
    for recorded in record.of("role", "handover"):
        page.say(f"{record.clock(recorded.entry.at)}: {_role(recorded)}", recorded.seq)
    cadence = cadence_of(record)
    if cadence.updates:
        first, last = cadence.updates[0], cadence.updates[-1]
        count = f"{len(cadence.updates)} status update{'s' if len(cadence.updates) != 1 else ''}"
        cadence_text = (
            f" Updates were due every {durations.exact(level.update_every)}." if level and level.update_every else ""
        )
        page.say(f"{count} {'were' if len(cadence.updates) != 1 else 'was'} posted.{cadence_text}", first.seq, last.seq)
    for recorded in record.of("page", "escalated")[:MOST]:
        page.say(f"{record.clock(recorded.entry.at)}: {_paged(recorded)}", recorded.seq)
    for recorded in [recorded for recorded in record.of("playbook") if recorded.key][:MOST]:
        page.say(
            f"{record.clock(recorded.entry.at)}: {author_text(recorded.entry)}: {entry_text(recorded)}", recorded.seq
        )
    mitigated = _entry_of_status(record, "monitoring")
    if mitigated and incident.mitigated_at:
        after = record.since_detection(incident.mitigated_at)
        page.say(f"The fix was in place {after} after the detection.", mitigated.seq)
    participants.did(record, page)


def went_well(record: Record, page: Page) -> None:
    """Say what the record shows to have been in time."""
    level, incident = _level(record), record.incident
    acknowledged, resolved = record.first("acknowledged"), record.last("resolved")
    if level and acknowledged and _within(incident.detected_at, incident.acknowledged_at, level.respond_within, record):
        target = durations.exact(level.respond_within) if level.respond_within else ""
        page.say(f"It was acknowledged within the target of {target}.", acknowledged.seq)
    cadence = cadence_of(record)
    if level and level.update_every and len(cadence.updates) > 1 and not cadence.late:
        cites = [recorded.seq for recorded in cadence.updates]
        page.say(f"All {len(cites)} status updates were on time.", *cites)
    if level and resolved and _within(incident.detected_at, incident.resolved_at, level.resolve_within, record):
        target = durations.exact(level.resolve_within) if level.resolve_within else ""
        page.say(f"It was resolved within the target of {target}.", resolved.seq)
    for recorded in record.of("playbook"):
        if recorded.entry.data.get("helped") is True:
            page.say(f"A playbook helped: {entry_text(recorded)}", recorded.seq)
    page.ask("well", record.leader(), "What went well that should be kept?")


def fell_short(record: Record, page: Page) -> None:
    """Say what the record shows to have been late, unanswered or lost."""
    level, incident = _level(record), record.incident
    acknowledged, resolved = record.first("acknowledged"), record.last("resolved")
    if level and level.respond_within and acknowledged and incident.acknowledged_at:
        late = _late(incident.detected_at, incident.acknowledged_at, level.respond_within, record)
        if late:
            target = durations.exact(level.respond_within)
            text = f"The acknowledgement came {durations.approximate(late)} after the target of {target}."
            page.say(text, acknowledged.seq)
    for update, late in cadence_of(record).late:
        page.say(f"Update #{update.entry.data.get('number')} was {durations.approximate(late)} late.", update.seq)
    for recorded in [recorded for recorded in record.of("escalated") if not recorded.entry.data.get("by_hand")][:MOST]:
        page.say(_why_unanswered(recorded), recorded.seq)
    for recorded in record.of("page"):
        for gap in recorded.entry.data.get("gaps") or ():
            page.say(f"A page did not get through: {gap}", recorded.seq)
    for recorded in record.of("delivery_failed"):
        page.say(f"A message could not be sent: {entry_text(recorded)}", recorded.seq)
    if level and level.resolve_within and resolved and incident.resolved_at:
        late = _late(incident.detected_at, incident.resolved_at, level.resolve_within, record)
        if late:
            target = durations.exact(level.resolve_within)
            page.say(f"It was resolved {durations.approximate(late)} after the target of {target}.", resolved.seq)


def cadence_of(record: Record) -> Cadence:
    """The updates, and which of them came later than the severity asks for. The first counts from the declaration."""
    updates = tuple(record.of("update"))
    level = _level(record)
    if level is None or level.update_every is None:
        return Cadence(updates, ())
    incident, times = record.incident, [update.entry.at for update in updates]
    late = late_updates(incident.declared_at, incident.ended_at, times, level.update_every, record.policy.zone)
    return Cadence(updates, tuple((updates[index], by) for index, by in late))


def _role(recorded: RecordedEntry) -> str:
    """A role that a person took or was given; a handover, or the loss of a role, in the words of the entry."""
    data, actor = recorded.entry.data, recorded.entry.actor
    holder, title = data.get("user"), data.get("title")
    if recorded.entry.kind != "role" or not holder or not title:
        return f"{author_text(recorded.entry)}: {entry_text(recorded)}"
    if holder == actor:
        return f"{user_mention(holder)} became {title}."
    return f"{user_mention(holder)} became {title}, named by {author_text(recorded.entry)}."


def _paged(recorded: RecordedEntry) -> str:
    text = entry_text(recorded)
    return f"Paged: {text[:1].lower()}{text[1:]}" if recorded.entry.kind == "page" else text


def _entry_of_status(record: Record, status: str) -> RecordedEntry | None:
    """The entry that moved the status there first, or beyond."""
    order = ("identified", "mitigating", "monitoring", "resolved")
    statuses = order[order.index(status) :]
    for recorded in record.of("status", "resolved", "times"):
        after = "resolved" if recorded.entry.kind == "resolved" else recorded.entry.data.get("after")
        field = {"identified": "identified_at", "monitoring": "mitigated_at"}[status]
        if recorded.entry.data.get("field") == field or (
            after in statuses and (status != "identified" or after == status)
        ):
            return recorded
    return None


def _level(record: Record) -> Severity | None:
    try:
        return record.policy.severity(record.incident.severity)
    except Refused:
        return None


def _within(begin: datetime, end: datetime | None, span: durations.Span | None, record: Record) -> bool:
    return end is not None and span is not None and not _late(begin, end, span, record)


def _late(begin: datetime, end: datetime, span: durations.Span, record: Record) -> timedelta:
    """The delay after the target; zero if it was in time."""
    return max(timedelta(), end - durations.add(begin, span, record.policy.zone))


def _why_unanswered(record: RecordedEntry) -> str:
    """Why a page got no answer: it reached nobody, or the person could not come."""
    if record.entry.data.get("declined"):
        return f"{author_text(record.entry)} was paged and declined: {entry_text(record)}"
    return entry_text(record) if record.entry.actor == BOT else f"It had to be escalated: {entry_text(record)}"
