from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import incident as verbs
from bot.domain.incident.status import Status
from bot.slack.blocks.modals.update import UpdateValues, update_channels, update_modal, values_of_update
from tests.factories import BEN, FIVE, NOW, mrkdwn, new_incident
from tests.slack.blocks.modals.submissions import errors, inputs_of, submission

OPEN = new_incident()
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, NOW).incident


def test_the_update_form() -> None:
    view = update_modal(ACKNOWLEDGED, FIVE)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Update status", "Post update")
    assert inputs_of(view) == [
        ("status", "Status", False),
        ("severity", "Severity", False),
        ("text", "What changed?", False),
        ("next_in", "Next update in", False),
    ]
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "acknowledged"
    assert [one["value"] for one in view["blocks"][0]["element"]["options"]] == [
        "acknowledged", "investigating", "identified", "mitigating", "monitoring", "resolved",
    ]  # fmt: skip
    assert [one["text"]["text"] for one in view["blocks"][3]["element"]["options"]] == [
        "By the cadence (every 15m)", "15m", "30m", "1h", "2h", "4h", "1d",
    ]  # fmt: skip
    assert mrkdwn(view["blocks"][-1]) == "Will be posted in the incident channel, and #incidents (in the thread)"


def test_an_update_of_what_nobody_acknowledged_keeps_it_detected_unless_changed() -> None:
    sent = submission(update_modal(OPEN, FIVE), text="Looking")
    said = values_of_update(sent, FIVE)
    assert (said.status, said.status_seen) == (Status.DETECTED, "detected")


def test_what_was_updated_comes_back_with_what_was_seen() -> None:
    view = update_modal(ACKNOWLEDGED, FIVE)
    sent = submission(view, status="identified", severity="sev2", text=" Found it ", next_in="2h")
    assert values_of_update(sent, FIVE) == UpdateValues(
        incident=1,
        status=Status.IDENTIFIED,
        severity="sev2",
        text="Found it",
        next_in=timedelta(hours=2),
        status_seen="acknowledged",
        severity_seen="sev1",
    )
    assert values_of_update(submission(view, text="x"), FIVE).next_in is None


def test_an_update_without_words_is_asked_for_them() -> None:
    assert errors(lambda view: values_of_update(view, FIVE), update_modal(OPEN, FIVE), text=" ") == {
        "text": "Write what changed, such as “Rolled back, error rate is falling”."
    }


def test_a_private_incident_tells_only_its_channel() -> None:
    assert update_channels(replace(OPEN, private=True, channel_id="C0INC"), FIVE) == "<#C0INC>"
