"""The ladder: the next rung, a rung that reaches nobody, and a rung paged again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.paging.context import PagingContext
from bot.domain.paging.directory import Directory
from bot.domain.paging.ladder import check_escalatable, page_instead, page_next_rung, repeat_rung, unreachable_rungs
from bot.domain.policy.policy import Until
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY, paging


def test_rungs_are_paged_in_order_and_each_once() -> None:
    first = page_next_rung(new_incident(), paging(), "declared")
    second = page_next_rung(first.change.incident, paging(), "again")
    assert (first.rung, first.recipients.people) == (1, ("UPRIMARY",))
    assert (second.rung, second.recipients.people) == (2, ("USECOND",))
    assert second.recipients.gaps == ("nobody holds the role scribe",)
    third = page_next_rung(second.change.incident, paging(), "again")
    assert third.recipients.channels == ("#bosses",)
    assert page_next_rung(third.change.incident, paging(), "again").rung is None


def test_an_unreachable_rung_falls_through_at_once() -> None:
    bad = page_next_rung(new_incident("bad"), paging(), "declared").change.incident
    fell = page_next_rung(bad, paging(), "not acknowledged")
    assert fell.rung is None
    assert fell.fell_through == ((2, "the policy has no schedule nobody"),)
    assert fell.change.incident.ladder.spent == {"bad": (1, 2)}


def test_people_on_call_are_reached() -> None:
    def on_call(name: str, at: datetime) -> tuple[str, ...]:
        return ("second", "UTHIRD")

    bad = replace(new_incident("bad"), ladder=replace(new_incident("bad").ladder, spent={"bad": (1,)}))
    assert page_next_rung(bad, paging(on_call=on_call), "x").recipients.people == ("USECOND", "UTHIRD")


def test_people_who_respond_already_are_left_out() -> None:
    responding = verbs.acknowledge(new_incident(), "UPRIMARY", NOON).incident
    outcome = page_next_rung(responding, paging(), "escalated")
    assert (outcome.rung, outcome.recipients.people) == (2, ("USECOND",))
    assert (outcome.fell_through, outcome.skipped) == ((), ((1, "<@UPRIMARY> is responding already"),))


def test_raising_the_severity_pages_the_first_person_who_is_not_there_yet() -> None:
    led = verbs.assign(new_incident("bad"), "commander", "UPRIMARY", "UPRIMARY", POLICY, NOON).incident
    raised = verbs.change_severity(led, "fatal", "UPRIMARY", POLICY, NOON + MINUTE).incident
    outcome = page_next_rung(raised, paging(NOON + MINUTE), "it is fatal now")
    assert (outcome.rung, outcome.recipients.people) == (2, ("USECOND",))


def test_of_a_rung_only_people_who_are_not_there_yet_are_paged() -> None:
    there = verbs.assign(new_incident(), "scribe", "USCRIBE", "USCRIBE", POLICY, NOON).incident
    outcome = page_next_rung(there, paging(), "escalated", rung=2)
    assert (outcome.rung, outcome.recipients.people) == (2, ("USECOND",))


def test_a_repeated_page_leaves_out_who_responds_by_now() -> None:
    two = replace(POLICY.severities[0].ladder[1], repeat=5 * MINUTE, until=Until.RESOLVED)
    policy = replace(POLICY, severities=(replace(POLICY.severities[0], ladder=(two,)), *POLICY.severities[1:]))
    named = verbs.assign(new_incident(), "scribe", "USCRIBE", "UOTHER", POLICY, NOON).incident
    paged = page_next_rung(named, paging(policy=policy), "declared").change.incident
    one_there = replace(paged, responders=("USECOND",))
    again = repeat_rung(one_there, paging(NOON + 5 * MINUTE, policy), 1)
    assert (again.rung, again.recipients.people) == (1, ("USCRIBE",))
    both_there = replace(again.change.incident, responders=("USECOND", "USCRIBE"))
    quiet = repeat_rung(both_there, paging(NOON + 10 * MINUTE, policy), 1)
    assert (quiet.rung, quiet.change.entries) == (None, ())
    assert quiet.skipped == ((1, "<@USECOND> and <@USCRIBE> are responding already"),)


def test_repeats_stop_with_the_acknowledgement() -> None:
    paged = page_next_rung(new_incident(), paging(), "x", rung=3).change.incident
    assert [d.rung for d in plan(verbs.acknowledge(paged, "UA", NOON).incident, POLICY) if d.rung] == []


def test_that_nobody_is_left_counts_as_said_once_an_episode_and_severity() -> None:
    incident = new_incident("bad")
    for _ in range(2):
        outcome = page_next_rung(incident, paging(), "x")
        incident = outcome.change.incident
        assert not outcome.said_before
    assert page_next_rung(incident, paging(), "x").said_before
    raised = verbs.change_severity(incident, "fatal", "UA", POLICY, NOON).incident
    assert not page_next_rung(raised, paging(), "x").said_before


def test_a_rung_of_people_without_a_slack_account_falls_through_with_the_reason() -> None:
    directory = Directory(unreachable={"UPRIMARY": "their account is deactivated"})
    outcome = page_next_rung(new_incident(), replace(paging(), directory=directory), "declared")
    assert (outcome.rung, outcome.recipients.people) == (2, ("USECOND",))
    assert outcome.fell_through == ((1, "<@UPRIMARY>: their account is deactivated"),)


def test_lowering_and_raising_again_pages_no_rung_twice() -> None:
    incident = page_next_rung(new_incident(), paging(), "declared").change.incident
    lowered = verbs.change_severity(incident, "bad", "UA", POLICY, NOON + MINUTE).incident
    raised = verbs.change_severity(lowered, "fatal", "UA", POLICY, NOON + 2 * MINUTE).incident
    assert page_next_rung(raised, paging(), "raised").rung == 2


def test_a_repeated_page_is_counted() -> None:
    incident = page_next_rung(new_incident(), paging(), "x", rung=3).change.incident
    again = repeat_rung(incident, paging(NOON + 20 * MINUTE), 3)
    assert again.times == 2
    assert "2nd page" in again.change.entries[0].text


def test_a_page_is_counted_for_each_person() -> None:
    """A page that reached nobody goes to somebody else on the rung. Later the rotation names others."""

    def covered_by(person: str) -> PagingContext:
        return paging(on_call=lambda name, at: (person,))

    instead = page_instead(new_incident("bad"), covered_by("UCOVER"), "unreachable", 2, ("UHOLDER",), 1)
    assert (instead.rung, instead.times, instead.counts) == (2, 2, {"UCOVER": 1})
    again = repeat_rung(instead.change.incident, covered_by("UCOVER"), 2)
    assert (again.times, again.counts) == (3, {"UCOVER": 2})
    assert "2nd page" in again.change.entries[0].text
    third = repeat_rung(again.change.incident, covered_by("UTHIRD"), 2)
    assert third.counts == {"UTHIRD": 1}
    assert repeat_rung(third.change.incident, covered_by("UCOVER"), 2).counts == {"UCOVER": 3}


def test_an_ended_incident_cannot_be_escalated() -> None:
    check_escalatable(new_incident())
    with pytest.raises(Refused, match="nobody is paged"):
        check_escalatable(verbs.resolve(new_incident(), "UA", NOON).incident)


def test_a_rung_is_planned_only_until_its_state_is_reached() -> None:
    acknowledged = verbs.acknowledge(new_incident(), "UA", NOON).incident
    assert [d.rung for d in plan(acknowledged, POLICY) if d.rung] == [3]


def test_repeats_are_planned_from_the_last_page_until_the_end() -> None:
    paged = page_next_rung(new_incident(), paging(), "x", rung=3).change.incident
    (again,) = [d for d in plan(paged, POLICY) if d.rung == 3]
    assert again.due_at == NOON + 20 * MINUTE
    twice = repeat_rung(paged, paging(again.due_at), 3).change.incident
    (third,) = [d for d in plan(twice, POLICY) if d.rung == 3]
    assert (third.due_at, third.dedup_key.endswith(":3:2")) == (NOON + 40 * MINUTE, True)
    over = verbs.resolve(twice, "UA", NOON + 50 * MINUTE).incident
    assert plan(over, POLICY) == ()


def test_rungs_that_would_reach_nobody_are_announced_beforehand() -> None:
    assert unreachable_rungs(new_incident("bad"), paging()) == (
        "Rung 2 would reach nobody: the policy has no schedule nobody.",
    )
