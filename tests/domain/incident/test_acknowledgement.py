"""Who counts as a responder: people who took part by an act of their own in this episode."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.incident import Change, Incident, StatusUpdate, handover
from bot.domain.incident.status import Status
from bot.domain.paging.ladder import page_next_rung
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY, paging

OWN_ACTS: dict[str, Callable[[Incident], Change]] = {
    "acknowledging": lambda i: verbs.acknowledge(i, "UA", NOON),
    "taking the lead": lambda i: verbs.assign(i, "commander", "UA", "UA", POLICY, NOON),
    "taking a role again after a reopening": lambda i: verbs.assign(
        verbs.assign(i, "scribe", "UA", "UB", POLICY, NOON).incident, "scribe", "UA", "UA", POLICY, NOON
    ),
    "accepting a role": lambda i: handover.accept(
        handover.offer(i, "commander", "UA", "UB", POLICY, NOON).incident, 1, "UA", POLICY, NOON
    ),
    "moving the status": lambda i: verbs.move(i, Status.IDENTIFIED, "UA", POLICY, NOON),
    "posting an update": lambda i: verbs.update(i, "Rolling back", "UA", POLICY, NOON),
}
ACTS_OF_OTHERS: dict[str, Callable[[Incident], Change]] = {
    "being named to a role": lambda i: verbs.assign(i, "commander", "UA", "UB", POLICY, NOON),
    "being asked to take a role over": lambda i: handover.offer(i, "commander", "UA", "UB", POLICY, NOON),
    "being paged": lambda i: page_next_rung(i, paging(), "declared").change,
    "writing a note": lambda i: verbs.note(i, "It began at 02:47", "UA", NOON),
    "raising the severity": lambda i: verbs.change_severity(i, "fatal", "UA", POLICY, NOON),
}


@pytest.mark.parametrize("act", OWN_ACTS)
def test_taking_part_by_ones_own_act_is_responding_and_acknowledges(act: str) -> None:
    change = OWN_ACTS[act](new_incident("bad"))
    assert change.incident.responders == ("UA",)
    assert (change.incident.ladder.acknowledged_at, change.incident.acknowledged_by) == (NOON, "UA")
    assert change.incident.status is not Status.DETECTED
    assert sum(entry.kind == "acknowledged" for entry in change.entries) == 1


@pytest.mark.parametrize("act", OWN_ACTS)
def test_a_person_who_takes_part_after_the_acknowledgement_responds_too(act: str) -> None:
    first = verbs.acknowledge(new_incident("bad"), "UFIRST", NOON).incident
    change = OWN_ACTS[act](first)
    assert change.incident.responders == ("UFIRST", "UA")
    assert change.incident.acknowledged_by == "UFIRST"
    assert not [entry for entry in change.entries if entry.kind == "acknowledged"]


@pytest.mark.parametrize("act", ACTS_OF_OTHERS)
def test_what_others_do_makes_nobody_a_responder(act: str) -> None:
    change = ACTS_OF_OTHERS[act](new_incident("bad"))
    assert (change.incident.responders, change.incident.ladder.acknowledged_at) == ((), None)


def test_a_reopening_starts_with_nobody_responding_and_pages_rung_1() -> None:
    first = page_next_rung(new_incident(), paging(), "declared").change.incident
    answered = verbs.acknowledge(first, "UPRIMARY", NOON + MINUTE).incident
    led = verbs.assign(answered, "commander", "UPRIMARY", "UPRIMARY", POLICY, NOON + MINUTE).incident
    resolved = verbs.resolve(led, "UPRIMARY", NOON + 9 * MINUTE).incident
    reopened = verbs.reopen(resolved, "UOTHER", POLICY, NOON + 720 * MINUTE, "errors are back").incident
    assert reopened.responders == ()
    paged = page_next_rung(reopened, paging(NOON + 720 * MINUTE), "reopened")
    assert (paged.rung, paged.recipients.people) == (1, ("UPRIMARY",))


def test_a_person_named_to_a_role_is_still_paged_by_their_rung() -> None:
    named = verbs.assign(new_incident(), "commander", "UPRIMARY", "UOTHER", POLICY, NOON).incident
    paged = page_next_rung(named, paging(), "declared")
    assert (paged.rung, paged.recipients.people) == (1, ("UPRIMARY",))


def test_an_update_does_not_acknowledge_the_severity_that_it_raises() -> None:
    post = StatusUpdate("Nobody can pay", Status.IDENTIFIED, "fatal", next_in=5 * MINUTE)
    change = verbs.post_update(new_incident("bad"), post, "UA", POLICY, NOON + MINUTE)
    incident = change.incident
    assert [entry.kind for entry in change.entries] == ["acknowledged", "severity", "status", "update"]
    assert (incident.responders, incident.ladder.acknowledged_at) == (("UA",), None)
    assert (incident.status, incident.update_due_at) == (Status.IDENTIFIED, NOON + 6 * MINUTE)
    assert [deadline.rung for deadline in plan(incident, POLICY) if deadline.rung] == [1, 2, 3]
