"""Reminders: whom a lapsed update or role deadline mentions, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.lapsed.reminder_reason import Activity, NudgeReason, decide_nudge, late_by
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY

QUIET = Activity()
LAPSED = NOON + 15 * MINUTE


def test_a_lapsed_update_mentions_the_debtor_and_lists_empty_roles() -> None:
    decision = decide_nudge(new_incident(), POLICY, "update", LAPSED, QUIET, LAPSED)
    assert decision.mention == ("UREPORTER",)
    assert decision.owes_update
    assert decision.missing == ("commander", "scribe")
    assert not decision.soft
    assert decision.late is None
    assert decision.next_update_at == LAPSED + 15 * MINUTE


def test_a_reminder_in_a_busy_channel_is_softened_once() -> None:
    busy = Activity(recent=3, last_at=LAPSED)
    first = decide_nudge(new_incident(), POLICY, "update", LAPSED, busy, LAPSED)
    assert first.soft
    assert first.mention == ()
    reminded = replace(new_incident(), unanswered=1, update_due_at=LAPSED + 15 * MINUTE)
    assert not decide_nudge(reminded, POLICY, "update", LAPSED, busy, LAPSED + 15 * MINUTE).soft


def test_two_messages_do_not_make_a_channel_busy() -> None:
    assert not decide_nudge(new_incident(), POLICY, "update", LAPSED, Activity(2, LAPSED), LAPSED).soft


def test_after_two_unanswered_reminders_the_commander_is_mentioned_too() -> None:
    incident = replace(new_incident(), unanswered=2, roles={"commander": "UC", "communications_lead": "UL"})
    assert decide_nudge(incident, POLICY, "update", LAPSED, QUIET, LAPSED).mention == ("UL", "UC")


def test_only_two_whole_cadences_of_silence_page_the_ladder() -> None:
    second = replace(new_incident(), unanswered=1, update_due_at=NOON + 30 * MINUTE)
    at = NOON + 30 * MINUTE
    assert decide_nudge(second, POLICY, "update", at, QUIET, at).page
    assert not decide_nudge(second, POLICY, "update", at, Activity(1, at - MINUTE), at).page
    assert not decide_nudge(new_incident(), POLICY, "update", LAPSED, QUIET, LAPSED).page


def test_a_late_reminder_says_so_and_rearms_from_now() -> None:
    late = LAPSED + 40 * MINUTE
    decision = decide_nudge(new_incident(), POLICY, "update", LAPSED, QUIET, late)
    assert decision.late == 40 * MINUTE
    assert decision.text == "an update is due (late by 40m)"
    assert decision.next_update_at == late + 15 * MINUTE


def test_a_reminder_on_time_rearms_from_its_due_time() -> None:
    decision = decide_nudge(new_incident(), POLICY, "update", LAPSED, QUIET, LAPSED + timedelta(seconds=2))
    assert decision.late is None
    assert decision.next_update_at == LAPSED + 15 * MINUTE


@pytest.mark.parametrize(
    ("cadence", "by", "said"),
    [
        (timedelta(), 15, ""), (timedelta(), 16, ", late by 16s"),  # a rung paged at once
        (timedelta(seconds=6), 15, ""), (timedelta(seconds=6), 16, ", late by 16s"),
        (2 * MINUTE, 30, ""), (2 * MINUTE, 31, ", late by 31s"),
        (60 * MINUTE, 60, ""), (60 * MINUTE, 61, ", late by 1m"),
        (None, 60, ""), (None, 61, ", late by 1m"),
    ],
)  # fmt: skip
def test_only_a_delay_that_matters_to_somebody_is_called_late(cadence: timedelta | None, by: int, said: str) -> None:
    assert late_by(timedelta(seconds=by), cadence) == said


def test_a_role_reminder_asks_for_no_update_before_it_is_due() -> None:
    at = NOON + 5 * MINUTE
    decision = decide_nudge(new_incident(), POLICY, "role", at, QUIET, at)
    assert not decision.owes_update
    assert decision.next_update_at == LAPSED
    assert decision.next_roles_at == at + 15 * MINUTE


def test_after_two_reminders_the_commander_is_asked_where_there_is_one() -> None:
    at = NOON + 30 * MINUTE
    incident = replace(new_incident(), unanswered=2, update_due_at=at, roles={"commander": "UC"})
    decision = decide_nudge(incident, POLICY, "update", at, Activity(5, at), at)
    assert (decision.reason, decision.mention) == (NudgeReason.UNANSWERED, ("UC",))
    assert decision.text == "unanswered 2 times: the commander is asked"


@pytest.mark.parametrize(
    ("kind", "unanswered", "messages", "reason", "words"),
    [
        ("update", 0, 0, NudgeReason.UPDATE_DUE, "an update is due"),
        ("update", 1, 5, NudgeReason.UPDATE_DUE, "an update is due"),
        ("update", 0, 3, NudgeReason.BUSY, "softened: the channel is busy"),
        ("role", 0, 3, NudgeReason.EMPTY_ROLES, "required roles are empty"),
        ("update", 2, 5, NudgeReason.UNLED, "unanswered 2 times, and nobody leads yet"),
        ("update", 2, 0, NudgeReason.SILENCE, "two whole cadences of silence: the ladder was paged"),
        ("role", 1, 0, NudgeReason.SILENCE, "two whole cadences of silence: the ladder was paged"),
    ],
)
def test_each_reason_is_decided_and_has_its_words(
    kind: str, unanswered: int, messages: int, reason: NudgeReason, words: str
) -> None:
    at = NOON + 30 * MINUTE
    incident = replace(new_incident(), unanswered=unanswered, update_due_at=at)
    activity = Activity(messages, at if messages else None)
    decision = decide_nudge(incident, POLICY, kind, at, activity, at)
    assert (decision.reason, decision.text) == (reason, words)
    assert (decision.soft, decision.page) == (reason is NudgeReason.BUSY, reason is NudgeReason.SILENCE)


def test_a_drill_is_never_paged_for_silence_and_no_incident_twice() -> None:
    at = NOON + 30 * MINUTE
    silent = replace(new_incident(), unanswered=1, update_due_at=at)
    paged = replace(silent, ladder=replace(silent.ladder, silence_paged=True))
    for incident in (replace(silent, drill=True), paged):
        assert decide_nudge(incident, POLICY, "update", at, Activity(), at).reason is NudgeReason.UPDATE_DUE
