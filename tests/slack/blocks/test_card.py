from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.slack.blocks import announcement, card, phrases
from bot.slack.blocks.press_value import incident_tag
from bot.slack.text import length
from tests.factories import (
    ADA,
    BEN,
    CATALOGUE,
    FIVE,
    MANY,
    MAYA,
    NOW,
    ONE,
    age,
    day,
    labels,
    minutes,
    mrkdwn,
    new_incident,
    presses,
    time,
    with_channel,
)

OPEN = with_channel(new_incident(description="Users see 502"))
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, minutes(2)).incident
UPDATED = verbs.update(ACKNOWLEDGED, "We rolled back", BEN, FIVE, minutes(4)).incident
RESOLVED = verbs.resolve(UPDATED, BEN, minutes(9), summary="Rolled back", root_cause="Deploy").incident


def _field(label: str, value: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": f"*{label}*\n{value}"}


def _button(label: str, action_id: str, **more: str) -> dict[str, object]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "action_id": action_id,
        "value": "INC-1",
        **more,
    }


def test_a_fresh_incident() -> None:
    shown = card.card(OPEN, FIVE, NOW)
    assert shown.text == "INC-1 · Checkout is down (sev1 · Critical, detected, nobody leads yet)"
    assert shown.blocks == [
        {"type": "header", "text": {"type": "plain_text", "text": "INC-1 · Checkout is down", "emoji": True}},
        {
            "type": "section",
            "fields": [
                _field("Severity", ":red_circle: sev1 · Critical"),
                _field("Status", "Detected — declared; nobody has acknowledged it yet"),
                _field("Incident commander", "nobody yet — press *Assign roles*"),
                _field("Declared", f"by <@{ADA}> {age(0)}"),
                _field("Acknowledged", "not yet — press *Acknowledge* if you are responding"),
                _field("Next update due", time(15)),
                _field("Still needed", ":bust_in_silhouette: Incident commander, Scribe"),
            ],
        },
        {"type": "section", "text": {"type": "mrkdwn", "text": "Users see 502"}, "expand": True},
        {
            "type": "actions",
            "elements": [
                _button("Acknowledge", "ack", style="primary"),
                _button("Update status", "update"),
                _button("Change severity", "severity"),
                _button("Assign roles", "roles"),
                _button("Escalate", "escalate"),
                _button("Playbooks", "playbooks"),
                _button("Resolve", "resolve"),
            ],
            "block_id": f"card@{incident_tag(OPEN)}",
        },
    ]


def _facts(incident: Incident, at: float = 6) -> str:
    return mrkdwn(next(block for block in card.card(incident, FIVE, minutes(at)).blocks if "fields" in block))


def test_once_acknowledged_it_says_who_and_when_instead_of_asking() -> None:
    assert f"*Acknowledged*\nby <@{BEN}> {time(2)}, after 2m" in _facts(ACKNOWLEDGED)
    assert labels(card.card(ACKNOWLEDGED, FIVE, NOW).blocks[-1]) == [
        "Update status", "Change severity", "Assign roles", "Escalate", "Playbooks", "Resolve",
    ]  # fmt: skip


def test_the_card_says_how_long_it_is_open_how_long_the_acknowledgement_took_and_how_long_it_lasted() -> None:
    facts = _facts(ACKNOWLEDGED, at=42)
    assert f"*Declared*\nby <@{ADA}> {age(0)}" in facts
    assert facts.count("{ago}") == 1
    assert ", after 2m" in facts
    ended = card.card(RESOLVED, FIVE, minutes(50))
    assert "{ago}" not in str(ended.blocks)
    assert f"{day(9)}, after 9m" in str(ended.blocks)


def test_an_acknowledgement_after_a_raise_counts_from_the_raise() -> None:
    milder = with_channel(replace(new_incident(), severity="sev2"))
    raised = verbs.change_severity(milder, "sev1", MAYA, FIVE, minutes(30), reason="It spreads").incident
    assert ", after 3m" in _facts(verbs.acknowledge(raised, BEN, minutes(33)).incident, at=40)


def test_the_latest_update_stands_on_it() -> None:
    shown = card.card(UPDATED, FIVE, minutes(6)).blocks
    assert mrkdwn(shown[3]) == f"*Update #1* {time(4)}\n> We rolled back"


def test_a_promise_a_snooze_and_a_missed_update_are_told() -> None:
    promised = verbs.promise(UPDATED, timedelta(hours=1), BEN, minutes(5)).incident
    assert f"*Next update due*\n{time(65)} (promised by <@{BEN}>)" in _facts(promised)
    snoozed = verbs.snooze(promised, timedelta(minutes=30), MAYA, minutes(6)).incident
    assert f"{time(65)} (promised by <@{BEN}>)\n*Reminders snoozed*\nby <@{MAYA}> until {time(36)}" in _facts(snoozed)
    longer = verbs.snooze(promised, timedelta(hours=2), MAYA, minutes(6)).incident
    assert f"*Next update due*\n{time(126)}\n*Reminders snoozed*\nby <@{MAYA}> until {time(126)}" in _facts(longer)
    assert "snoozed" not in _facts(snoozed, at=40)
    assert f"*Next update due*\nwas due {time(19)}" in _facts(UPDATED, at=25)


def test_roles_are_shown_and_those_still_needed() -> None:
    led = verbs.assign(OPEN, "commander", MAYA, ADA, FIVE, NOW).incident
    led = verbs.assign(led, "technical_lead", BEN, ADA, FIVE, NOW).incident
    facts = _facts(led)
    assert f"*Incident commander*\n<@{MAYA}>" in facts
    assert "*Still needed*\n:bust_in_silhouette: Scribe\n" in facts
    assert f"*Other roles*\nTechnical lead: <@{BEN}>" in facts


def test_services_are_shown_by_name() -> None:
    hit = new_incident(policy=CATALOGUE, services=("web", "pay", "old thing"), category="Network")
    facts = mrkdwn(card.card(hit, CATALOGUE, NOW).blocks[1])
    assert facts.endswith("*Affected services*\nWeb shop, Payments, old thing\n*Category*\nNetwork")


def test_a_resolved_incident_says_what_fixed_it_and_offers_the_ways_on() -> None:
    shown = card.card(RESOLVED, FIVE, minutes(10))
    assert shown.text == "INC-1 · Checkout is down (sev1 · Critical, resolved)"
    assert mrkdwn(shown.blocks[3]) == (
        f":white_check_mark: *Resolved* by <@{BEN}> {day(9)}, after 9m\n"
        "*What fixed it:* Rolled back\n*Root cause:* Deploy"
    )
    review = ("Start review", "review", "INC-1")
    assert presses(shown.blocks) == [("Reopen", "reopen", "INC-1"), review, ("Close", "close", "INC-1")]
    assert "Still needed" not in str(shown.blocks)
    assert "Next update" not in str(shown.blocks)


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.CLOSED, [("Reopen", "reopen", "INC-1"), ("Start review", "review", "INC-1")]),
        (Status.CANCELLED, [("Reopen", "reopen", "INC-1")]),
        (Status.MERGED, []),
    ],
)
def test_what_an_ended_incident_offers(status: Status, offered: list[tuple[str, str, str]]) -> None:
    ended = replace(RESOLVED, status=status)
    assert presses(card.card(ended, FIVE, minutes(10)).blocks) == offered


def test_what_failed_stands_on_it_in_words_with_a_button_to_retry() -> None:
    failures = [card.Failure("invite", "Could not invite <@U9>: they are a guest.")] + [
        card.Failure("pin", f"Could not pin {n}.") for n in range(6)
    ]
    shown = card.card(OPEN, FIVE, NOW, failures=failures, warnings=["Nobody is on call on primary now"])
    assert [mrkdwn(block) for block in shown.blocks[3:5]] == [
        ":warning: Nobody is on call on primary now",
        ":warning: Could not invite <@U9>: they are a guest.\n"
        + "\n".join(f":warning: Could not pin {n}." for n in range(4))
        + "\n… and 2 more.",
    ]
    assert presses(shown.blocks)[0] == ("Retry", "retry", "INC-1")


def test_a_private_incident_and_a_drill_are_marked() -> None:
    shown = card.card(new_incident(private=True, drill=True), FIVE, NOW)
    assert shown.text.startswith("[DRILL] INC-1")
    assert mrkdwn(shown.blocks[1]) == (
        ":test_tube: *DRILL* — a test; nobody is paged · :lock: *Private* — only people in this channel see it"
    )


def test_the_worst_severity_is_red_and_no_two_of_five_look_alike() -> None:
    dots = [phrases.dot(level.key, FIVE) for level in FIVE.severities]
    assert dots == [
        ":red_circle:", ":large_orange_circle:", ":large_yellow_circle:", ":large_blue_circle:", ":white_circle:",
    ]  # fmt: skip
    assert phrases.dot("s0", MANY) == ":red_circle:"
    assert phrases.dot("s8", MANY) == ":white_circle:"
    assert phrases.dot("incident", ONE) == ":red_circle:"
    assert phrases.dot("gone", FIVE) == ":white_circle:"


def test_the_topic_fits_and_keeps_severity_and_commander() -> None:
    topic = card.topic(new_incident("x" * 300), FIVE)
    assert topic.startswith(":red_circle: sev1 · Critical · IC nobody yet · INC-1 · xxx")
    assert length(topic) <= 250
    assert length(card.purpose(new_incident("x" * 300))) <= 250


def test_the_announcement_links_the_channel_and_offers_to_join_and_acknowledge() -> None:
    shown = announcement.announcement(OPEN, FIVE, NOW)
    assert shown.text == card.card(OPEN, FIVE, NOW).text
    assert [mrkdwn(block) for block in shown.blocks[:2]] == [
        ":red_circle: sev1 · Critical\n*INC-1* · Checkout is down",
        "*Status:* Detected — declared; nobody has acknowledged it yet\n"
        "*Incident commander:* nobody yet\n*Channel:* <#C0INC>",
    ]
    assert presses(shown.blocks) == [("Join", "join", "INC-1"), ("Acknowledge", "ack", "INC-1")]


def test_the_announcement_follows_the_incident() -> None:
    assert presses(announcement.announcement(UPDATED, FIVE, NOW).blocks) == [("Join", "join", "INC-1")]
    ended = announcement.announcement(RESOLVED, FIVE, minutes(10))
    assert mrkdwn(ended.blocks[-1]) == (
        f":white_check_mark: *Resolved* by <@{BEN}> {day(9)}, after 9m\n*What fixed it:* Rolled back"
    )
    assert presses(ended.blocks) == []


def test_the_announcement_can_stand_before_the_channel_does() -> None:
    assert "*Channel:* its channel is being opened" in mrkdwn(
        announcement.announcement(new_incident(), FIVE, NOW).blocks[1]
    )


def test_after_a_raise_the_card_says_that_it_has_to_be_acknowledged_again() -> None:
    """Not that somebody is responding, and beside it that nobody acknowledged."""
    mild = verbs.acknowledge(replace(with_channel(new_incident()), severity="sev3"), BEN, minutes(2)).incident
    raised = verbs.change_severity(mild, "sev1", BEN, FIVE, minutes(4)).incident
    text = str(card.card(raised, FIVE, NOW).blocks)
    assert f"not yet since it was raised to sev1; <@{BEN}> responded before. Press *Acknowledge*" in text
    assert "not yet — press" not in text
