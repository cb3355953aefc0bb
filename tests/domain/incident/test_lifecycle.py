"""The life of an incident: declared, acknowledged, moved, resolved, closed, reopened."""

from __future__ import annotations

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incident.status import Status
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY


def test_a_long_title_is_cut_and_kept_whole_in_the_description() -> None:
    incident = new_incident(title="x" * 500)
    assert len(incident.title) == 300
    assert incident.description == "x" * 500


def test_a_blank_title_still_declares() -> None:
    assert new_incident(title="   ").title == "Untitled incident"


def test_the_first_acknowledgement_stamps_and_the_second_only_joins() -> None:
    first = verbs.acknowledge(new_incident(), "UA", NOON + MINUTE)
    second = verbs.acknowledge(first.incident, "UB", NOON + 2 * MINUTE)
    assert first.incident.status is Status.ACKNOWLEDGED
    assert second.incident.acknowledged_at == NOON + MINUTE
    assert second.incident.acknowledged_by == "UA"
    assert second.incident.responders == ("UA", "UB")
    assert [len(first.entries), len(second.entries)] == [1, 0]


def test_acting_on_an_incident_acknowledges_it() -> None:
    change = verbs.move(new_incident(), Status.INVESTIGATING, "UA", POLICY, NOON + MINUTE)
    assert change.incident.acknowledged_at == NOON + MINUTE
    assert [e.kind for e in change.entries] == ["acknowledged", "status"]


@pytest.mark.parametrize("status", [Status.MONITORING, Status.RESOLVED])
def test_mitigated_is_stamped_when_the_fix_is_in_place(status: Status) -> None:
    mitigating = verbs.move(new_incident(), Status.MITIGATING, "UA", POLICY, NOON + MINUTE).incident
    assert mitigating.mitigated_at is None
    assert verbs.move(mitigating, status, "UA", POLICY, NOON + 2 * MINUTE).incident.mitigated_at == NOON + 2 * MINUTE


def test_steps_back_keep_the_first_stamp() -> None:
    identified = verbs.move(new_incident(), Status.IDENTIFIED, "UA", POLICY, NOON + MINUTE).incident
    back = verbs.move(identified, Status.INVESTIGATING, "UA", POLICY, NOON + 2 * MINUTE).incident
    again = verbs.move(back, Status.IDENTIFIED, "UA", POLICY, NOON + 3 * MINUTE).incident
    assert again.identified_at == NOON + MINUTE


@pytest.mark.parametrize("status", [Status.DETECTED, Status.MERGED])
def test_some_states_cannot_be_moved_to(status: Status) -> None:
    with pytest.raises(Refused):
        verbs.move(new_incident(), status, "UA", POLICY, NOON)


def test_the_same_status_again_is_refused() -> None:
    moved = verbs.move(new_incident(), Status.IDENTIFIED, "UA", POLICY, NOON).incident
    with pytest.raises(Refused, match="already identified"):
        verbs.move(moved, Status.IDENTIFIED, "UA", POLICY, NOON)


def test_closing_an_open_incident_resolves_it_on_the_way() -> None:
    closed = verbs.close(new_incident(), "UA", NOON + MINUTE)
    assert closed.incident.resolved_at == closed.incident.closed_at == NOON + MINUTE
    assert [e.kind for e in closed.entries] == ["acknowledged", "resolved", "closed"]


def test_reopening_starts_an_episode_and_keeps_history() -> None:
    resolved = verbs.resolve(new_incident(), "UA", NOON + MINUTE, summary="rolled back").incident
    reopened = verbs.reopen(resolved, "UB", POLICY, NOON + 10 * MINUTE, "errors are back").incident
    assert (reopened.status, reopened.episode, reopened.resolved_at) == (Status.INVESTIGATING, 2, None)
    assert reopened.acknowledged_at == NOON + MINUTE
    assert reopened.update_due_at == NOON + 25 * MINUTE
    assert reopened.ladder.started_at == NOON + 10 * MINUTE


def test_after_a_reopening_the_fix_that_failed_is_no_fix() -> None:
    ended = verbs.resolve(new_incident(), "UA", NOON + MINUTE, summary="rolled back", impact_ended_at=NOON).incident
    reopened = verbs.reopen(ended, "UB", POLICY, NOON + 10 * MINUTE, "errors are back").incident
    assert (reopened.summary, reopened.impact_ended_at) == ("", None)
    again = verbs.resolve(reopened, "UA", NOON + 20 * MINUTE).incident
    assert again.summary == ""


def test_reopening_needs_an_ended_incident_and_a_reason() -> None:
    with pytest.raises(Refused, match="still open"):
        verbs.reopen(new_incident(), "UA", POLICY, NOON, "why")
    resolved = verbs.resolve(new_incident(), "UA", NOON).incident
    with pytest.raises(Refused, match="why"):
        verbs.reopen(resolved, "UA", POLICY, NOON, " ")


@pytest.mark.parametrize("verb", ["acknowledge", "update", "severity", "role", "snooze", "resolve"])
def test_after_the_end_other_verbs_ask_to_reopen_first(verb: str) -> None:
    ended = verbs.cancel(new_incident(), "UA", NOON, "false alarm").incident
    with pytest.raises(Refused, match="Reopen it first"):
        {
            "acknowledge": lambda: verbs.acknowledge(ended, "UA", NOON),
            "update": lambda: verbs.update(ended, "x", "UA", POLICY, NOON),
            "severity": lambda: verbs.change_severity(ended, "bad", "UA", POLICY, NOON),
            "role": lambda: verbs.assign(ended, "scribe", "UA", "UA", POLICY, NOON),
            "snooze": lambda: verbs.snooze(ended, MINUTE, "UA", NOON),
            "resolve": lambda: verbs.resolve(ended, "UA", NOON),
        }[verb]()


def test_an_incident_is_cancelled_once() -> None:
    ended = verbs.cancel(new_incident(), "UA", NOON, "false alarm").incident
    with pytest.raises(AlreadyDone, match="already cancelled") as refused:
        verbs.cancel(ended, "UB", NOON, "again")
    assert (refused.value.number, refused.value.kinds) == (ended.number, ("cancelled",))
