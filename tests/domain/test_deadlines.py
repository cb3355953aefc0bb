"""What is planned, and what is decided when it lapses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.reminder import Activity, decide_nudge
from tests.domain.policies import MINUTE, NOON, POLICY
from tests.domain.test_incident import declared

QUIET = Activity()


def due(incident: Incident) -> dict[tuple[str, int | None], datetime]:
    return {(d.kind, d.rung): d.due_at for d in plan(incident, POLICY)}


def test_a_declaration_arms_updates_roles_targets_and_rungs() -> None:
    assert due(declared()) == {
        ("update", None): NOON + 15 * MINUTE,
        ("role", None): NOON + 5 * MINUTE,
        ("acknowledge", None): NOON + 5 * MINUTE,
        ("mitigate", None): NOON + 30 * MINUTE,
        ("acknowledge", 1): NOON,
        ("acknowledge", 2): NOON + 10 * MINUTE,
        ("mitigate", 3): NOON + 60 * MINUTE,
    }


def test_a_severity_that_asks_nothing_arms_nothing() -> None:
    assert plan(declared("mild"), POLICY) == ()


def test_acknowledging_ends_what_waited_for_it_and_nothing_else() -> None:
    acknowledged = verbs.acknowledge(declared(), "UA", NOON + MINUTE).incident
    assert set(due(acknowledged)) == {("update", None), ("role", None), ("mitigate", None), ("mitigate", 3)}


def test_a_drill_goes_through_its_ladder_as_well() -> None:
    assert due(replace(declared(), drill=True)) == due(declared())


@pytest.mark.parametrize("end", ["resolve", "close", "cancel"])
def test_no_deadline_outlives_the_incident(end: str) -> None:
    change = {
        "resolve": lambda: verbs.resolve(declared(), "UA", NOON),
        "close": lambda: verbs.close(declared(), "UA", NOON),
        "cancel": lambda: verbs.cancel(declared(), "UA", NOON, "false alarm"),
    }[end]()
    assert plan(change.incident, POLICY) == ()


def test_mitigated_ends_the_target_but_not_a_rung_until_resolved() -> None:
    monitoring = verbs.move(declared(), Status.MONITORING, "UA", POLICY, NOON + MINUTE).incident
    assert set(due(monitoring)) == {("update", None), ("role", None), ("mitigate", 3)}


def test_lowering_never_arms_what_was_due_before() -> None:
    lowered = verbs.change_severity(declared(), "bad", "UA", POLICY, NOON + 16 * MINUTE).incident
    rungs = {key for key in due(lowered) if key[1]}
    assert rungs == {("acknowledge", 2)}
    assert ("acknowledge", None) not in due(lowered)


def test_a_snooze_moves_reminders_and_never_pages() -> None:
    before = declared()
    after = verbs.snooze(before, timedelta(hours=3), "UA", NOON).incident
    moved = {key for key in due(before) if due(after)[key] != due(before)[key]}
    assert moved == {("update", None), ("role", None)}


LAPSED = NOON + 15 * MINUTE


def test_a_lapsed_update_mentions_whoever_owes_it_and_lists_empty_roles() -> None:
    decision = decide_nudge(declared(), POLICY, "update", LAPSED, QUIET, LAPSED)
    assert decision.mention == ("UREPORTER",)
    assert decision.owes_update
    assert decision.missing == ("commander", "scribe")
    assert not decision.soft
    assert decision.late is None
    assert decision.next_update_at == LAPSED + 15 * MINUTE


def test_a_busy_channel_is_asked_gently_and_only_once() -> None:
    busy = Activity(recent=3, last_at=LAPSED)
    first = decide_nudge(declared(), POLICY, "update", LAPSED, busy, LAPSED)
    assert first.soft
    assert first.mention == ()
    asked = replace(declared(), unanswered=1, update_due_at=LAPSED + 15 * MINUTE)
    assert not decide_nudge(asked, POLICY, "update", LAPSED, busy, LAPSED + 15 * MINUTE).soft


def test_two_messages_are_not_yet_busy() -> None:
    assert not decide_nudge(declared(), POLICY, "update", LAPSED, Activity(2, LAPSED), LAPSED).soft


def test_unanswered_twice_asks_the_commander_too() -> None:
    incident = replace(declared(), unanswered=2, roles={"commander": "UC", "communications_lead": "UL"})
    assert decide_nudge(incident, POLICY, "update", LAPSED, QUIET, LAPSED).mention == ("UL", "UC")


def test_only_two_whole_cadences_of_silence_reach_the_ladder() -> None:
    second = replace(declared(), unanswered=1, update_due_at=NOON + 30 * MINUTE)
    at = NOON + 30 * MINUTE
    assert decide_nudge(second, POLICY, "update", at, QUIET, at).page
    assert not decide_nudge(second, POLICY, "update", at, Activity(1, at - MINUTE), at).page
    assert not decide_nudge(declared(), POLICY, "update", LAPSED, QUIET, LAPSED).page


def test_a_late_reminder_says_by_how_much_and_is_armed_from_now() -> None:
    late = LAPSED + 40 * MINUTE
    decision = decide_nudge(declared(), POLICY, "update", LAPSED, QUIET, late)
    assert decision.late == 40 * MINUTE
    assert decision.words == "an update is due (late by 40m)"
    assert decision.next_update_at == late + 15 * MINUTE


def test_a_reminder_on_time_is_armed_from_when_it_was_due() -> None:
    decision = decide_nudge(declared(), POLICY, "update", LAPSED, QUIET, LAPSED + timedelta(seconds=2))
    assert decision.late is None
    assert decision.next_update_at == LAPSED + 15 * MINUTE


def test_a_role_reminder_does_not_ask_for_an_update_that_is_not_due() -> None:
    at = NOON + 5 * MINUTE
    decision = decide_nudge(declared(), POLICY, "role", at, QUIET, at)
    assert not decision.owes_update
    assert decision.next_update_at == LAPSED
    assert decision.next_roles_at == at + 15 * MINUTE
