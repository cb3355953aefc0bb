"""Shift change: the offer to a role holder whose on-call shift has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.incident import Incident, RoleShift, ShiftState
from bot.domain.oncall import shift_change
from bot.domain.routing import keys
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY

SHIFT = RoleShift("commander", "UC", "primary", NOON + 60 * MINUTE)


def on_shift(state: ShiftState = ShiftState.RUNNING) -> Incident:
    """Led by UC, whose shift ends in an hour."""
    led = verbs.assign(new_incident("mild"), "commander", "UC", "UC", POLICY, NOON).incident
    return replace(led, turns=(replace(SHIFT, state=state),))


def test_the_end_of_a_shift_is_a_deadline_until_it_was_offered() -> None:
    (deadline,) = plan(on_shift(), POLICY)
    assert deadline.dedup_key == keys.build(on_shift().number, keys.shift_subject(on_shift(), SHIFT))
    assert (deadline.kind, deadline.due_at) == ("role", SHIFT.ends_at)
    assert plan(on_shift(ShiftState.OFFERED), POLICY) == ()


def test_a_shift_of_somebody_who_gave_the_role_away_does_not_matter() -> None:
    moved = verbs.assign(on_shift(), "commander", "UN", "UC", POLICY, NOON).incident
    assert shift_change.current_shifts(moved) == ()
    assert plan(moved, POLICY) == ()


def test_shifts_that_were_offered_or_answered_are_not_planned_anew() -> None:
    later = replace(SHIFT, ends_at=NOON + 90 * MINUTE)
    assert shift_change.with_shifts(on_shift(), [later]).turns == (later,)
    offered = on_shift(ShiftState.OFFERED)
    assert shift_change.with_shifts(offered, [later]) is offered


def test_only_the_person_offered_can_stay_and_only_once() -> None:
    offered = on_shift(ShiftState.OFFERED)
    with pytest.raises(Refused, match="asked of <@UC>"):
        shift_change.stay(offered, "commander", "UX", POLICY, NOON)
    change = shift_change.stay(offered, "commander", "UC", POLICY, NOON)
    assert change.entries[0].text == "Incident commander: <@UC> stays on after their shift on primary"
    assert change.entries[0].data["state"] == "stays"
    with pytest.raises(Refused, match="That offer is over"):
        shift_change.stay(change.incident, "commander", "UC", POLICY, NOON)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (on_shift(ShiftState.STAYS), "you stay on"),
        (on_shift(ShiftState.HANDED), "you asked for it to be taken over"),
        (on_shift(ShiftState.OVER), "it is over"),
        (verbs.assign(on_shift(), "commander", "UN", "UC", POLICY, NOON).incident, "the role went to somebody else"),
        (verbs.resolve(on_shift(), "UC", NOON).incident, "the incident is resolved"),
    ],
)
def test_the_outcome_of_an_offer_is_said_in_words(after: Incident, words: str) -> None:
    assert shift_change.outcome(SHIFT, after) == words
