"""Two-sided handover: the offer, its answers, and its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from bot.domain.incident import Incident, handover
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY


def led_incident() -> Incident:
    """Led by UC."""
    return verbs.assign(new_incident(), "commander", "UC", "UC", POLICY, NOON).incident


def offered_incident(to: str = "UN") -> Incident:
    """Led by UC, who has offered the role."""
    return handover.offer(led_incident(), "commander", to, "UC", POLICY, NOON).incident


def test_an_offered_role_stays_with_its_holder_until_it_is_accepted() -> None:
    assert offered_incident().roles == {"commander": "UC"}
    accepted = handover.accept(offered_incident(), 1, "UN", POLICY, NOON + MINUTE)
    assert accepted.incident.roles == {"commander": "UN"}
    assert handover.open_offers(accepted.incident) == ()
    assert [entry.kind for entry in accepted.entries] == ["handover", "role"]
    assert accepted.entries[0].data["told"] is False


def test_a_declined_or_expired_offer_leaves_the_role_where_it_is() -> None:
    (offer,) = handover.open_offers(offered_incident())
    declined = handover.decline(offered_incident(), 1, "UN", POLICY, NOON)
    expired = handover.expire(offered_incident(), offer, "tocsin", POLICY, NOON + 20 * MINUTE)
    for change in (declined, expired):
        assert change.incident.roles == {"commander": "UC"}
        assert handover.open_offers(change.incident) == ()
    assert expired.entries[0].text == "Incident commander: <@UN> did not answer within 20m"


def test_only_the_person_asked_can_answer_and_only_once() -> None:
    with pytest.raises(Refused, match="asked of <@UN>"):
        handover.accept(offered_incident(), 1, "UX", POLICY, NOON)
    declined = handover.decline(offered_incident(), 1, "UN", POLICY, NOON).incident
    with pytest.raises(Refused, match="That handover is over"):
        handover.accept(declined, 1, "UN", POLICY, NOON)


def test_a_role_is_not_offered_to_its_holder_or_to_oneself() -> None:
    with pytest.raises(Refused, match="is Incident commander already"):
        handover.offer(led_incident(), "commander", "UC", "UX", POLICY, NOON)
    with pytest.raises(Refused, match="goes to somebody else") as refusal:
        handover.offer(led_incident(), "scribe", "UX", "UX", POLICY, NOON)
    assert refusal.value.example == "role scribe me"


def test_asking_again_gives_as_much_time_again() -> None:
    (offer,) = handover.open_offers(offered_incident())
    (repeated,) = handover.open_offers(handover.ask_again(offered_incident(), offer, POLICY, NOON + 10 * MINUTE))
    assert (repeated.nudged, repeated.due_at) == (True, NOON + 20 * MINUTE)


def test_an_offer_survives_its_payload() -> None:
    (offer,) = handover.open_offers(offered_incident())
    assert handover.from_payload({**handover.to_payload(offer), "person": "UN"}) == offer


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (handover.accept(offered_incident(), 1, "UN", POLICY, NOON).incident, "accepted by <@UN>"),
        (handover.decline(offered_incident(), 1, "UN", POLICY, NOON).incident, "declined"),
        (
            handover.offer(offered_incident(), "commander", "UO", "UC", POLICY, NOON).incident,
            "somebody else was asked instead",
        ),
        (replace(offered_incident(), roles={"commander": "UX"}), "the role went to somebody else"),
        (verbs.resolve(offered_incident(), "UC", NOON).incident, "the incident is resolved"),
    ],
)
def test_the_outcome_of_an_offer_is_said_in_words(after: Incident, words: str) -> None:
    assert handover.outcome(1, offered_incident(), after) == words
