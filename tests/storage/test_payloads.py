"""Payloads of notices are read as they were written, by this version, an older one or a newer one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.routing import payloads
from bot.domain.routing.payloads import (
    ActionPayload,
    ActionReminderPayload,
    AlertFollowUpPayload,
    AlertGroupPayload,
    AlertPagePayload,
    ApprovalPayload,
    BookmarkPayload,
    BriefingPayload,
    ChannelLookPayload,
    ChannelLostPayload,
    ChannelPagePayload,
    CommunicationPayload,
    CommunicationTestPayload,
    ContinuationPayload,
    DrillPagePayload,
    DutiesPayload,
    EntriesPayload,
    JobLeftoversPayload,
    JobPayload,
    JobSettledPayload,
    MemberRemovedPayload,
    MovedPayload,
    NudgePayload,
    NudgeSettledPayload,
    OperatorsPayload,
    PagePayload,
    PageSettledPayload,
    Payload,
    PersonPagePayload,
    ProposalPayload,
    RelievedPayload,
    ReviewQuestionsPayload,
    RoleSettledPayload,
    RunPayload,
    SettledPayload,
    ShiftOfferPayload,
    StepOverduePayload,
    SubscriberPayload,
    UpdatePayload,
    UsergroupPayload,
    UserPayload,
)
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXAMPLES: tuple[Payload, ...] = (
    payloads.WebhookPayload("3f2a", 7),
    payloads.WebhookTestPayload("3f2a", "U1"),
    ActionPayload(2, "UBEN"),
    ActionReminderPayload("UBEN", "2026-12-04"),
    payloads.ActionReminderEditPayload("action_reminder:UBEN:2026-12-04", "UBEN"),
    payloads.TicketPayload(2),
    payloads.ReviewPointPayload(3),
    payloads.ReviewExportPayload("notion"),
    payloads.UnfurlPayload("https://tocsin.example/incidents/INC-7", 7, "C0CHAN0000", "1.2", "u-1", "composer"),
    payloads.ReviewInvitePayload("UBEN", 1),
    ReviewQuestionsPayload("UBEN"),
    AlertFollowUpPayload("resolve", "pagerduty", "sev1", "tom", ("page:1",)),
    AlertGroupPayload(7),
    AlertPagePayload(7, 2, 1, "nobody has acted", "UBEN", "ben", method="sms", by=("sms",), base="alert_page:7:1:2:1"),
    ProposalPayload(2),
    ApprovalPayload(1, 3, "UBEN", "approval:1:1:3:dm:UBEN"),
    BookmarkPayload("review"),
    BriefingPayload("cto@example.com", "Ana", "not mitigated within 30m"),
    ChannelLookPayload("UBEN", "archived"),
    ChannelLostPayload("UBEN", "UADA"),
    payloads.CopyPayload("a1b2"),
    payloads.PublicationPayload("a1b2", "c3d4~17", "UBEN"),
    CommunicationPayload(3, "help@example.com", None, "Help desk"),
    CommunicationTestPayload("UBEN", "customers", "Checkout is down", "Orders fail."),
    SubscriberPayload("abc", "pub", "upd"),
    ChannelPagePayload(rung=1, people=("UBEN",), channel="#ops"),
    DrillPagePayload("Rung 1", "manual", {"UBEN": ("Slack", "SMS")}, ("#ops",), ("no telephone",)),
    ContinuationPayload("update:1:1", 4, 2),
    payloads.WeeklyDigestPayload(NOON, "#incidents"),
    payloads.SheetMailPayload(NOON, "ops@example.com"),
    payloads.ShadowReportPayload(NOON, NOON, 1, 14, "opsgenie", "#incidents"),
    payloads.DigestPayload(NOON, NOON, "announcement", ((4, 0, 120), (5, 0, 80)), 2, 3, (4, 5)),
    payloads.GatherPayload(NOON, NOON, NOON, NOON),
    DutiesPayload("commander", "UBEN"),
    EntriesPayload((4, 5)),
    JobLeftoversPayload(1, 7, "the step failed", ("1.1 Drain",)),
    JobPayload(1, 7),
    JobSettledPayload(7, "job:7:question", "It ran."),
    MemberRemovedPayload("UBEN", "UADA"),
    MovedPayload("D1", "1.1", "key"),
    NudgeSettledPayload("nudge:1", left=("scribe",)),
    NudgePayload(("UBEN",), True, 12.5, "an update is due", True, ("scribe",), NOON, NOON, True),
    OperatorsPayload(("the policy pages by PagerDuty, which is not set up",)),
    PagePayload(2, "", True, "silence", 3, ("UBEN",), ("#ops",), ((1, "nobody is there"),), ("SMS failed",), ("r:1",)),
    PageSettledPayload("page:1:channel", by="UBEN", ended="resolved"),
    PersonPagePayload(rung=1, base="page:1", by=("slack", "sms"), used=("slack",), contact="ben", person="UBEN"),
    RelievedPayload("UBEN", "primary", "UADA", NOON, NOON, ended=True),
    RoleSettledPayload("handover:1:1:1", "declined", "scribe"),
    RunPayload(1),
    SettledPayload("nudge:1", "superseded"),
    ShiftOfferPayload("UBEN", "commander", "primary", "UADA", "Ada"),
    StepOverduePayload(1, "1.2", 1, "UBEN", 0, 60.0),
    UpdatePayload(9),
    UsergroupPayload("oncall"),
    UserPayload("UBEN"),
)  # fmt: skip


def claimed_notice(payload: dict[str, Any]) -> ClaimedNotice:
    fields: dict[str, Any] = dict.fromkeys(ClaimedNotice.__dataclass_fields__)
    return ClaimedNotice(**{**fields, "payload": json.loads(json.dumps(payload))})


def test_every_payload_has_an_example() -> None:
    shapes = {
        shape
        for shape in vars(payloads).values()
        if isinstance(shape, type) and issubclass(shape, Payload) and shape is not Payload
    }
    assert shapes == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
def test_a_payload_is_read_as_it_was_written(payload: Payload) -> None:
    assert read_payload(claimed_notice(payload.to_json()), type(payload)) == payload


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
def test_fields_that_a_newer_version_added_are_ignored(payload: Payload) -> None:
    assert read_payload(claimed_notice({**payload.to_json(), "colour": "red"}), type(payload)) == payload


def test_a_page_that_an_older_version_wrote_has_defaults_for_what_it_lacks() -> None:
    row = claimed_notice({"rung": 1, "why": "declared", "people": ["UBEN"], "base": "page:1", "person": "UBEN"})
    payload = read_payload(row, PersonPagePayload)
    assert payload == PersonPagePayload(rung=1, why="declared", people=("UBEN",), base="page:1", person="UBEN")
    assert (payload.times, payload.method, payload.unless, payload.instead_of) == (1, "slack", "resolved", None)


def test_a_payload_without_what_it_cannot_do_without_is_refused() -> None:
    with pytest.raises(ValidationError):
        read_payload(claimed_notice({}), UpdatePayload)
