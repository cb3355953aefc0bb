"""The notices of an offered role: who is asked, when, and how the request ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change, Handover, Incident, handover
from bot.domain.routing import handover_nudge, handover_offered
from bot.domain.routing.notice import NoticeKind, OnDependencyFailure, Priority
from tests.domain.incidents import new_incident, notices_of
from tests.domain.policies import MINUTE, NOON, POLICY

LATER = NOON + MINUTE


def offer_role(incident: Incident | None = None) -> tuple[Incident, Handover]:
    """UA, who leads, offers the role to UB."""
    led = verbs.assign(incident or new_incident(), "commander", "UA", "UA", POLICY, NOON).incident
    asked = handover.offer(led, "commander", "UB", "UA", POLICY, NOON).incident
    (offer,) = asked.handovers
    return asked, offer


def test_the_person_asked_is_invited_and_asked_directly_without_waiting_for_the_channel() -> None:
    invitation, request = handover_offered(*offer_role())
    assert (invitation.kind, invitation.payload) == (NoticeKind.INVITE, {"user": "UB", "asked_by": None})
    assert (request.kind, request.payload["person"], request.depends_on) == (NoticeKind.HANDOVER, "UB", None)


def test_in_a_private_incident_the_request_follows_the_invitation_and_goes_out_even_if_that_fails() -> None:
    invitation, request = handover_offered(*offer_role(replace(new_incident(), private=True)))
    assert request.depends_on == invitation.dedup_key
    assert request.on_dependency_failure is OnDependencyFailure.SEND


def test_the_second_request_is_another_message_in_the_channel() -> None:
    incident, offer = offer_role()
    request = handover_offered(incident, offer)[1]
    again = handover_nudge(incident, offer, "handover:1:1:1:0")
    assert again.dedup_key == f"{request.dedup_key}:again"
    assert (again.depends_on, again.deadline) == ("channel:1", "handover:1:1:1:0")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda incident: handover.accept(incident, 1, "UB", POLICY, LATER), "accepted by <@UB>"),
        (lambda incident: handover.decline(incident, 1, "UB", POLICY, LATER), "declined"),
        (lambda incident: handover.expire(incident, incident.handovers[0], "UB", POLICY, LATER),
         "it was not answered in time"),
        (lambda incident: verbs.resolve(incident, "UA", LATER), "the incident is resolved"),
    ],
    ids=["accepted", "declined", "unanswered", "resolved"],
)  # fmt: skip
def test_a_request_that_is_answered_or_over_says_how(answer: Callable[[Incident], Change], outcome: str) -> None:
    incident, offer = offer_role()
    request = handover_offered(incident, offer)[1]
    (edit,) = [each for each in notices_of(incident, answer(incident)) if each.kind is NoticeKind.HANDOVER_EDIT]
    assert (edit.payload["of"], edit.depends_on) == (request.dedup_key, request.dedup_key)
    assert (edit.payload["outcome"], edit.priority) == (outcome, Priority.BUTTONS)


def test_a_request_stays_while_it_is_open() -> None:
    incident, _ = offer_role()
    notices = notices_of(incident, Change(replace(incident, title="Payments are down")))
    assert NoticeKind.HANDOVER_EDIT not in {notice.kind for notice in notices}
