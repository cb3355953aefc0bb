"""Roles and their holders."""

from __future__ import annotations

from bot.domain import incident as verbs
from tests.domain.incidents import declared
from tests.domain.policies import NOON, POLICY


def test_a_role_goes_to_one_person_and_the_next_holder_takes_it_over() -> None:
    first = verbs.assign(declared(), "commander", "UA", "UA", POLICY, NOON).incident
    second = verbs.assign(first, "Incident commander", "UB", "UA", POLICY, NOON)
    assert second.incident.roles == {"commander": "UB"}
    assert second.entries[0].data["before"] == "UA"
    assert verbs.assign(second.incident, "commander", "UB", "UA", POLICY, NOON).entries == ()


def test_clearing_a_role_records_its_holder_and_an_empty_role_nothing() -> None:
    held = verbs.assign(declared(), "scribe", "UA", "UA", POLICY, NOON).incident
    cleared = verbs.clear_role(held, "scribe", "UB", POLICY, NOON)
    assert (cleared.incident.roles, cleared.entries[0].data["before"]) == ({}, "UA")
    assert verbs.clear_role(cleared.incident, "scribe", "UB", POLICY, NOON).entries == ()


def test_empty_roles_are_those_that_the_severity_requires() -> None:
    assert verbs.empty_roles(declared(), POLICY) == ("commander", "scribe")
    assert verbs.empty_roles(declared("mild"), POLICY) == ()
