"""News, reminders and pages, as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change
from bot.domain.incident.status import Status
from bot.domain.routing.payloads import NudgePayload, PersonPagePayload
from bot.slack.blocks import news, nudge, page
from tests.factories import ADA, BEN, FIVE, MAYA, NOW, day, declared, minutes, mrkdwn, presses, time, with_channel

OPEN = with_channel(declared())
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, minutes(2)).incident
UPDATE = verbs.update(ACKNOWLEDGED, "We rolled back", BEN, FIVE, minutes(4))
RESOLVED = verbs.resolve(UPDATE.incident, BEN, minutes(9), summary="Rolled back")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (verbs.acknowledge(OPEN, BEN, NOW), f":raised_hand: <@{BEN}> acknowledged and is responding."),
        (
            verbs.move(ACKNOWLEDGED, Status.IDENTIFIED, BEN, FIVE, NOW, "bad deploy"),
            f"<@{BEN}> changed the status: acknowledged → *identified*: bad deploy",
        ),
        (
            verbs.move(ACKNOWLEDGED, Status.MONITORING, BEN, FIVE, NOW),
            f"<@{BEN}> changed the status: acknowledged → *monitoring*.",
        ),
        (
            verbs.change_severity(OPEN, "sev2", BEN, FIVE, NOW, "milder"),
            f"<@{BEN}> lowered the severity from sev1 to *:large_orange_circle: sev2 · Major*: milder",
        ),
        (
            verbs.assign(OPEN, "scribe", MAYA, BEN, FIVE, NOW),
            f"<@{MAYA}> is now *Scribe*, named by <@{BEN}>.",
        ),
        (verbs.assign(OPEN, "commander", BEN, BEN, FIVE, NOW), f"<@{BEN}> is now *Incident commander*."),
        (
            verbs.clear_role(verbs.assign(OPEN, "scribe", MAYA, BEN, FIVE, NOW).incident, "scribe", ADA, FIVE, NOW),
            f"<@{ADA}> cleared *Scribe*: no one has it now.",
        ),
        (
            verbs.snooze(OPEN, HOUR, BEN, NOW),
            f":zzz: <@{BEN}> snoozed the reminders until {day(60)}. Pages still go out.",
        ),
        (verbs.promise(OPEN, HOUR, BEN, NOW), f"<@{BEN}> promises the next update by {day(60)}."),
        (RESOLVED, f":white_check_mark: <@{BEN}> *resolved* INC-1: Rolled back"),
        (verbs.close(RESOLVED.incident, BEN, NOW), f"<@{BEN}> closed INC-1: nothing is left to do."),
        (verbs.cancel(OPEN, BEN, NOW, "false alarm"), f"<@{BEN}> cancelled INC-1: false alarm"),
        (
            verbs.reopen(RESOLVED.incident, BEN, FIVE, NOW, "back"),
            f":rotating_light: <@{BEN}> *reopened* INC-1: back",
        ),
    ],
    ids=lambda value: value.entries[-1].kind if isinstance(value, Change) else "",
)
def test_news_is_one_short_line(change: Change, line: str) -> None:
    message = news.entry_message(change.entries[-1], change.incident, FIVE)
    assert message.text == line
    assert message.blocks == [{"type": "section", "text": {"type": "mrkdwn", "text": line}, "expand": True}]


def test_an_update_is_numbered_and_says_when_the_next_is_due() -> None:
    message = news.entry_message(UPDATE.entries[0], UPDATE.incident, FIVE)
    assert message.text == "INC-1 update #1 (acknowledged): We rolled back"
    assert [mrkdwn(block) for block in message.blocks] == [
        "*Update #1* · Acknowledged · :red_circle: sev1 · Critical\nWe rolled back",
        f"by <@{BEN}> · next update due {day(19)}",
    ]


def test_an_older_update_promises_nothing_any_more() -> None:
    later = verbs.update(UPDATE.incident, "Fine now", BEN, FIVE, minutes(8)).incident
    assert mrkdwn(news.entry_message(UPDATE.entries[0], later, FIVE).blocks[-1]) == f"by <@{BEN}>"


def test_a_long_update_is_told_in_full() -> None:
    text = " ".join(["word"] * 1200)
    change = verbs.update(OPEN, text, BEN, FIVE, NOW)
    shown = " ".join(mrkdwn(block) for block in news.entry_message(change.entries[0], change.incident, FIVE).blocks)
    assert shown.count("word") == 1200


def test_what_came_of_one_verb_is_told_in_one_message() -> None:
    change = verbs.resolve(OPEN, BEN, NOW)
    message = news.combined([news.entry_message(entry, change.incident, FIVE) for entry in change.entries])
    assert len(message.blocks) == 2
    assert message.text.splitlines()[1] == f":white_check_mark: <@{BEN}> *resolved* INC-1."


def test_whoever_is_given_a_role_is_told_what_it_asks() -> None:
    message = news.duties(FIVE.roles[0], OPEN)
    assert message.text == "You are Incident commander of INC-1 · Checkout is down"
    assert [mrkdwn(block) for block in message.blocks] == [
        "You are *Incident commander* of INC-1 · Checkout is down.\n"
        "Runs the incident.\n• Decides\n• Keeps the roles filled",
        "Go to <#C0INC>. Can't? Give it to someone else: `/incident role commander @user`",
    ]


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
    message = nudge.nudge(OPEN, FIVE, NUDGE, minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update."
    assert [mrkdwn(block) for block in message.blocks[:2]] == [
        f"<@{BEN}> *INC-1* needs a status update.",
        "*Why:* an update is due; sev1 asks for an update every 15m.\n"
        f"*Again:* {time(30)}\n"
        "*What stops it:* an update, a snooze, or a promise: `/incident next 1h`",
    ]
    assert presses(message.blocks) == [("Post update", "update", "INC-1"), *SNOOZES]


def test_one_reminder_lists_everything_owed_with_the_button_for_each() -> None:
    message = nudge.nudge(OPEN, FIVE, replace(NUDGE, missing=("scribe", "commander")), minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update and someone as Scribe, Incident commander."
    assert presses(message.blocks) == [("Post update", "update", "INC-1"), ("Assign roles", "roles", "INC-1"), *SNOOZES]


def test_empty_roles_alone_ask_for_no_update() -> None:
    payload = replace(NUDGE, owes_update=False, missing=("scribe",), reason="required roles are empty")
    message = nudge.nudge(OPEN, FIVE, payload, minutes(15))
    assert message.text == f"<@{BEN}> *INC-1* needs someone as Scribe."
    assert presses(message.blocks) == [("Assign roles", "roles", "INC-1"), *SNOOZES]


def test_a_late_reminder_says_so_and_by_how_much() -> None:
    late = replace(NUDGE, late_s=720.0, reason="an update is due (late by 12m)")
    message = nudge.nudge(OPEN, FIVE, late, minutes(27))
    assert message.text == f"<@{BEN}> *INC-1* needs a status update. This reminder is late by 12m."
    assert str(message.blocks).count("late by") == 1
    assert "(late by 12m)" in nudge.nudge(OPEN, FIVE, replace(late, soft=True), minutes(27)).text


def test_a_softened_reminder_is_one_line_that_mentions_nobody() -> None:
    message = nudge.nudge(OPEN, FIVE, replace(NUDGE, soft=True), minutes(15))
    assert message.text == f"When you have a moment: INC-1 is due a status update. I'll ask again {time(30)}."
    assert "<@" not in str(message.blocks)
    assert presses(message.blocks) == presses(nudge.nudge(OPEN, FIVE, NUDGE, minutes(15)).blocks)


def test_a_reminder_that_pages_says_so() -> None:
    message = nudge.nudge(OPEN, FIVE, replace(NUDGE, page=True, next_at=None), minutes(15))
    assert "so I am paging as well" in mrkdwn(message.blocks[0])
    assert "*Again:* no more for now" in mrkdwn(message.blocks[1])


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ("Done: update #4 was posted.", ":heavy_check_mark: Done: update #4 was posted."),
        ("snoozed", f":heavy_check_mark: Snoozed by <@{BEN}> until {day(60)}."),
    ],
)
def test_an_answered_reminder_becomes_a_line_without_buttons(outcome: str, line: str) -> None:
    snoozed = verbs.snooze(OPEN, HOUR, BEN, NOW).incident
    message = nudge.nudge_done(outcome, snoozed)
    assert message.blocks == [{"type": "section", "text": {"type": "mrkdwn", "text": line}, "expand": True}]


def test_a_superseded_reminder_is_the_smallest_line_there_is() -> None:
    message = nudge.nudge_done("superseded", OPEN)
    said = "Superseded by a newer reminder."
    assert message.text == said
    assert message.blocks == [{"type": "context", "elements": [{"type": "mrkdwn", "text": said}]}]


def test_a_kept_promise_is_told_by_whom() -> None:
    promised = verbs.promise(OPEN, HOUR, BEN, NOW).incident
    said = f":heavy_check_mark: <@{BEN}> promised an update by {day(60)}."
    assert nudge.nudge_done("promised", promised).text == said
    assert nudge.nudge_done("promised").text == ":heavy_check_mark: The next update was promised."


PAGE = PersonPagePayload(
    rung=2,
    why="not acknowledged within 5m",
    times=1,
    people=(BEN, MAYA),
    person=BEN,
    channels=(),
    fell_through=((1, "nobody is on call on primary now"),),
)
ANSWERS = [("I'm on it", "on_it", "INC-1:2"), ("Can't", "cant", "INC-1:2")]


def test_a_page_in_the_channel_mentions_people_and_says_why_and_what_to_press() -> None:
    message = page.page_channel(OPEN, FIVE, PAGE, NOW)
    assert message.text == f":rotating_light: <@{BEN}> <@{MAYA}>: you are paged for INC-1 · Checkout is down"
    assert [mrkdwn(block) for block in message.blocks[1:3]] == [
        "*Why:* not acknowledged within 5m\n:warning: Rung 1 reached nobody: nobody is on call on primary now",
        "Rung 2 of the sev1 ladder. Press *I'm on it* if you are responding; *Can't* pages the next rung at once.",
    ]
    assert presses(message.blocks) == ANSWERS


def test_a_repeated_page_counts() -> None:
    assert page.page_channel(OPEN, FIVE, replace(PAGE, times=3), NOW).text.endswith("Checkout is down (3rd time)")


def test_a_ladder_with_nobody_left_says_so_loudly_and_what_to_do() -> None:
    message = page.page_channel(OPEN, FIVE, replace(PAGE, rung=None, people=()), NOW, "/tocsin")
    assert message.text == ":warning: *Nobody could be paged* for INC-1: the ladder has nobody left."
    assert mrkdwn(message.blocks[1]) == (
        "*Why now:* not acknowledged within 5m\n"
        ":warning: Rung 1 reached nobody: nobody is on call on primary now\n"
        "*What to do:* call someone yourself, and bring them in with `/tocsin invite @user`."
    )
    assert presses(message.blocks) == [("Acknowledge", "ack", "INC-1")]


def test_a_direct_page_says_what_where_and_why_you() -> None:
    message = page.page_direct(OPEN, FIVE, PAGE, NOW)
    assert message.text == ":rotating_light: You are paged: INC-1 · Checkout is down"
    assert mrkdwn(message.blocks[1]) == (
        ":red_circle: sev1 · Critical · Detected — declared; nobody has acknowledged it yet\n"
        "*Commander:* nobody yet\n"
        "*Channel:* <#C0INC>\n"
        "*Why you:* you are on rung 2 of the sev1 ladder — not acknowledged within 5m."
    )
    assert presses(message.blocks) == ANSWERS


def test_a_page_to_another_channel_asks_for_help() -> None:
    message = page.page_elsewhere(OPEN, FIVE, PAGE, NOW)
    assert message.text == ":rotating_light: Help is needed: INC-1 · Checkout is down"
    assert presses(message.blocks) == ANSWERS


@pytest.mark.parametrize(
    ("incident", "outcome", "line"),
    [
        (
            ACKNOWLEDGED,
            None,
            f":raised_hand: <@{BEN}> acknowledged INC-1, {day(2)}. Nothing more to do. <#C0INC>",
        ),
        (RESOLVED.incident, None, "It is over: INC-1 is resolved. Nothing to do. <#C0INC>"),
        (OPEN, "You said you can't.", "You said you can't."),
        (OPEN, None, "INC-1 has moved on. Nothing to do here. <#C0INC>"),
    ],
)
def test_a_settled_page_has_no_buttons(incident: Any, outcome: str | None, line: str) -> None:
    message = page.page_settled(incident, FIVE, outcome)
    assert message.text == line
    assert mrkdwn(message.blocks[0]) == "~You were paged for INC-1 · Checkout is down~"
    assert presses(message.blocks) == []
