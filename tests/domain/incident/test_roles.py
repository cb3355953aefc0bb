"""Roles and their holders."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import incident as verbs
from bot.domain.incident.roles import is_given_by_others
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON, POLICY


def test_a_role_goes_to_one_person_and_the_next_holder_takes_it_over() -> None:
    first = verbs.assign(new_incident(), "commander", "UA", "UA", POLICY, NOON).incident
    second = verbs.assign(first, "Incident commander", "UB", "UA", POLICY, NOON)
    assert second.incident.roles == {"commander": "UB"}
    assert second.entries[0].data["before"] == "UA"
    assert verbs.assign(second.incident, "commander", "UB", "UA", POLICY, NOON).entries == ()


def test_clearing_a_role_records_its_holder_and_an_empty_role_nothing() -> None:
    held = verbs.assign(new_incident(), "scribe", "UA", "UA", POLICY, NOON).incident
    cleared = verbs.clear_role(held, "scribe", "UB", POLICY, NOON)
    assert (cleared.incident.roles, cleared.entries[0].data["before"]) == ({}, "UA")
    assert verbs.clear_role(cleared.incident, "scribe", "UB", POLICY, NOON).entries == ()


def test_empty_roles_are_those_that_the_severity_requires() -> None:
    assert verbs.empty_roles(new_incident(), POLICY) == ("commander", "scribe")
    assert verbs.empty_roles(new_incident("mild"), POLICY) == ()


def test_a_role_that_somebody_took_counts_as_given_once_another_person_gives_it() -> None:
    taken = verbs.assign(new_incident(), "scribe", "UA", "UA", POLICY, NOON).incident
    assert not is_given_by_others(taken, "scribe")
    given = verbs.assign(taken, "scribe", "UA", "UB", POLICY, NOON)
    assert is_given_by_others(given.incident, "scribe")
    assert given.entries[-1].actor == "UB"
    again = verbs.assign(given.incident, "scribe", "UA", "UA", POLICY, NOON)
    assert is_given_by_others(again.incident, "scribe")
    assert is_given_by_others(replace(new_incident(), roles={"scribe": "UA"}), "scribe")
