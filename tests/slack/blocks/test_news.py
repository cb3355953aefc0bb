"""News of an incident, as people read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import BOT, entry
from bot.slack.blocks import news
from tests.factories import ADA, BEN, FIVE, MAYA, NOW, day, minutes, mrkdwn, new_incident, with_channel

OPEN = with_channel(new_incident())
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


def test_a_long_update_is_posted_in_full() -> None:
    text = " ".join(["word"] * 1200)
    change = verbs.update(OPEN, text, BEN, FIVE, NOW)
    shown = " ".join(mrkdwn(block) for block in news.entry_message(change.entries[-1], change.incident, FIVE).blocks)
    assert shown.count("word") == 1200


def test_the_news_of_one_command_is_one_message() -> None:
    change = verbs.resolve(OPEN, BEN, NOW)
    message = news.combined_message([news.entry_message(entry, change.incident, FIVE) for entry in change.entries])
    assert len(message.blocks) == 2
    assert message.text.splitlines()[1] == f":white_check_mark: <@{BEN}> *resolved* INC-1."


def test_the_new_holder_of_a_role_gets_its_duties() -> None:
    message = news.duties_message(FIVE.roles[0], OPEN)
    assert message.text == "You are Incident commander of INC-1 · Checkout is down"
    assert [mrkdwn(block) for block in message.blocks] == [
        "You are *Incident commander* of INC-1 · Checkout is down.\n"
        "Runs the incident.\n• Decides\n• Keeps the roles filled",
        "Go to <#C0INC>. Can't? Give it to someone else: `/incident role commander @user`",
    ]


def test_what_was_sent_is_told_with_who_sent_it_and_programs_are_called_by_what_they_are() -> None:
    text = "Published on the status page: “Card payments fail”"
    assert news.news_text(entry(NOW, "sent", "cli", text), OPEN, FIVE) == f":mega: {text} · by the operator"
    assert news.news_text(entry(NOW, "sent", BOT, "Executive briefing to Lena"), OPEN, FIVE) == (
        ":mega: Executive briefing to Lena"
    )


def test_a_page_of_the_review_is_a_link_and_not_an_address_to_read() -> None:
    url = "https://example.slack.com/docs/T1/F1"
    mirrored = entry(NOW, "review", BOT, f"put the review into a canvas: {url}", told=True, url=url)
    assert (
        news.news_line(mirrored, new_incident(), FIVE).text
        == f":memo: Tocsin put the review into a canvas: <{url}|open it>"
    )
