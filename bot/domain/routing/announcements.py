"""Builds the notices outside an incident's channel: the announcement, news in its thread, executive briefings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.channel import channel_key, edit_priority
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import BriefingPayload, EntriesPayload, SettledPayload, UserPayload
from bot.domain.timeline.entry import RecordedEntry

WHILE_OPEN = frozenset({"channel_lost", "channel_back"})  # of no interest once the incident has ended
THREAD_NEWS = frozenset({"status", "severity", "update", "resolved", "closed", "cancelled", "reopened", "merged"})


def announcement_key(number: int) -> str:
    """Dedup key of the announcement."""
    return f"announce:{number}"


def announcement(incident: Incident, policy: Policy) -> list[Notice]:
    """The announcement. Empty for a private incident, or without an announcement channel."""
    if not policy.announce or incident.private:
        return []
    n = incident.number
    return [
        Notice(
            announcement_key(n), NoticeKind.ANNOUNCE, n,
            depends_on=channel_key(n), on_dependency_failure=OnDependencyFailure.SEND, priority=Priority.NEWS,
        )
    ]  # fmt: skip


def under_announcement(incident: Incident, recorded: Sequence[RecordedEntry], policy: Policy) -> list[Notice]:
    """News in the thread of the announcement."""
    kinds = THREAD_NEWS | WHILE_OPEN if incident.open else THREAD_NEWS
    seqs = [r.seq for r in recorded if r.entry.kind in kinds]
    if not seqs or not policy.announce or incident.private:
        return []
    n = incident.number
    return [
        Notice(
            f"thread:{n}:{seqs[0]}",
            NoticeKind.THREAD,
            n,
            EntriesPayload(tuple(seqs)).to_json(),
            depends_on=announcement_key(n),
        )
    ]


def announcement_edits(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """An edit of the announcement, if a change shows in it."""
    if not policy.announce or after.private or _announcement_content(before) == _announcement_content(after):
        return []
    return [announcement_edit(after.number, edit_priority(before, after))]


def announcement_edit(number: int, priority: Priority = Priority.EDIT) -> Notice:
    """Edit the announcement; several edits collapse into the newest."""
    return Notice(
        f"announce_edit:{number}",
        NoticeKind.ANNOUNCE_EDIT,
        number,
        depends_on=announcement_key(number),
        priority=priority,
        resend=True,
    )


def briefings(incident: Incident, policy: Policy, moment: str, why: str) -> list[Notice]:
    """A briefing for each executive if the severity asks for it, once per episode, severity and `moment`.

    Executives without an address are skipped; a drill has no briefings.
    """
    if incident.drill or not policy.severity(incident.severity).notify_executives:
        return []
    n = incident.number
    notices = []
    for key in policy.executives:
        contact = policy.contacts.get(key)
        address = (contact.slack or contact.email) if contact else key
        if address is None:
            continue
        dedup_key = f"briefing:{n}:{incident.episode}:{incident.severity}:{moment}:{key}"
        payload = BriefingPayload(address, (contact.name if contact else "") or key, why).to_json()
        notices.append(
            Notice(
                dedup_key,
                NoticeKind.BRIEFING,
                n,
                payload,
                depends_on=channel_key(n),
                on_dependency_failure=OnDependencyFailure.SEND,
            )
        )
    return notices


def briefings_over(incident: Incident, sent: Mapping[str, str]) -> list[Notice]:
    """For an incident that has ended: the edit of each briefing sent, and one line to each executive.

    `sent` has the person of each briefing by its dedup key.
    """
    n = incident.number
    edits = [
        Notice(
            f"settle:{key}",
            NoticeKind.BRIEFING_EDIT,
            n,
            SettledPayload(key).to_json(),
            depends_on=key,
            priority=Priority.EDIT,
        )
        for key in sent
    ]
    lines = [
        Notice(
            f"briefing_over:{n}:{incident.episode}:{person}",
            NoticeKind.BRIEFING_OVER,
            n,
            UserPayload(person).to_json(),
        )
        for person in dict.fromkeys(sent.values())
    ]
    return [*edits, *lines]


def _announcement_content(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, incident.status, incident.channel_id, incident.roles.get("commander"),
        incident.updates, incident.ladder.acknowledged_at, incident.summary, incident.policy, incident.channel_lost,
    )  # fmt: skip
