from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Change
from bot.domain.incident.status import Status
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Contact
from bot.domain.timeline.entry import Entry, entry
from bot.slack.blocks import help, incident_lists, menu, replies, timeline, why
from bot.slack.blocks.elements import Message
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest, Request
from bot.slack.commands.verbs import VERBS
from tests.factories import (
    ADA,
    BEN,
    FIVE,
    FOUR,
    MAYA,
    NOW,
    ROLES,
    day,
    minutes,
    mrkdwn,
    new_incident,
    presses,
    recorded_entry,
    time,
    with_channel,
)

OPEN = with_channel(new_incident())
LOST = new_incident()  # without a channel
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, minutes(2)).incident
RESOLVED = verbs.resolve(ACKNOWLEDGED, BEN, minutes(9), summary="Rolled back").incident
HOUR = timedelta(hours=1)
PROMISED = verbs.promise(OPEN, HOUR, BEN, NOW).incident
SNOOZED = verbs.snooze(OPEN, HOUR, BEN, NOW).incident


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (replies.declared_reply(OPEN, FIVE), "*INC-1* is declared: :red_circle: sev1 · Critical. Go to <#C0INC>."),
        (replies.channel_link_reply(OPEN, FIVE), "The channel of INC-1 is open: <#C0INC>."),
        (replies.channel_link_reply(LOST, FIVE), replies.declared_reply(LOST, FIVE).text),
        (
            replies.declaring_reply(new_incident(), FIVE),
            "*INC-1* is declared: :red_circle: sev1 · Critical. Its channel is being opened; I'll send you the link.",
        ),
        (replies.confirmation("You lead <@U1> & co."), "You lead <@U1> &amp; co."),
        (replies.refusal("It is resolved.", "/incident reopen x"), "It is resolved.\nThis works: `/incident reopen x`"),
        (replies.refusal("It is a drill."), "It is a drill."),
        (
            replies.parse_error_reply(BadRequest("For how long?", "/incident snooze 30m")),
            "For how long?\nThis works: `/incident snooze 30m`",
        ),
        (
            replies.form_error_reply("/incident update What changed"),
            "I couldn't open the form in time. This does the same: `/incident update What changed`",
        ),
        (replies.storage_error_reply(), ":warning: That was not recorded. Please try again in a moment."),
        (
            replies.already_acknowledged_reply(ACKNOWLEDGED, BEN, minutes(2), ADA),
            f"<@{BEN}> was first to acknowledge INC-1, {day(2)}. You're counted as responding too, thank you. "
            "Go to <#C0INC>.",
        ),
        (
            replies.already_acknowledged_reply(ACKNOWLEDGED, BEN, minutes(2), BEN),
            f"You acknowledged INC-1 already, {day(2)}. Go to <#C0INC>.",
        ),
        (replies.acknowledged_reply(new_incident()), "You are responding to INC-1."),
        (replies.acknowledged_reply(OPEN, here="D0DIRECT"), "You are responding to INC-1. Go to <#C0INC>."),
        (replies.acknowledged_reply(OPEN, here="C0INC"), "You are responding to INC-1."),
        (
            replies.outdated_press_reply(RESOLVED),
            "INC-1 is over: it is resolved. If it is failing again, reopen it. Go to <#C0INC>.",
        ),
        (replies.outdated_press_reply(OPEN), "INC-1 is open again: it is detected. Go to <#C0INC>."),
        (
            replies.outdated_press_reply(RESOLVED, entry(minutes(2), "resolved", BEN, "")),
            f"INC-1 is over: <@{BEN}> resolved it, {day(2)}. If it is failing again, reopen it. Go to <#C0INC>.",
        ),
        (
            replies.update_confirmation(verbs.update(OPEN, "x", BEN, FIVE, NOW).incident, FIVE),
            f"Update #1 of INC-1 is posted. The next one is due {day(15)}.",
        ),
        (
            replies.snooze_confirmation(verbs.snooze(OPEN, HOUR, BEN, NOW).incident, HOUR),
            f"Reminders for INC-1 are snoozed for 1h, until {day(60)}. Pages still go out.",
        ),
        (
            replies.snooze_confirmation(verbs.snooze(PROMISED, HOUR / 4, BEN, NOW).incident, HOUR / 4),
            f"Reminders for INC-1 are snoozed for 15m, until {day(15)}. The next update stays due {day(60)}. "
            "Pages still go out.",
        ),
        (
            replies.snooze_confirmation(verbs.snooze(SNOOZED, HOUR / 4, ADA, NOW).incident, HOUR / 4),
            f"Reminders for INC-1 are snoozed for 15m, until {day(15)}. Pages still go out.",
        ),
        (
            replies.promise_confirmation(verbs.promise(OPEN, HOUR, BEN, NOW).incident, HOUR),
            f"The next update of INC-1 is promised in 1h, {day(60)}.",
        ),
        (replies.join_reply(OPEN), "You're in: <#C0INC>."),
        (
            replies.join_reply(new_incident()),
            "The channel of INC-1 is being opened. I'll invite you as soon as it exists.",
        ),
        (
            replies.declined_page_reply(OPEN, None),
            "Thanks for letting me know. Somebody is already responding to INC-1, so you need do nothing more.",
        ),
        (
            replies.declined_page_reply(OPEN, PagingOutcome(Change(OPEN), 2, Recipients(), ())),
            "Thanks for letting me know. Rung 2 of INC-1 is paged now.",
        ),
        (
            replies.escalation_reply(
                OPEN, FIVE, PagingOutcome(Change(OPEN), 2, Recipients((BEN,), ("#ops",)), ((1, "nobody is on call"),))
            ),
            f"Paged now for INC-1, rung 2: <@{BEN}>, #ops.",
        ),
        (
            replies.escalation_reply(OPEN, FIVE, PagingOutcome(Change(OPEN), None, Recipients(), ())),
            ":warning: *Nobody could be paged* for INC-1: sev1 has no ladder. Call somebody yourself.",
        ),
        (
            incident_lists.listing(incident_lists.IncidentList([], 0), FIVE, NOW),
            "No incident is open. `/incident list all` shows the past ones too.",
        ),
        (timeline.timeline(OPEN, []), "Timeline of INC-1: the key entries. It has no entries yet."),
        (why.why(OPEN, FIVE, [], NOW), "Reminders and pages of INC-1: none so far, and none planned."),
    ],
)
def test_short_answers(message: Message, line: str) -> None:
    assert message.text == line
    assert mrkdwn(message.blocks[0]).startswith(line)


def test_the_person_who_escalates_is_told_which_rungs_reached_nobody() -> None:
    climb = PagingOutcome(Change(OPEN), 2, Recipients((BEN,)), ((1, "nobody is on call on primary now"),))
    said = mrkdwn(replies.escalation_reply(OPEN, FIVE, climb).blocks[0])
    assert said.endswith("\nRung 1 reached nobody: nobody is on call on primary now.")


def test_a_contact_known_by_an_address_is_called_by_name() -> None:
    policy = replace(FIVE, contacts={"ben": Contact("ben", "Ben", slack="ben@example.com")})
    climb = PagingOutcome(Change(OPEN), 2, Recipients(("ben@example.com", BEN)), ())
    assert replies.escalation_reply(OPEN, policy, climb).text == f"Paged now for INC-1, rung 2: Ben, <@{BEN}>."


def test_the_person_who_acknowledges_is_offered_the_lead() -> None:
    message = replies.acknowledged_reply(OPEN, offer_lead=True)
    assert presses(message.blocks) == [("Lead", "lead", "INC-1")]


def test_a_list_that_was_narrowed_says_that_none_of_such_is_open() -> None:
    none = incident_lists.IncidentList((), 0)
    assert "No incident is open." in incident_lists.listing(none, FIVE, NOW).text
    assert "No such incident is open." in incident_lists.listing(none, FIVE, NOW, narrowed=True).text


def test_the_menu_offers_what_can_be_done_now() -> None:
    note = ("Add a note", "note", "INC-1")
    action = ("Create action item", "action_new", "INC-1")
    reading = [
        ("Catch up", "catchup", "INC-1"),
        ("Timeline", "timeline", "INC-1"),
        ("Why this reminder?", "why", "INC-1"),
    ]
    assert presses(menu.menu(OPEN, FIVE).blocks) == [
        ("Acknowledge", "ack", "INC-1"),
        ("Lead", "lead", "INC-1"),
        ("Update status", "update", "INC-1"),
        ("Change severity", "severity", "INC-1"),
        ("Assign roles", "roles", "INC-1"),
        ("Escalate", "escalate", "INC-1"),
        ("Playbooks", "playbooks", "INC-1"),
        ("Resolve", "resolve", "INC-1"),
        ("Impact", "impact", "INC-1"),
        ("Hand over", "handover", "INC-1"),
        note,
        action,
        ("False alarm", "cancel", "INC-1"),
        *reading,
    ]
    led = verbs.assign(ACKNOWLEDGED, "commander", MAYA, ADA, FIVE, NOW).incident
    assert [label for label, *_ in presses(menu.menu(led, FIVE).blocks)][:2] == ["Update status", "Change severity"]
    ended = [("Reopen", "reopen", "INC-1"), ("Close", "close", "INC-1")]
    assert presses(menu.menu(RESOLVED, FIVE).blocks) == [*ended, note, action, *reading]
    assert presses(menu.menu(replace(RESOLVED, status=Status.MERGED), FIVE).blocks) == [note, action, *reading]


def test_with_nothing_open_declaring_is_offered() -> None:
    assert presses(menu.none_open().blocks) == [("Declare incident", "menu_declare", "declare")]
    assert menu.which_incident([], "ack") == menu.none_open()


def test_each_choice_carries_the_whole_request() -> None:
    message = menu.which_incident([OPEN, new_incident("Mail is slow", number=7)], "role commander <@U0MAYA|maya>")
    assert [mrkdwn(block) for block in message.blocks] == [
        "Which incident do you mean?",
        "*INC-1* · Checkout is down\nsev1 · detected",
        "*INC-7* · Mail is slow\nsev1 · detected",
    ]
    (_, action, value), *_ = presses(message.blocks[2:])
    assert action == "choose_incident"
    assert parse(value, FIVE) == Request("role", 7, role="commander", users=("U0MAYA",))


def test_a_request_too_long_for_a_button_is_asked_for_again_not_cut() -> None:
    message = menu.which_incident([OPEN], "update " + "x" * 2000)
    assert presses(message.blocks) == []
    assert mrkdwn(message.blocks[0]).endswith("Say which by its ID: `/incident update … --in INC-1`")


def test_the_list() -> None:
    led = verbs.assign(ACKNOWLEDGED, "commander", MAYA, ADA, FIVE, NOW).incident
    message = incident_lists.listing(
        incident_lists.IncidentList([led, replace(RESOLVED, number=2, private=True)], 2), FIVE, minutes(39), scope="all"
    )
    assert message.text == "2 incidents"
    assert [mrkdwn(block) for block in message.blocks[1:]] == [
        f"*INC-1* · Checkout is down\n:red_circle: sev1 · Critical · Acknowledged · declared 39m ago · "
        f"led by <@{MAYA}> · <#C0INC>",
        "*INC-2* · Checkout is down\n:red_circle: sev1 · Critical · Resolved · 30m ago · <#C0INC> · :lock:",
    ]


def test_an_incident_shown_has_its_channel_its_latest_and_its_buttons() -> None:
    entries = [recorded_entry(Entry(minutes(n), "note", BEN, f"note {n}")) for n in range(7)]
    message = incident_lists.show(OPEN, FIVE, entries, NOW)
    assert mrkdwn(message.blocks[1]).startswith("*Channel*\n<#C0INC>\n")
    assert mrkdwn(message.blocks[2]) == "*Latest*\n" + "\n".join(
        f"{day(n)} *note* <@{BEN}>: note {n}" for n in range(2, 7)
    )
    assert len(presses(message.blocks)) == 7


def test_roles_say_who_has_them_and_what_they_ask() -> None:
    led = verbs.assign(OPEN, "commander", MAYA, ADA, FIVE, NOW).incident
    message = incident_lists.roles(led, FIVE, reader=MAYA)
    assert message.text == "Roles of INC-1: 1 of 5 filled"
    duties = "\n• Decides\n• Keeps the roles filled"
    assert mrkdwn(incident_lists.roles(led, FIVE, reader=BEN).blocks[1]) + duties == mrkdwn(message.blocks[1])
    assert [mrkdwn(block) for block in message.blocks[1:4]] == [
        f"*Incident commander*: <@{MAYA}>\nRuns the incident.{duties}",
        "*Scribe*: nobody yet — needed",
        "*Technical lead*: nobody",
    ]
    assert presses(message.blocks) == [("Assign roles", "roles", "INC-1")]
    assert presses(incident_lists.roles(RESOLVED, FIVE).blocks) == []
    assert len(ROLES) == 5


def test_the_timeline_reads_in_order_with_links_and_mentions_nobody_a_message_did_not() -> None:
    link = {"link": "https://x.slack.com/archives/C1/p1?a=1&b=2"}
    entries = [
        Entry(NOW, "declared", ADA, "sev1: Checkout is down"),
        Entry(minutes(1), "message", BEN, "<!here> see &lt;this&gt; <@U1|maya>", data=link),
        Entry(minutes(2), "message_edited", BEN, "see that"),
        Entry(minutes(3), "message_deleted", BEN),
        Entry(minutes(4), "update", BEN, "We rolled\nback", data={"number": 3}),
        Entry(minutes(5), "note", "tocsin", "x", data={"link": "javascript:alert(1)"}),
    ]
    message = timeline.timeline(OPEN, [recorded_entry(entry) for entry in entries], everything=True)
    assert mrkdwn(message.blocks[1]).splitlines() == [
        f"{day(0)} *declared* <@{ADA}>: sev1: Checkout is down",
        f"{day(1)} <@{BEN}>: @\u200bhere see &lt;this&gt; @maya <https://x.slack.com/archives/C1/p1?a=1&amp;b=2|↗>",
        f"{day(2)} <@{BEN}> edited: see that",
        f"{day(3)} <@{BEN}> deleted a message",
        f"{day(4)} *update #3* <@{BEN}>: We rolled back",
        f"{day(5)} *note* Tocsin: x",
    ]


def test_what_was_purged_says_so_on_the_timeline() -> None:
    gone = replace(recorded_entry(Entry(NOW, "note", ADA, key=True)), purged=True)
    message = timeline.timeline(OPEN, [gone])
    assert "the text was deleted under the retention policy" in str(message.blocks)


def test_a_long_timeline_keeps_the_newest() -> None:
    entries = [recorded_entry(Entry(minutes(n), "note", BEN, f"note {n} " + "x" * 300)) for n in range(300)]
    message = timeline.timeline(OPEN, entries)
    shown = "\n".join(mrkdwn(block) for block in message.blocks)
    assert "note 299 " in shown
    assert "note 0 " not in shown
    assert "more. These are the newest. All of it: `tocsin show INC-1 --json`" in shown


def test_why_says_of_each_reminder_what_became_of_it() -> None:
    rows = [
        why.Reminder(
            "acknowledge", 1, NOW, minutes(0.1), DeadlineState.SENT, f"paged: sev1 was declared — <@{BEN}> (Slack)"
        ),
        why.Reminder("update", None, minutes(15), minutes(20), DeadlineState.SENT, "an update is due"),
        why.Reminder("role", None, minutes(16), None, DeadlineState.SKIPPED, "listed in the reminder about an update"),
        why.Reminder("mitigate", None, minutes(30), None, DeadlineState.CANCELLED, "mitigated"),
        why.Reminder("acknowledge", 2, minutes(31), None, DeadlineState.FAILED, "channel_not_found"),
        why.Reminder("update", None, minutes(35), None, DeadlineState.DUE, "an update is due"),
        why.Reminder("mitigate", 3, minutes(60), minutes(18), DeadlineState.SENT, "paged early"),
        why.Reminder(
            "update", None, minutes(50), None, DeadlineState.WAITING, f"<@{BEN}> promised the next update by then"
        ),
    ]
    snoozed = verbs.snooze(OPEN, HOUR, BEN, NOW).incident
    message = why.why(snoozed, FIVE, rows, minutes(40))
    assert [mrkdwn(block) for block in message.blocks] == [
        f"*Reminders and pages of INC-1*\n:zzz: Reminders are snoozed by <@{BEN}> until {time(60)}; pages are not.",
        f":white_check_mark: *{day(0.1)}* · acknowledgement, rung 1 — sent\n{rows[0].reason}\n"
        f":fast_forward: *{day(16)}* · empty role — skipped\nlisted in the reminder about an update\n"
        f":white_check_mark: *{day(18)}* · mitigation, rung 3 — sent early, due {time(60)}\npaged early\n"
        f":white_check_mark: *{day(20)}* · status update — sent, late by 5m\nan update is due\n"
        f":heavy_multiplication_x: *{day(30)}* · mitigation — cancelled\nmitigated\n"
        f":x: *{day(31)}* · acknowledgement, rung 2 — failed\nchannel_not_found\n"
        f":hourglass_flowing_sand: *{day(35)}* · status update — being sent\nan update is due\n"
        f":hourglass_flowing_sand: *{day(50)}* · status update — in 10m\n<@{BEN}> promised the next update by then",
    ]


def test_help_is_written_from_the_table() -> None:
    shown = "\n".join(mrkdwn(block) for block in help.help(FIVE, topic="all").blocks)
    for verb in VERBS:
        for usage in verb.usages:
            assert f"`{usage.replace('<', '&lt;').replace('>', '&gt;')}`" in shown
        assert all(alias in shown for alias in verb.aliases)


def test_help_names_first_what_a_responder_may_need_now_and_then_every_other_verb() -> None:
    message = help.help(FOUR, "/tocsin")
    situations, *rest = [mrkdwn(block) for block in message.blocks]
    lines = situations.splitlines()
    assert lines[:6] == [
        "*Something is broken*",
        "`/tocsin declare &lt;severity&gt; &lt;title&gt;` declare an incident",
        "",
        "*You were paged, or you just came*",
        "`/tocsin ack` say that you are responding",
        "`/tocsin catchup` show what happened since you last looked, who leads, and what comes next",
    ]
    commands = [line.split("`")[1].removeprefix("/tocsin ") for line in lines if line.startswith("`")]
    usages = {usage.replace("<", "&lt;").replace(">", "&gt;") for verb in VERBS for usage in verb.usages}
    assert set(commands) <= usages
    assert len(lines) <= 30
    assert all(verb.name in "\n".join((situations, *rest)) for verb in VERBS)
    assert "`/tocsin help all`" in rest[0]


def test_help_on_one_verb_gives_an_example_of_this_policy() -> None:
    message = help.help(FOUR, "/tocsin", "sev")
    assert [mrkdwn(block) for block in message.blocks] == [
        "*severity*: raise or lower the severity; raising it pages people again; without one it opens the form\n"
        "`/tocsin severity`\n"
        "`/tocsin severity &lt;level&gt; [reason]`\n"
        "Also: sev\n"
        "For example: `/tocsin severity p0 All customers are affected`",
        "Outside an incident channel, add `--in INC-42`.",
    ]
