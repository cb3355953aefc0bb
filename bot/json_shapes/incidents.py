"""Formats incidents as JSON for the command line and exports; other programs rely on these fields."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import Ticket
from bot.domain.alerts.past_alert import PastAlert
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from bot.domain.review.document import Cite, MergedEntry
from bot.domain.review.view import ReviewView
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.timeline.source import source_of
from bot.domain.triage.similarity import SimilarIncident
from storage.deadlines import LedgerRow
from storage.outbox.census import FailedNotice


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def incident_json(incident: Incident) -> dict[str, Any]:
    """An incident without its timeline. Instants are RFC 3339, spans are seconds; None for what has not happened."""
    return {
        "id": incident.id,
        "title": incident.title,
        "description": incident.description,
        "severity": incident.severity,
        "status": str(incident.status),
        "private": incident.private,
        "drill": incident.drill,
        "category": incident.category,
        "services": list(incident.services),
        "fields": dict(incident.custom),
        "regions": list(incident.regions),
        "facts": dict(incident.facts),
        "channel_id": incident.channel_id,
        "declared_by": incident.declared_by,
        "roles": dict(incident.roles),
        "responders": list(incident.responders),
        "started_at": instant(incident.started_at),
        "detected_at": instant(incident.detected_at),
        "declared_at": instant(incident.declared_at),
        "acknowledged_at": instant(incident.acknowledged_at),
        "identified_at": instant(incident.identified_at),
        "mitigated_at": instant(incident.mitigated_at),
        "resolved_at": instant(incident.resolved_at),
        "impact_ended_at": instant(incident.impact_ended_at),
        "closed_at": instant(incident.closed_at),
        "time_to_acknowledge_s": incident.seconds_since_detection(incident.acknowledged_at),
        "time_to_identify_s": incident.seconds_since_detection(incident.identified_at),
        "time_to_mitigate_s": incident.seconds_since_detection(incident.mitigated_at),
        "time_to_resolve_s": incident.seconds_since_detection(incident.resolved_at),
        "summary": incident.summary,
        "root_cause": incident.root_cause,
        "updates": incident.updates,
        "episode": incident.episode,
        "merged_into": None if incident.merged_into is None else f"INC-{incident.merged_into}",
        "merged": [f"INC-{number}" for number in incident.merged],
        "related": [f"INC-{number}" for number in incident.related],
        "tags": list(incident.tags),
    }


def whole_incident_json(
    incident: Incident,
    entries: Sequence[RecordedEntry],
    rows: Sequence[LedgerRow],
    failures: Sequence[FailedNotice] = (),
    together: Sequence[RecordedEntry] = (),
) -> dict[str, Any]:
    """An incident with its timeline, its ledger of reminders and pages, and the notices that did not go out.

    `together` are the entries of its own timeline and of those of incidents merged into it, in the order of time.
    """
    return {
        **incident_json(incident),
        "timeline": [entry_json(record) for record in entries],
        "reminders": [reminder_json(row) for row in rows],
        "failures": [{"step": failure.kind, "error": failure.error} for failure in failures],
        **(
            {"merged_timeline": [{"incident": f"INC-{record.incident}", **entry_json(record)} for record in together]}
            if together
            else {}
        ),
    }


def similar_json(found: SimilarIncident) -> dict[str, Any]:
    """A similar incident with what fixed it, in words, and the step of a playbook that did, if one is known."""
    fix = {"playbook": found.fix.playbook, "step": found.fix.step} if found.fix else None
    return {**incident_json(found.incident), "fixed": found.fixed, "fix": fix, "reasons": list(found.reasons)}


def past_alert_json(alert: PastAlert) -> dict[str, Any]:
    """An alert that another tool had."""
    return {
        "source": alert.source,
        "id": alert.id,
        "title": alert.title,
        "severity": alert.severity,
        "fired_at": instant(alert.fired_at),
        "acknowledged_at": instant(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by or None,
        "resolved_at": instant(alert.resolved_at),
    }


def action_json(item: ActionItem, today: date) -> dict[str, Any]:
    """An action item. `due` is a date, and `overdue` whether that was before `today`."""
    return {
        "id": item.id,
        "incident": f"INC-{item.incident}",
        "title": item.title,
        "description": item.description,
        "owner": item.owner,
        "priority": str(item.priority),
        "due": item.due.isoformat() if item.due else None,
        "category": str(item.category) if item.category else None,
        "kind": str(item.kind) if item.kind else None,
        "status": str(item.status),
        "reason": item.reason,
        "overdue": item.is_overdue(today),
        "checklist": item.checklist,
        "link": item.link,
        "created_at": instant(item.created_at),
        "created_by": item.created_by,
        "settled_at": instant(item.settled_at),
        "settled_by": item.settled_by,
    }


def ticket_json(ticket: Ticket | None) -> dict[str, Any] | None:
    """The ticket of an action item; None without one."""
    if ticket is None:
        return None
    return {"tracker": str(ticket.tracker), "name": ticket.name, "url": ticket.url, "state": str(ticket.state)}


def review_json(view: ReviewView, today: date) -> dict[str, Any]:
    """A review: its sections with the sentences and what they cite, open questions, action items and figures."""
    review = view.incident.review
    return {
        "incident": view.incident.id,
        "title": view.incident.title,
        "private": view.incident.private,
        "state": str(review.state) if review else None,
        "facilitator": view.facilitator,
        "participants": list(view.participants),
        "due_at": instant(review.due_at) if review else None,
        "scheduled_at": instant(review.scheduled_at) if review else None,
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "sentences": [
                    {
                        "text": sentence.text,
                        "cites": [_cite_json(cite, view) for cite in sentence.cites],
                    }
                    for sentence in section.sentences
                ],
                "questions": [{"to": question.to, "text": question.text} for question in section.questions],
                "version": section.version,
                "edited_by": section.edited_by,
                "edited_at": instant(section.edited_at),
            }
            for section in view.sections
        ],
        "actions": [action_json(item, today) for item in view.actions],
        "figures": view.figures._asdict(),
    }


def _cite_json(cite: Cite, view: ReviewView) -> dict[str, Any]:
    """A cited entry. `incident` is present only for an entry of an incident that was merged into this one."""
    if isinstance(cite, MergedEntry):
        return {"incident": f"INC-{cite.incident}", "seq": cite.seq, "permalink": view.links.get(cite)}
    return {"seq": cite, "permalink": view.links.get(cite)}


def entry_json(record: RecordedEntry) -> dict[str, Any]:
    """An entry of the timeline. `purged` is present only where retention removed the text."""
    entry = record.entry
    return {
        "seq": record.seq,
        "at": instant(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "source": str(source_of(entry)),
        "text": entry.text,
        "key": record.key,
        "source_ts": entry.source_ts,
        "data": {name: value for name, value in entry.data.items() if not name.startswith("_")},
        **({} if record.last_text is None else {"last_text": record.last_text}),
        **({"deleted": True} if record.deleted else {}),
        **({"purged": True} if record.purged else {}),
        **({"redacted_by": record.redaction.by, "redacted_why": record.redaction.reason} if record.redaction else {}),
    }


def reminder_json(row: LedgerRow) -> dict[str, Any]:
    """A reminder or page of the ledger. One that is due but not sent yet counts as waiting."""
    state = DeadlineState.WAITING if row.state is DeadlineState.DUE else row.state
    return {
        "kind": row.kind,
        "rung": row.rung,
        "due_at": instant(row.due_at),
        "sent_at": instant(row.sent_at),
        "state": str(state),
        "reason": row.reason,
    }
