"""Triggers: which fire, since when, and when each pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.paging.triggers import fire, fire_holding, fire_one, holds, parse_trigger, record_page
from bot.domain.policy.policy import Policy, Rung, Trigger, Until
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import FATAL, MINUTE, NOON, POLICY


def trigger(when: str, after: timedelta = timedelta(), **more: Any) -> Trigger:
    rung = Rung(
        after, (Target.parse("user:UOPS"),), until=more.pop("until", Until.RESOLVED), repeat=more.pop("repeat", None)
    )
    return Trigger("it", when, rung, "Something", **more)


def policy(*triggers: Trigger) -> Policy:
    return replace(
        POLICY, triggers=triggers, severities=(replace(FATAL, resolve_within=60 * MINUTE), *POLICY.severities[1:])
    )


def planned_deadlines(incident: verbs.Incident, rules: Policy) -> list[tuple[str, Any]]:
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
def test_a_trigger_holds_by_the_facts_and_category_of_the_incident(
    when: str, over: float | None, changes: dict[str, Any], expected: bool
) -> None:
    assert holds(trigger(when, over=over), replace(new_incident(), **changes)) is expected


def test_a_trigger_pages_its_own_delay_after_it_fired() -> None:
    rules = policy(trigger("security", 5 * MINUTE))
    late = fire_holding(replace(new_incident(), category="security"), rules, NOON + 30 * MINUTE)
    assert planned_deadlines(late, rules) == [("trigger:1:1:it", NOON + 35 * MINUTE)]
    assert fire_holding(late, rules, NOON + 50 * MINUTE) == late


def test_the_target_to_resolve_is_planned_in_advance() -> None:
    rules = policy(trigger("target_exceeded", 5 * MINUTE))
    assert planned_deadlines(new_incident(), rules) == [("trigger:1:1:it", NOON + 65 * MINUTE)]
    assert planned_deadlines(new_incident("mild"), rules) == []


def test_events_fire_triggers_by_name() -> None:
    rules = policy(trigger("manual"))
    assert planned_deadlines(fire(new_incident(), rules, "auto_remediation_failed", NOON), rules) == []
    assert planned_deadlines(fire(new_incident(), rules, "manual", NOON), rules) == [("trigger:1:1:it", NOON)]


def test_a_trigger_pages_once_unless_it_repeats() -> None:
    once, repeating = policy(trigger("declared")), policy(trigger("declared", repeat=20 * MINUTE))
    for rules, expected in ((once, []), (repeating, [("trigger:1:1:it:1", NOON + 20 * MINUTE)])):
        done = record_page(fire_holding(new_incident(), rules, NOON), rules.triggers[0], NOON)
        assert planned_deadlines(done, rules) == expected


def test_a_trigger_applies_at_its_severities_and_anew_in_each_episode() -> None:
    rules = policy(trigger("declared", severities=("bad",), until=Until.MITIGATED))
    assert planned_deadlines(fire_holding(new_incident(), rules, NOON), rules) == []
    held = fire_holding(new_incident("bad"), rules, NOON)
    assert planned_deadlines(held, rules) != []
    over = verbs.resolve(held, "UA", NOON).incident
    assert planned_deadlines(over, rules) == []
    back = fire_holding(verbs.reopen(over, "UA", rules, NOON + MINUTE, "again").incident, rules, NOON + MINUTE)
    assert planned_deadlines(back, rules) == [("trigger:1:2:it", NOON + MINUTE)]


def test_raising_the_severity_pages_no_trigger_again() -> None:
    rules = policy(trigger("declared"))
    done = record_page(fire_holding(new_incident("bad"), rules, NOON), rules.triggers[0], NOON)
    raised = verbs.change_severity(done, "fatal", "UA", rules, NOON).incident
    assert planned_deadlines(fire_holding(raised, rules, NOON), rules) == []


def test_a_person_fires_a_trigger_once_and_only_where_it_applies() -> None:
    security = trigger("security", severities=("bad",))
    fired = fire_one(new_incident("bad"), security, NOON)
    assert fired.ladder.tripped["it"].at == NOON
    with pytest.raises(Refused, match="has fired already"):
        fire_one(fired, security, NOON)
    with pytest.raises(Refused, match="pages at bad only, and INC-1 is fatal"):
        fire_one(new_incident(), security, NOON)


def test_a_trigger_is_named_by_its_longest_name_and_the_rest_is_the_reason() -> None:
    rules = policy(trigger("data_loss"), replace(trigger("manual"), key="data", name="Data"))
    match = parse_trigger(rules, "Data-Loss: rows are gone")
    assert match is not None
    assert (match[0].when, match[1]) == ("data_loss", "rows are gone")
    assert parse_trigger(rules, "nothing of the kind") is None
