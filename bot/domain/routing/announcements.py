"""Who hears of an incident outside its channel: the announcement, and executives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.channel import channel_of
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import BriefingPayload, EntriesPayload
from bot.domain.timeline.entry import RecordedEntry

TOLD_UNDER_ANNOUNCEMENT = frozenset(
    {"status", "severity", "update", "resolved", "closed", "cancelled", "reopened", "merged"}
)


def announcement_of(number: int) -> str:
    return f"announce:{number}"


def announcement(incident: Incident, policy: Policy) -> list[Notice]:
    """Of a private incident nobody outside hears."""
    if not policy.announce or incident.private:
        return []
    n = incident.number
    return [
        Notice(
            announcement_of(n), NoticeKind.ANNOUNCE, n,
            depends_on=channel_of(n), on_dependency_failure=OnDependencyFailure.SEND, priority=Priority.NEWS,
        )
    ]  # fmt: skip


def under_announcement(incident: Incident, recorded: Sequence[RecordedEntry], policy: Policy) -> list[Notice]:
    """What came since, in its thread."""
    told = [r.seq for r in recorded if r.entry.kind in TOLD_UNDER_ANNOUNCEMENT]
    if not told or not policy.announce or incident.private:
        return []
    n = incident.number
    return [
        Notice(
            f"thread:{n}:{told[0]}",
            NoticeKind.THREAD,
            n,
            EntriesPayload(tuple(told)).to_json(),
            depends_on=announcement_of(n),
        )
    ]


def announcement_edits(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    if not policy.announce or after.private or _shown_outside(before) == _shown_outside(after):
        return []
    n = after.number
    return [
        Notice(
            f"announce_edit:{n}",
            NoticeKind.ANNOUNCE_EDIT,
            n,
            depends_on=announcement_of(n),
            priority=Priority.EDIT,
            resend=True,
        )
    ]


def briefings(incident: Incident, policy: Policy, moment: str, why: str) -> list[Notice]:
    """To each executive where the severity asks for it; once for an episode, severity and moment. A drill has none."""
    if incident.drill or not policy.severity(incident.severity).notify_executives:
        return []
    n = incident.number
    found = []
    for key in policy.executives:
        contact = policy.contacts.get(key)
        address = (contact.slack or contact.email) if contact else key
        if address is None:
            continue
        dedup_key = f"briefing:{n}:{incident.episode}:{incident.severity}:{moment}:{key}"
        payload = BriefingPayload(address, (contact.name if contact else "") or key, why).to_json()
        found.append(
            Notice(
                dedup_key,
                NoticeKind.BRIEFING,
                n,
                payload,
                depends_on=channel_of(n),
                on_dependency_failure=OnDependencyFailure.SEND,
            )
        )
    return found


def _shown_outside(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, incident.status, incident.channel_id, incident.roles.get("commander"),
        incident.updates, incident.ladder.acknowledged_at, incident.summary, incident.policy,
    )  # fmt: skip
