"""Status updates: number, cadence, promises, snoozes, and who owes the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import incident as verbs
from tests.domain.incidents import declared
from tests.domain.policies import MINUTE, NOON, POLICY


def test_an_update_is_numbered_and_resets_the_cadence() -> None:
    nagged = replace(declared(), unanswered=2)
    change = verbs.update(nagged, "rolled back", "UA", POLICY, NOON + 16 * MINUTE)
    assert change.incident.updates == 1
    assert change.incident.update_due_at == NOON + 31 * MINUTE
    assert change.incident.unanswered == 0
    assert change.entries[-1].data["number"] == 1


def test_a_promised_update_replaces_the_cadence() -> None:
    change = verbs.update(declared(), "waiting", "UA", POLICY, NOON, next_in=timedelta(hours=4))
    assert change.incident.update_due_at == NOON + timedelta(hours=4)
    assert verbs.promise(change.incident, MINUTE, "UB", NOON).incident.update_due_at == NOON + MINUTE


def test_a_snooze_quiets_update_and_role_reminders() -> None:
    snoozed = verbs.snooze(declared(), timedelta(hours=1), "UA", NOON).incident
    assert snoozed.snooze is not None
    assert snoozed.snooze.until == snoozed.update_due_at == snoozed.roles_due_at == NOON + timedelta(hours=1)


def test_communications_lead_then_commander_then_reporter_owes_the_update() -> None:
    incident = declared()
    assert verbs.update_owed_by(incident) == "UREPORTER"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC"})) == "UC"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC", "communications_lead": "UL"})) == "UL"
