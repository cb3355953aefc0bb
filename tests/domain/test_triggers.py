"""Triggers: what holds, from when, and when it pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.paging.triggers import fire, fire_holding, holds, record_page
from bot.domain.policy.policy import Policy, Rung, Trigger
from bot.domain.values.target import Target
from tests.domain.policies import FATAL, MINUTE, NOON, POLICY
from tests.domain.test_incident import declared


def trigger(when: str, after: timedelta = timedelta(), **more: Any) -> Trigger:
    rung = Rung(
        after, (Target.parse("user:UOPS"),), until=more.pop("until", "resolved"), repeat=more.pop("repeat", None)
    )
    return Trigger("it", when, rung, "Something", **more)


def policy(*triggers: Trigger) -> Policy:
    return replace(
        POLICY, triggers=triggers, severities=(replace(FATAL, resolve_within=60 * MINUTE), *POLICY.severities[1:])
    )


def planned(incident: verbs.Incident, rules: Policy) -> list[tuple[str, Any]]:
    return [(d.dedup_key, d.due_at) for d in plan(incident, rules) if d.dedup_key.startswith("trigger:")]


@pytest.mark.parametrize(
    ("when", "over", "changes", "expected"),
    [
        ("declared", None, {}, True),
        ("services_affected", 1, {"services": ("a",)}, False),
        ("services_affected", 1, {"services": ("a", "b")}, True),
        ("revenue_impact", 10000, {"facts": {}}, False),
        ("revenue_impact", 10000, {"facts": {"revenue": 10000}}, False),
        ("revenue_impact", 10000, {"facts": {"revenue": 10001}}, True),
        ("data_loss", None, {"facts": {"data_loss": True}}, True),
        ("data_loss", None, {"category": "data_integrity"}, True),
        ("security", None, {"facts": {"security": True}}, True),
        ("security", None, {"category": "security"}, True),
        ("security", None, {"category": "data"}, False),
        ("public_relations", None, {"facts": {"public_relations": True}}, True),
        ("manual", None, {}, False),
        ("auto_remediation_failed", None, {}, False),
    ],
)
def test_what_holds(when: str, over: float | None, changes: dict[str, Any], expected: bool) -> None:
    assert holds(trigger(when, over=over), replace(declared(), **changes)) is expected


def test_it_pages_its_own_delay_after_it_first_held() -> None:
    rules = policy(trigger("security", 5 * MINUTE))
    late = fire_holding(replace(declared(), category="security"), rules, NOON + 30 * MINUTE)
    assert planned(late, rules) == [("trigger:1:1:it", NOON + 35 * MINUTE)]
    assert fire_holding(late, rules, NOON + 50 * MINUTE) == late


def test_a_target_that_passes_pages_without_anybody_noting_it() -> None:
    rules = policy(trigger("target_exceeded", 5 * MINUTE))
    assert planned(declared(), rules) == [("trigger:1:1:it", NOON + 65 * MINUTE)]
    assert planned(declared("mild"), rules) == []


def test_by_hand_and_failed_remediation_are_tripped_by_name() -> None:
    rules = policy(trigger("manual"))
    assert planned(fire(declared(), rules, "auto_remediation_failed", NOON), rules) == []
    assert planned(fire(declared(), rules, "manual", NOON), rules) == [("trigger:1:1:it", NOON)]


def test_it_pages_once_and_again_only_where_it_repeats() -> None:
    dedup_key, again = policy(trigger("declared")), policy(trigger("declared", repeat=20 * MINUTE))
    for rules, expected in ((dedup_key, []), (again, [("trigger:1:1:it:1", NOON + 20 * MINUTE)])):
        done = record_page(fire_holding(declared(), rules, NOON), rules.triggers[0], NOON)
        assert planned(done, rules) == expected


def test_it_is_for_its_severities_and_until_its_end_and_anew_in_a_new_episode() -> None:
    rules = policy(trigger("declared", severities=("bad",), until="mitigated"))
    assert planned(fire_holding(declared(), rules, NOON), rules) == []
    held = fire_holding(declared("bad"), rules, NOON)
    assert planned(held, rules) != []
    over = verbs.resolve(held, "UA", NOON).incident
    assert planned(over, rules) == []
    back = fire_holding(verbs.reopen(over, "UA", rules, NOON + MINUTE, "again").incident, rules, NOON + MINUTE)
    assert planned(back, rules) == [("trigger:1:2:it", NOON + MINUTE)]


def test_raising_the_severity_forgets_no_trigger() -> None:
    rules = policy(trigger("declared"))
    done = record_page(fire_holding(declared("bad"), rules, NOON), rules.triggers[0], NOON)
    raised = verbs.change_severity(done, "fatal", "UA", rules, NOON).incident
    assert planned(fire_holding(raised, rules, NOON), rules) == []
