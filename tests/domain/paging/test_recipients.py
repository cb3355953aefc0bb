"""Whom the targets of a rung reach."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.paging.recipients import recipients_of
from bot.domain.policy.policy import Policy, Role, Rung
from bot.domain.values.target import Target
from tests.domain.incidents import declared
from tests.domain.policies import MINUTE, NOON, POLICY, nobody_on_call


def with_backups(*roles: Role) -> Policy:
    return replace(POLICY, roles=roles)


def test_an_empty_role_falls_back_along_its_chain_of_backups() -> None:
    chain = (Role("a", "A", backup="b"), Role("b", "B", backup="c"), Role("c", "C", backup="second"))
    rung = Rung(0 * MINUTE, (Target.parse("role:a"),))
    policy = with_backups(*chain)
    assert recipients_of(rung, declared(), policy, nobody_on_call, NOON).people == ("USECOND",)
    held = replace(declared(), roles={"c": "UC"})
    assert recipients_of(rung, held, policy, nobody_on_call, NOON).people == ("UC",)


def test_backups_in_a_circle_are_a_gap() -> None:
    rung = Rung(0 * MINUTE, (Target.parse("role:a"),))
    circle = with_backups(Role("a", "A", backup="b"), Role("b", "B", backup="a"))
    assert recipients_of(rung, declared(), circle, nobody_on_call, NOON).gaps == (
        "nobody holds the role a, nor its backup b",
    )
