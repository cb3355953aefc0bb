"""The ladder: the next rung, a rung that reaches nobody, and a rung paged again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.paging.ladder import check_escalatable, page_next_rung, repeat_rung, unreachable_rungs
from tests.domain.incidents import declared
from tests.domain.policies import MINUTE, NOON, POLICY, nobody_on_call


def test_rungs_are_paged_in_order_and_each_once() -> None:
    first = page_next_rung(declared(), POLICY, nobody_on_call, NOON, "declared")
    second = page_next_rung(first.change.incident, POLICY, nobody_on_call, NOON, "again")
    assert (first.rung, first.recipients.people) == (1, ("UPRIMARY",))
    assert (second.rung, second.recipients.people) == (2, ("USECOND",))
    assert second.recipients.gaps == ("nobody holds the role scribe",)
    third = page_next_rung(second.change.incident, POLICY, nobody_on_call, NOON, "again")
    assert third.recipients.channels == ("#bosses",)
    assert page_next_rung(third.change.incident, POLICY, nobody_on_call, NOON, "again").rung is None


def test_an_unreachable_rung_falls_through_at_once() -> None:
    bad = page_next_rung(declared("bad"), POLICY, nobody_on_call, NOON, "declared").change.incident
    fell = page_next_rung(bad, POLICY, nobody_on_call, NOON, "not acknowledged")
    assert fell.rung is None
    assert fell.fell_through == ((2, "the policy has no schedule nobody"),)
    assert fell.change.incident.ladder.spent == {"bad": (1, 2)}


def test_people_on_call_are_reached() -> None:
    def on_call(name: str, at: datetime) -> tuple[str, ...]:
        return ("second", "UTHIRD")

    bad = replace(declared("bad"), ladder=replace(declared("bad").ladder, spent={"bad": (1,)}))
    assert page_next_rung(bad, POLICY, on_call, NOON, "x").recipients.people == ("USECOND", "UTHIRD")


def test_people_who_respond_already_are_left_out() -> None:
    responding = verbs.acknowledge(declared(), "UPRIMARY", NOON).incident
    outcome = page_next_rung(responding, POLICY, nobody_on_call, NOON, "escalated")
    assert outcome.rung == 2
    assert outcome.fell_through == ((1, "everybody on it is responding already"),)


def test_lowering_and_raising_again_pages_no_rung_twice() -> None:
    incident = page_next_rung(declared(), POLICY, nobody_on_call, NOON, "declared").change.incident
    lowered = verbs.change_severity(incident, "bad", "UA", POLICY, NOON + MINUTE).incident
    raised = verbs.change_severity(lowered, "fatal", "UA", POLICY, NOON + 2 * MINUTE).incident
    assert page_next_rung(raised, POLICY, nobody_on_call, NOON, "raised").rung == 2


def test_a_repeated_page_is_counted() -> None:
    incident = page_next_rung(declared(), POLICY, nobody_on_call, NOON, "x", rung=3).change.incident
    again = repeat_rung(incident, POLICY, nobody_on_call, NOON + 20 * MINUTE, 3)
    assert again.times == 2
    assert "2nd page" in again.change.entries[0].text


def test_an_ended_incident_cannot_be_escalated() -> None:
    check_escalatable(declared())
    with pytest.raises(Refused, match="nobody is paged"):
        check_escalatable(verbs.resolve(declared(), "UA", NOON).incident)


def test_a_rung_is_planned_only_until_its_state_is_reached() -> None:
    acknowledged = verbs.acknowledge(declared(), "UA", NOON).incident
    assert [d.rung for d in plan(acknowledged, POLICY) if d.rung] == [3]


def test_repeats_are_planned_from_the_last_page_until_the_end() -> None:
    paged = page_next_rung(declared(), POLICY, nobody_on_call, NOON, "x", rung=3).change.incident
    (again,) = [d for d in plan(paged, POLICY) if d.rung == 3]
    assert again.due_at == NOON + 20 * MINUTE
    twice = repeat_rung(paged, POLICY, nobody_on_call, again.due_at, 3).change.incident
    (third,) = [d for d in plan(twice, POLICY) if d.rung == 3]
    assert (third.due_at, third.dedup_key.endswith(":3:2")) == (NOON + 40 * MINUTE, True)
    over = verbs.resolve(twice, "UA", NOON + 50 * MINUTE).incident
    assert plan(over, POLICY) == ()


def test_rungs_that_would_reach_nobody_are_announced_beforehand() -> None:
    assert unreachable_rungs(declared("bad"), POLICY, nobody_on_call, NOON) == (
        "Rung 2 would reach nobody: the policy has no schedule nobody.",
    )
