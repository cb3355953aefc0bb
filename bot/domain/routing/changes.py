"""Builds the notices that follow from the declaration of an incident and from every later change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.actions.ticket import OF_INCIDENT, wants_ticket
from bot.domain.actions.ticket_edit import changes_incident_ticket
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.announcements import (
    announcement,
    announcement_edits,
    briefings,
    briefings_over,
    under_announcement,
)
from bot.domain.routing.channel import (
    STILL_TALKING,
    backfill,
    card_edits,
    card_posted,
    channel_key,
    in_channel,
    invitation,
    pin,
    topic_edits,
    triage,
    triage_edits,
)
from bot.domain.routing.channel_loss import channel_changes
from bot.domain.routing.continuations import described_in_full, news_in_full, update_continued
from bot.domain.routing.handovers import handovers_settled, shift_offers_settled
from bot.domain.routing.members import removals
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.pages import alert_follow_ups, pages_settled, settled_pages
from bot.domain.routing.payloads import BookmarkPayload, DutiesPayload, EntriesPayload, UpdatePayload
from bot.domain.routing.playbook_runs import requests_paused, run_edits
from bot.domain.routing.reminders import nudge_outcome, nudges_settled
from bot.domain.routing.tickets import ticket_moved
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.domain.values.slack_ids import is_user_id

TOLD_BY_UPDATE = frozenset({"status", "severity", "resolved", "closed", "cancelled"})
CHANNEL_NEWS = frozenset(
    {"acknowledged", "status", "severity", "role", "resolved", "closed", "cancelled", "reopened", "snoozed", "merged"}
)


def on_declared(incident: Incident, policy: Policy) -> list[Notice]:
    """The notices that make an incident visible. Each step is its own notice, so that one failure stops no other."""
    n = incident.number
    channel = channel_key(n)
    notices = [
        Notice(channel, NoticeKind.CHANNEL, n, priority=Priority.CHANNEL),
        card_posted(n),
        pin(n),
        Notice(f"topic:{n}", NoticeKind.TOPIC, n, depends_on=channel, priority=Priority.SETUP),
        Notice(f"purpose:{n}", NoticeKind.PURPOSE, n, depends_on=channel, priority=Priority.SETUP),
        *([invitation(n, incident.declared_by)] if is_user_id(incident.declared_by) else []),
        backfill(n),
        triage(n),
    ]
    notices += described_in_full(incident)
    notices += announcement(incident, policy)
    notices += briefings(incident, policy, "declared", "")
    notices += [_bookmark(n, title) for title in policy.bookmarks_of(incident.severity)]
    return notices


def _bookmark(number: int, title: str) -> Notice:
    return Notice(
        f"bookmark:{number}:{title}",
        NoticeKind.BOOKMARK,
        number,
        BookmarkPayload(title).to_json(),
        depends_on=channel_key(number),
        priority=Priority.SETUP,
    )


def on_change(before: Incident, after: Incident, recorded: Sequence[RecordedEntry], policy: Policy) -> list[Notice]:
    """The notices of a change: news in the channel and under the announcement, and edits of earlier messages."""
    notices: list[Notice] = []
    n = after.number
    with_update = changed_with_update(recorded)
    news_seqs = [r.seq for r in recorded if _is_channel_news(r.entry) and r.seq not in with_update]
    if news_seqs:
        key = f"news:{n}:{news_seqs[0]}"
        notices.append(in_channel(key, NoticeKind.NEWS, n, EntriesPayload(tuple(news_seqs)).to_json()))
        notices += news_in_full(n, key, [r for r in recorded if r.seq in news_seqs])
    for record in recorded:
        if record.entry.kind == "update":
            key = f"update:{n}:{record.entry.data['number']}"
            notices.append(in_channel(key, NoticeKind.UPDATE, n, UpdatePayload(record.seq, with_update).to_json()))
            notices += update_continued(n, key, record)
        if record.entry.kind == "severity" and record.entry.data.get("raised"):
            notices += briefings(after, policy, "declared", "")
            old_titles = policy.bookmarks_of(before.severity)
            notices += [_bookmark(n, title) for title in policy.bookmarks_of(after.severity) if title not in old_titles]
        if record.entry.kind == "policy":  # the address of a bookmark may be another
            notices += [replace(_bookmark(n, title), resend=True) for title in policy.bookmarks_of(after.severity)]
        if record.entry.kind == "reopened":
            notices += briefings(after, policy, "declared", "open again")
            notices += _missed_since_the_end(before, record.entry.at)
        if record.entry.kind == "role" and record.entry.data.get("user"):
            user = record.entry.data["user"]
            notices.append(invitation(n, user, record.entry.actor))
            notices.append(
                Notice(
                    f"duties:{n}:{record.seq}",
                    NoticeKind.DUTIES,
                    n,
                    DutiesPayload(record.entry.data["role"], user).to_json(),
                )
            )
    if before.open and not after.open:
        notices += briefings_over(after, before.live_briefings)
    notices += under_announcement(after, recorded, policy)
    notices += channel_changes(before, after, recorded)
    notices += removals(before, after)
    notices += card_edits(before, after)
    notices += announcement_edits(before, after, policy)
    notices += topic_edits(before, after)
    notices += triage_edits(before, after)
    notices += nudges_settled(before, after, policy)
    notices += pages_settled(before, after)
    notices += handovers_settled(before, after, recorded)
    notices += requests_paused(before, after)
    notices += run_edits(before, after)
    notices += shift_offers_settled(before, after)
    notices += alert_follow_ups(before, after, recorded)
    notices += _own_ticket(before, after, policy)
    return notices


def _missed_since_the_end(before: Incident, reopened_at: datetime) -> list[Notice]:
    """The read of the channel of an incident that is reopened after its channel was no longer read."""
    if before.channel_id is None or before.ended_at is None or reopened_at - before.ended_at <= STILL_TALKING:
        return []
    return [backfill(before.number)]


def _own_ticket(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """The ticket of an incident is changed and closed with it, even if its severity would no longer create one."""
    makes_tickets = any(level.extra.get("ticket") for level in policy.severities)
    if makes_tickets and wants_ticket(after, None) and changes_incident_ticket(before, after):
        return [ticket_moved(after.number, OF_INCIDENT)]
    return []


def changed_with_update(recorded: Sequence[RecordedEntry]) -> tuple[int, ...]:
    """The entries that the message of a status update tells, because its author changed this with the update."""
    authors = {record.entry.actor for record in recorded if record.entry.kind == "update"}
    return tuple(r.seq for r in recorded if r.entry.kind in TOLD_BY_UPDATE and r.entry.actor in authors)


def _is_channel_news(entry: Entry) -> bool:
    """Whether the channel is told of the entry: by its kind, or because the entry's data has `told`."""
    return (entry.kind in CHANNEL_NEWS and "implied_by" not in entry.data) or bool(entry.data.get("told"))


def without_settled(before: Incident, after: Incident, policy: Policy) -> dict[str, Any]:
    """The fields of `after` to clear, because `on_change` has settled the messages that these fields name."""
    changes: dict[str, Any] = {}
    if before.live_nudge and after.live_nudge == before.live_nudge and nudge_outcome(before, after, policy):
        changes["live_nudge"] = None
    if settled := settled_pages(before, after):
        changes["live_pages"] = tuple(key for key in after.live_pages if key not in settled)
    if before.live_alerts and not after.open:
        changes["live_alerts"] = ()
    if before.live_briefings and not after.open:
        changes["live_briefings"] = {}
    return changes
