"""What follows from a declaration, and from every change after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.announcements import announcement, announcement_edits, briefings, under_announcement
from bot.domain.routing.channel import (
    backfill,
    card_edits,
    card_posted,
    channel_of,
    in_channel,
    invitation,
    pin,
    topic_edits,
    triage,
    triage_edits,
)
from bot.domain.routing.handovers import handovers_settled, shift_offers_settled
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.nudges import nudge_outcome, nudges_settled
from bot.domain.routing.pages import answered, followed, pages_settled
from bot.domain.routing.payloads import BookmarkPayload, DutiesPayload, EntriesPayload, UpdatePayload
from bot.domain.routing.playbook_runs import requests_told, walks_told
from bot.domain.timeline.entry import Entry, RecordedEntry

TOLD_IN_CHANNEL = frozenset(
    {"acknowledged", "status", "severity", "role", "resolved", "closed", "cancelled", "reopened", "snoozed", "merged"}
)


def on_declared(incident: Incident, policy: Policy) -> list[Notice]:
    """Everything that makes an incident visible, each step its own notice: any may fail, none stops another."""
    n = incident.number
    channel = channel_of(n)
    found = [
        Notice(channel, NoticeKind.CHANNEL, n, priority=Priority.CHANNEL),
        card_posted(n),
        pin(n),
        Notice(f"topic:{n}", NoticeKind.TOPIC, n, depends_on=channel, priority=Priority.SETUP),
        Notice(f"purpose:{n}", NoticeKind.PURPOSE, n, depends_on=channel, priority=Priority.SETUP),
        invitation(n, incident.declared_by),
        backfill(n),
        triage(n),
    ]
    found += announcement(incident, policy)
    found += briefings(incident, policy, "declared", "")
    for title in policy.bookmarks:
        found.append(
            Notice(
                f"bookmark:{n}:{title}",
                NoticeKind.BOOKMARK,
                n,
                BookmarkPayload(title).to_json(),
                depends_on=channel,
                priority=Priority.SETUP,
            )
        )
    return found


def on_change(before: Incident, after: Incident, recorded: Sequence[RecordedEntry], policy: Policy) -> list[Notice]:
    """What follows from a verb: news in the channel and under the announcement, edits of what stands there."""
    found: list[Notice] = []
    n = after.number
    told = [r.seq for r in recorded if _is_told(r.entry)]
    if told:
        found.append(in_channel(f"news:{n}:{told[0]}", NoticeKind.NEWS, n, EntriesPayload(tuple(told)).to_json()))
    for record in recorded:
        if record.entry.kind == "update":
            found.append(
                in_channel(
                    f"update:{n}:{record.entry.data['number']}",
                    NoticeKind.UPDATE,
                    n,
                    UpdatePayload(record.seq).to_json(),
                )
            )
        if record.entry.kind == "severity" and record.entry.data.get("raised"):
            found += briefings(after, policy, "declared", "")
        if record.entry.kind == "role" and record.entry.data.get("user"):
            user = record.entry.data["user"]
            found.append(invitation(n, user))
            found.append(
                Notice(
                    f"duties:{n}:{record.seq}",
                    NoticeKind.DUTIES,
                    n,
                    DutiesPayload(record.entry.data["role"], user).to_json(),
                )
            )
    found += under_announcement(after, recorded, policy)
    found += card_edits(before, after)
    found += announcement_edits(before, after, policy)
    found += topic_edits(before, after)
    found += triage_edits(before, after)
    found += nudges_settled(before, after, policy)
    found += pages_settled(before, after)
    found += handovers_settled(before, after, recorded)
    found += requests_told(before, after)
    found += walks_told(before, after)
    found += shift_offers_settled(before, after)
    found += followed(before, after, recorded)
    return found


def _is_told(said: Entry) -> bool:
    """Whether the channel hears of it; `told` in its data says so of one that by its kind is not."""
    return (said.kind in TOLD_IN_CHANNEL and "implied_by" not in said.data) or bool(said.data.get("told"))


def without_settled(before: Incident, after: Incident, policy: Policy) -> dict[str, Any]:
    """The fields of `after` that no longer point at messages which `on_change` has settled."""
    changes: dict[str, Any] = {}
    if before.live_nudge and after.live_nudge == before.live_nudge and nudge_outcome(before, after, policy):
        changes["live_nudge"] = None
    if before.live_pages and after.live_pages == before.live_pages and answered(before, after):
        changes["live_pages"] = ()
    if before.live_alerts and not after.open:
        changes["live_alerts"] = ()
    return changes
