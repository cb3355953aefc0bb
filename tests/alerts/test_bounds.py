"""Twenty thousand alerts with any texts give bounded messages with true counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, DecisionStep
from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from bot.domain.alerts.view import AlertTotals, GroupView
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.policy.policy import Contact
from bot.domain.routing.payloads import AlertPagePayload
from bot.domain.triage.alert_facts import AlertFacts
from bot.slack.blocks.alerts import card, listing, parts
from bot.slack.blocks.elements import Message
from bot.slack.text import render
from bot.usecases.alerts.decide import description_of_group
from sandbox.blocks import block_errors
from tests.factories import FIVE
from tests.storage.helpers import incident

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOSTILE = "<!channel> <@U1> <https://evil.example|click> *b* `c` \u202e" + "x" * 5000


def hostile(decision: Decision = Decision.ASKED) -> GroupView:
    labels = {"alertname": HOSTILE, "source": "alertmanager", **{f"l{n}{HOSTILE}": HOSTILE for n in range(50)}}
    annotations = {"summary": HOSTILE, "runbook_url": "javascript:alert(1)", "threshold": HOSTILE}
    shown = Alert("alertmanager", "f", AlertStatus.FIRING, NOON, labels, annotations, value=HOSTILE)
    steps = tuple(DecisionStep(NOON, "page", "x" * 5000) for _ in range(60))
    group = AlertGroup(
        7, "k", HOSTILE, AlertAction.ASK, tuple(labels.items()), HOSTILE[:250], "grafana", "sev1", NOON, NOON, NOON,
        services=tuple(f"s{n}" for n in range(50)), decision=decision, reason=HOSTILE, steps=steps, truncated=7,
    )  # fmt: skip
    return GroupView(group, (shown,) * 10, firing=20_000, resolved=3)


FACTS = AlertFacts(
    owners=(Contact("a", HOSTILE),) * 50,
    on_call=(HOSTILE,) * 50,
    links=((HOSTILE, "https://x.example"), ("bad", "javascript:alert(1)")) * 20,
    changes=(ServiceChange("k", ChangeKind.FLAG, HOSTILE, NOON, HOSTILE, HOSTILE, url="https://x.example"),) * 3,
    playbooks=(HOSTILE,) * 2,
)


@pytest.mark.parametrize("decision", list(Decision))
def test_a_card_is_bounded_and_its_counts_are_true(decision: Decision) -> None:
    message = card.card(hostile(decision), FACTS, FIVE, NOON, "/incident")
    harmless(message)
    assert "20000 firing, 3 resolved and 7 more, not sent to us" in json.dumps(message.blocks)
    assert "19993 more" in json.dumps(message.blocks)


def test_a_page_and_the_lists_are_bounded() -> None:
    view = hostile()
    page = AlertPagePayload(7, 1, 2, HOSTILE, person="U1", repeat_s=60.0)
    harmless(card.paged(view, FACTS, page, FIVE, NOON, "/incident"))
    many = [replace(view, group=replace(view.group, number=n)) for n in range(50)]
    of_all = AlertTotals(groups=60, firing=55, alerts=20_000)
    harmless(listing.in_incident(many, of_all, FIVE, NOON, "/incident"))
    harmless(listing.answer_in_incident(many, of_all, FIVE, NOON))
    harmless(listing.firing_now(many, of_all, FIVE, NOON))


def test_the_lists_have_true_counts_of_what_they_do_not_show() -> None:
    view = hostile()
    many = [replace(view, group=replace(view.group, number=n)) for n in range(12)]
    of_all = AlertTotals(groups=60, firing=55, alerts=20_000)
    listed = listing.in_incident(many, of_all, FIVE, NOON, "/incident")
    assert listed.text == "Alerts: 55 of 60 groups fire"
    assert "… and 48 more groups: `tocsin alerts all`" in json.dumps(listed.blocks, ensure_ascii=False)
    assert "… and 19990 more: `/incident alerts`" in json.dumps(listed.blocks, ensure_ascii=False)
    firing = listing.firing_now(many, of_all, FIVE, NOON)
    assert firing.text == "60 groups of alerts fire"
    assert "… and 19960 more: `tocsin alerts all`" in json.dumps(firing.blocks, ensure_ascii=False)


def test_the_ten_alerts_of_a_list_are_shared_among_its_groups() -> None:
    many = [replace(hostile(), group=replace(hostile().group, number=n)) for n in range(4)]
    blocks = listing.in_incident(many, AlertTotals(4, 4, 80_000), FIVE, NOON, "/incident").blocks
    lines = [len(block["text"]["text"].splitlines()) - 2 for block in blocks[1:5]]  # below the headline and the facts
    assert lines == [3, 3, 2, 2]


def test_the_description_of_a_declared_incident_is_bounded_and_mentions_nobody() -> None:
    labels = (("alertname", "<@U0TOM00000> is down"), ("<@U0MAYA0000>", "x\ny"), ("long", "x" * 5000))
    description = description_of_group(replace(hostile().group, labels=labels))
    assert description.startswith("AG-7: alertname=@U0TOM00000 is down, @U0MAYA0000=x y, long=xxx")
    assert len(description) < 2100
    assert "<@" not in render(description)


def harmless(message: Message) -> None:
    assert block_errors(message.blocks, "message") == []
    text = json.dumps(message.blocks) + message.text
    assert "<!channel>" not in text
    assert "<@U1>" not in text
    assert "<https://evil" not in text
    assert "javascript" not in text


@pytest.mark.parametrize(
    ("value", "annotations", "words"),
    [
        ("0.7", {"threshold": "0.5"}, "value 0.7 (threshold 0.5)"),
        (None, {"value": "0.7", "threshold": "0.5"}, "value 0.7 (threshold 0.5)"),
        (None, {"threshold": "0.5"}, "· threshold 0.5 ·"),
        ("0.7", {}, "· value 0.7 ·"),
    ],
)
def test_an_alert_shows_its_value_and_threshold_as_far_as_they_are_told(
    value: str | None, annotations: dict[str, str], words: str
) -> None:
    shown = Alert("alertmanager", "f", AlertStatus.FIRING, NOON, {"alertname": "Slow"}, annotations, value=value)
    assert words in parts.alert_line(shown, hostile().group, NOON)


def test_a_list_says_who_declared_and_by_which_route() -> None:
    view = hostile(Decision.DECLARED)
    by_route = replace(view, group=replace(view.group, incident=1, reason="the route says"), incident=incident())
    by_person = replace(by_route, group=replace(by_route.group, decided_by="U0MAYA0000"))
    one = AlertTotals(1, 1, 20_003)
    assert "declared as INC-1: the route says" in json.dumps(listing.firing_now([by_route], one, FIVE, NOON).blocks)
    assert "declared as INC-1 by <@U0MAYA0000>" in json.dumps(listing.firing_now([by_person], one, FIVE, NOON).blocks)
