"""The verbs: what each makes of an incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from tests.domain.policies import MINUTE, NOON, POLICY


def declared(severity: str = "fatal", title: str = "Checkout is down") -> Incident:
    return verbs.declare(1, verbs.NewIncident(title, severity, "UREPORTER"), POLICY, NOON).incident


def test_a_long_title_is_cut_and_the_whole_kept_as_description() -> None:
    incident = declared(title="x" * 500)
    assert len(incident.title) == 300
    assert incident.description == "x" * 500


def test_a_title_of_nothing_but_spaces_still_declares() -> None:
    assert declared(title="   ").title == "Untitled incident"


def test_an_unknown_severity_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="fatal, bad, mild"):
        declared(severity="sev1")


def test_the_first_acknowledgement_stamps_and_the_second_only_joins() -> None:
    first = verbs.acknowledge(declared(), "UA", NOON + MINUTE)
    second = verbs.acknowledge(first.incident, "UB", NOON + 2 * MINUTE)
    assert first.incident.status is Status.ACKNOWLEDGED
    assert second.incident.acknowledged_at == NOON + MINUTE
    assert second.incident.acknowledged_by == "UA"
    assert second.incident.responders == ("UA", "UB")
    assert [len(first.entries), len(second.entries)] == [1, 0]


def test_acting_on_an_incident_acknowledges_it() -> None:
    change = verbs.move(declared(), Status.INVESTIGATING, "UA", POLICY, NOON + MINUTE)
    assert change.incident.acknowledged_at == NOON + MINUTE
    assert [e.kind for e in change.entries] == ["acknowledged", "status"]


@pytest.mark.parametrize("status", [Status.MONITORING, Status.RESOLVED])
def test_mitigated_is_stamped_when_the_fix_is_in_place(status: Status) -> None:
    mitigating = verbs.move(declared(), Status.MITIGATING, "UA", POLICY, NOON + MINUTE).incident
    assert mitigating.mitigated_at is None
    assert verbs.move(mitigating, status, "UA", POLICY, NOON + 2 * MINUTE).incident.mitigated_at == NOON + 2 * MINUTE


def test_steps_back_keep_the_first_stamp() -> None:
    dedup_key = verbs.move(declared(), Status.IDENTIFIED, "UA", POLICY, NOON + MINUTE).incident
    back = verbs.move(dedup_key, Status.INVESTIGATING, "UA", POLICY, NOON + 2 * MINUTE).incident
    again = verbs.move(back, Status.IDENTIFIED, "UA", POLICY, NOON + 3 * MINUTE).incident
    assert again.identified_at == NOON + MINUTE


@pytest.mark.parametrize("status", [Status.DETECTED, Status.MERGED])
def test_some_states_cannot_be_moved_to(status: Status) -> None:
    with pytest.raises(Refused):
        verbs.move(declared(), status, "UA", POLICY, NOON)


def test_the_same_status_again_is_refused_kindly() -> None:
    moved = verbs.move(declared(), Status.IDENTIFIED, "UA", POLICY, NOON).incident
    with pytest.raises(Refused, match="already identified"):
        verbs.move(moved, Status.IDENTIFIED, "UA", POLICY, NOON)


def test_raising_the_severity_starts_its_ladder_from_now() -> None:
    bad = verbs.acknowledge(declared("bad"), "UA", NOON + MINUTE).incident
    raised = verbs.change_severity(bad, "fatal", "UA", POLICY, NOON + 40 * MINUTE).incident
    assert raised.ladder.started_at == NOON + 40 * MINUTE
    assert raised.ladder.acknowledged_at is None
    assert raised.acknowledged_at == NOON + MINUTE


def test_lowering_the_severity_leaves_what_was_due_behind() -> None:
    lowered = verbs.change_severity(declared(), "bad", "UA", POLICY, NOON + 12 * MINUTE).incident
    assert lowered.ladder.started_at == NOON
    assert lowered.ladder.left_behind_at == NOON + 12 * MINUTE


def test_an_update_is_numbered_and_resets_the_cadence() -> None:
    nagged = replace(declared(), unanswered=2)
    change = verbs.update(nagged, "rolled back", "UA", POLICY, NOON + 16 * MINUTE)
    assert change.incident.updates == 1
    assert change.incident.update_due_at == NOON + 31 * MINUTE
    assert change.incident.unanswered == 0
    assert change.entries[0].data["number"] == 1


def test_a_promised_next_update_moves_the_deadline_past_the_cadence() -> None:
    change = verbs.update(declared(), "waiting", "UA", POLICY, NOON, next_in=timedelta(hours=4))
    assert change.incident.update_due_at == NOON + timedelta(hours=4)
    assert verbs.promise(change.incident, MINUTE, "UB", NOON).incident.update_due_at == NOON + MINUTE


def test_a_snooze_quiets_updates_and_roles_and_says_until_when() -> None:
    snoozed = verbs.snooze(declared(), timedelta(hours=1), "UA", NOON).incident
    assert snoozed.snooze is not None
    assert snoozed.snooze.until == snoozed.update_due_at == snoozed.roles_due_at == NOON + timedelta(hours=1)


def test_a_role_goes_to_one_person_and_the_next_holder_takes_it_over() -> None:
    first = verbs.assign(declared(), "commander", "UA", "UA", POLICY, NOON).incident
    second = verbs.assign(first, "Incident commander", "UB", "UA", POLICY, NOON)
    assert second.incident.roles == {"commander": "UB"}
    assert second.entries[0].data["before"] == "UA"
    assert verbs.assign(second.incident, "commander", "UB", "UA", POLICY, NOON).entries == ()


def test_closing_an_open_incident_resolves_it_on_the_way() -> None:
    closed = verbs.close(declared(), "UA", NOON + MINUTE)
    assert closed.incident.resolved_at == closed.incident.closed_at == NOON + MINUTE
    assert [e.kind for e in closed.entries] == ["acknowledged", "resolved", "closed"]


def test_reopening_starts_an_episode_and_keeps_history() -> None:
    resolved = verbs.resolve(declared(), "UA", NOON + MINUTE, summary="rolled back").incident
    reopened = verbs.reopen(resolved, "UB", POLICY, NOON + 10 * MINUTE, "errors are back").incident
    assert (reopened.status, reopened.episode, reopened.resolved_at) == (Status.INVESTIGATING, 2, None)
    assert reopened.acknowledged_at == NOON + MINUTE
    assert reopened.update_due_at == NOON + 25 * MINUTE
    assert reopened.ladder.started_at == NOON + 10 * MINUTE
    assert reopened.summary == "rolled back"


def test_reopening_what_is_open_or_without_a_reason_is_refused() -> None:
    with pytest.raises(Refused, match="still open"):
        verbs.reopen(declared(), "UA", POLICY, NOON, "why")
    resolved = verbs.resolve(declared(), "UA", NOON).incident
    with pytest.raises(Refused, match="why"):
        verbs.reopen(resolved, "UA", POLICY, NOON, " ")


@pytest.mark.parametrize("verb", ["acknowledge", "update", "severity", "role", "snooze", "resolve", "cancel"])
def test_after_the_end_every_verb_says_to_reopen(verb: str) -> None:
    ended = verbs.cancel(declared(), "UA", NOON, "false alarm").incident
    with pytest.raises(Refused, match="Reopen it first"):
        {
            "acknowledge": lambda: verbs.acknowledge(ended, "UA", NOON),
            "update": lambda: verbs.update(ended, "x", "UA", POLICY, NOON),
            "severity": lambda: verbs.change_severity(ended, "bad", "UA", POLICY, NOON),
            "role": lambda: verbs.assign(ended, "scribe", "UA", "UA", POLICY, NOON),
            "snooze": lambda: verbs.snooze(ended, MINUTE, "UA", NOON),
            "resolve": lambda: verbs.resolve(ended, "UA", NOON),
            "cancel": lambda: verbs.cancel(ended, "UA", NOON, "again"),
        }[verb]()


def test_whoever_leads_communications_owes_the_update_else_the_commander_else_the_reporter() -> None:
    incident = declared()
    assert verbs.update_owed_by(incident) == "UREPORTER"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC"})) == "UC"
    assert verbs.update_owed_by(replace(incident, roles={"commander": "UC", "communications_lead": "UL"})) == "UL"
