"""Whom the targets of a rung reach."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.paging.recipients import recipients_of
from bot.domain.policy.policy import Policy, Role
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import POLICY, paging

ROLE_A = (Target.parse("role:a"),)


def with_backups(*roles: Role) -> Policy:
    return replace(POLICY, roles=roles)


def test_an_empty_role_falls_back_along_its_chain_of_backups() -> None:
    chain = (Role("a", "A", backup="b"), Role("b", "B", backup="c"), Role("c", "C", backup="second"))
    policy = with_backups(*chain)
    assert recipients_of(ROLE_A, new_incident(), paging(policy=policy)).people == ("USECOND",)
    held = replace(new_incident(), roles={"c": "UC"})
    assert recipients_of(ROLE_A, held, paging(policy=policy)).people == ("UC",)


def test_backups_in_a_circle_are_a_gap() -> None:
    circle = with_backups(Role("a", "A", backup="b"), Role("b", "B", backup="a"))
    assert recipients_of(ROLE_A, new_incident(), paging(policy=circle)).gaps == (
        "nobody holds the role a, nor its backup b",
    )
