"""Builds the notices that tell other programs of events, by the webhooks of the policy."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.policy.webhook_rules import WebhookRule
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import WebhookPayload, WebhookTestPayload
from bot.domain.timeline.entry import RecordedEntry

EVENT_KINDS = (
    "declared", "acknowledged", "status", "severity", "role", "handover", "update", "note", "page", "escalated",
    "resolved", "closed", "cancelled", "reopened", "merged", "alert", "impact", "redacted", "action", "review",
)  # fmt: skip
EVENTS = tuple(f"incident.{kind}" for kind in EVENT_KINDS)


def webhook_notices(
    incident: Incident, recorded: Sequence[RecordedEntry], rules: Sequence[WebhookRule], again: str = ""
) -> list[Notice]:
    """A notice for each entry that a webhook wants to hear of, in the order of the timeline.

    `again` makes the keys new, so that events which were sent are sent once more.
    """
    return [
        Notice(
            f"{order_key(incident.number, rule.id)}:{record.seq:012}{again}",
            NoticeKind.WEBHOOK,
            incident.number,
            WebhookPayload(rule.id, record.seq).to_json(),
            priority=Priority.SETUP,
        )
        for record in recorded
        for rule in rules
        if record.entry.kind in EVENT_KINDS
        and rule.wants(f"incident.{record.entry.kind}", incident.severity, private=incident.private)
    ]


def webhook_test_notice(rule: str, by: str, name: str) -> Notice:
    """A test event for one webhook. `name` makes its key unique."""
    payload = WebhookTestPayload(rule, by).to_json()
    return Notice(f"webhook_test:{rule}:{name}", NoticeKind.WEBHOOK_TEST, payload=payload, priority=Priority.ANSWER)


def order_key(number: int, rule: str) -> str:
    """The prefix of the keys of an incident's events for one webhook: they go out in their order."""
    return f"webhook:{number}:{rule}"
