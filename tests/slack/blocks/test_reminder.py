"""Reminders, as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.routing.payloads import NudgePayload
from bot.slack.blocks import reminder
from tests.factories import BEN, FIVE, NOW, day, minutes, mrkdwn, new_incident, presses, time, with_channel

OPEN = with_channel(new_incident())
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, minutes(2)).incident
UPDATE = verbs.update(ACKNOWLEDGED, "We rolled back", BEN, FIVE, minutes(4))
HOUR = timedelta(hours=1)


NUDGE = NudgePayload(
    mention=(BEN,),
    soft=False,
    late_s=None,
    reason="an update is due",
    owes_update=True,
    missing=(),
    due_at=minutes(15),
    next_at=minutes(30),
    page=False,
)
SNOOZES = [("Snooze 15m", "snooze_15m", "INC-1"), ("Snooze 1h", "snooze_1h", "INC-1")]


def test_a_reminder_says_who_owes_what_why_when_again_and_what_stops_it() -> None:
    message = reminder.nudge(OPEN, FIVE, NUDGE, minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update."
    assert [mrkdwn(block) for block in message.blocks[:2]] == [
        f"<@{BEN}> *INC-1* needs a status update.",
        "*Why:* an update is due; sev1 asks for an update every 15m.\n"
        f"*Again:* {time(30)}\n"
        "*What stops it:* an update, a snooze, or a promise: `/incident next 1h`",
    ]
    assert presses(message.blocks) == [("Post update", "update", "INC-1"), *SNOOZES]


def test_one_reminder_lists_everything_owed_with_the_button_for_each() -> None:
    message = reminder.nudge(OPEN, FIVE, replace(NUDGE, missing=("scribe", "commander")), minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update, and someone as Scribe and Incident commander."
    assert presses(message.blocks) == [("Post update", "update", "INC-1"), ("Assign roles", "roles", "INC-1"), *SNOOZES]


def test_empty_roles_alone_ask_for_no_update() -> None:
    payload = replace(NUDGE, owes_update=False, missing=("scribe",), reason="required roles are empty")
    message = reminder.nudge(OPEN, FIVE, payload, minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs someone as Scribe."
    assert presses(message.blocks) == [("Assign roles", "roles", "INC-1"), *SNOOZES]


def test_a_late_reminder_says_so_and_by_how_much() -> None:
    late = replace(NUDGE, late_s=720.0, reason="an update is due (late by 12m)")
    message = reminder.nudge(OPEN, FIVE, late, minutes(27))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update. This reminder is late by 12m."
    assert str(message.blocks).count("late by") == 1
    assert "(late by 12m)" in reminder.nudge(OPEN, FIVE, replace(late, soft=True), minutes(27)).text


def test_a_softened_reminder_is_one_line_that_mentions_nobody() -> None:
    message = reminder.nudge(OPEN, FIVE, replace(NUDGE, soft=True), minutes(15))
    assert message.text == f"When you have a moment: INC-1 is due a status update. I'll ask again {time(30)}."
    assert "<@" not in str(message.blocks)
    assert presses(message.blocks) == presses(reminder.nudge(OPEN, FIVE, NUDGE, minutes(15)).blocks)


def test_a_reminder_that_pages_says_so() -> None:
    message = reminder.nudge(OPEN, FIVE, replace(NUDGE, page=True, next_at=None), minutes(15))
    assert "so I am paging as well" in mrkdwn(message.blocks[0])
    assert "*Again:* no more for now" in mrkdwn(message.blocks[1])


def test_a_reminder_that_finds_nobody_to_page_does_not_say_that_it_pages() -> None:
    message = reminder.nudge(OPEN, FIVE, replace(NUDGE, nobody_left=True), minutes(15))
    assert "so I am paging" not in mrkdwn(message.blocks[0])
    assert "nobody could be paged: the ladder has nobody left" in mrkdwn(message.blocks[0])


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ("Done: update #4 was posted.", ":heavy_check_mark: Done: update #4 was posted."),
        ("snoozed", f":heavy_check_mark: Snoozed by <@{BEN}> until {day(60)}."),
    ],
)
def test_an_answered_reminder_becomes_a_line_without_buttons(outcome: str, line: str) -> None:
    snoozed = verbs.snooze(OPEN, HOUR, BEN, NOW).incident
    message = reminder.nudge_done(outcome, snoozed)
    assert message.blocks == [{"type": "section", "text": {"type": "mrkdwn", "text": line}, "expand": True}]


def test_a_superseded_reminder_is_the_smallest_line_there_is() -> None:
    message = reminder.nudge_done("superseded", OPEN)
    said = "Superseded by a newer reminder."
    assert message.text == said
    assert message.blocks == [{"type": "context", "elements": [{"type": "mrkdwn", "text": said}]}]


def test_a_promise_names_the_person_who_made_it() -> None:
    promised = verbs.promise(OPEN, HOUR, BEN, NOW).incident
    said = f":heavy_check_mark: <@{BEN}> promised an update by {day(60)}."
    assert reminder.nudge_done("promised", promised).text == said
    assert reminder.nudge_done("promised").text == ":heavy_check_mark: The next update was promised."
