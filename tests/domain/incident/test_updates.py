"""Status updates: number, cadence, promises, snoozes, and who owes the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY


def test_an_update_is_numbered_and_resets_the_cadence() -> None:
    nagged = replace(new_incident(), unanswered=2)
    change = verbs.update(nagged, "rolled back", "UA", POLICY, NOON + 16 * MINUTE)
    assert change.incident.updates == 1
    assert change.incident.update_due_at == NOON + 31 * MINUTE
    assert change.incident.unanswered == 0
    assert change.entries[-1].data["number"] == 1


def test_a_promised_update_replaces_the_cadence() -> None:
    change = verbs.update(new_incident(), "waiting", "UA", POLICY, NOON, next_in=timedelta(hours=4))
    assert change.incident.update_due_at == NOON + timedelta(hours=4)
    assert verbs.promise(change.incident, MINUTE, "UB", NOON).incident.update_due_at == NOON + MINUTE


def test_a_snooze_quiets_update_and_role_reminders() -> None:
    snoozed = verbs.snooze(new_incident(), timedelta(hours=1), "UA", NOON).incident
    assert snoozed.snooze is not None
    assert snoozed.snooze.until == snoozed.update_due_at == snoozed.roles_due_at == NOON + timedelta(hours=1)


def test_a_snooze_brings_nothing_forward_that_nobody_was_reminded_of() -> None:
    promised = verbs.promise(new_incident(), timedelta(hours=1), "UB", NOON).incident
    later = replace(promised, roles_due_at=NOON + 40 * MINUTE)
    snoozed = verbs.snooze(later, 15 * MINUTE, "UA", NOON).incident
    assert (snoozed.update_due_at, snoozed.roles_due_at) == (NOON + timedelta(hours=1), NOON + 40 * MINUTE)
    assert snoozed.snooze is not None
    assert snoozed.snooze.until == NOON + 15 * MINUTE


def test_the_latest_snooze_counts() -> None:
    long = verbs.snooze(new_incident(), timedelta(hours=1), "UA", NOON).incident
    short = verbs.snooze(long, 15 * MINUTE, "UB", NOON + MINUTE).incident
    assert short.snooze is not None
    assert (short.snooze.by, short.snooze.until) == ("UB", NOON + 16 * MINUTE)
    assert short.update_due_at == short.roles_due_at == NOON + 16 * MINUTE


def test_a_reminder_that_waits_for_an_answer_comes_again_when_the_snooze_ends() -> None:
    reminded = replace(new_incident(), live_nudge="nudge:1", update_due_at=NOON + 30 * MINUTE)
    assert verbs.snooze(reminded, 15 * MINUTE, "UA", NOON).incident.update_due_at == NOON + 15 * MINUTE


def test_communications_lead_then_commander_then_reporter_owes_the_update() -> None:
    incident = new_incident()
    assert verbs.update_owed_by(incident) == "UREPORTER"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC"})) == "UC"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC", "communications_lead": "UL"})) == "UL"


def test_the_end_of_a_snooze_puts_reminders_back_at_their_pace() -> None:
    snoozed = verbs.snooze(new_incident(), timedelta(hours=5), "UA", NOON).incident
    change = verbs.end_snooze(snoozed, "UB", POLICY, NOON + 2 * MINUTE)
    assert change.incident.snooze is None
    assert change.incident.update_due_at == new_incident().update_due_at
    assert change.incident.roles_due_at is not None
    assert change.incident.roles_due_at < NOON + timedelta(hours=1)
    assert change.entries[0].data == {"ended": True}


def test_the_end_of_a_snooze_leaves_a_promise_made_since_as_it_is() -> None:
    snoozed = verbs.snooze(new_incident(), timedelta(hours=5), "UA", NOON).incident
    promised = replace(snoozed, update_due_at=NOON + 7 * MINUTE)
    assert verbs.end_snooze(promised, "UB", POLICY, NOON).incident.update_due_at == NOON + 7 * MINUTE


def test_reminders_that_are_not_snoozed_have_no_snooze_to_end() -> None:
    with pytest.raises(Refused, match="not snoozed"):
        verbs.end_snooze(new_incident(), "UB", POLICY, NOON)
    snoozed = verbs.snooze(new_incident(), timedelta(hours=1), "UA", NOON).incident
    with pytest.raises(Refused, match="not snoozed"):
        verbs.end_snooze(snoozed, "UB", POLICY, NOON + timedelta(hours=2))
