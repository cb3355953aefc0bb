"""Groups that fire are found by their services, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.policy.alert_rules import AlertAction
from storage.alerts import groups, related
from storage.database import Database
from tests.storage.helpers import NOW


def group(number: int, *services: str, decision: Decision = Decision.ASKED) -> AlertGroup:
    return AlertGroup(
        number, f"key {number}", "route 1", AlertAction.ASK, (), "Slow", "events", "sev1",
        NOW, NOW + timedelta(seconds=number), NOW, services, decision=decision,
    )  # fmt: skip


async def found(database: Database, services: set[str], below: int, most: int = 100) -> list[int]:
    async with database.reading() as conn:
        return [each.number for each in await related.firing_of_services(conn, services, below, most)]


async def test_older_groups_that_fire_are_found_by_any_of_their_services(database: Database) -> None:
    over = replace(group(3, "api"), state=AlertStatus.RESOLVED)
    stored = [group(1, "api", "web"), group(2, "db"), over, group(4), group(5, 'a"b'), group(6, "web"), group(7, "web")]
    async with database.transaction() as conn:
        await groups.open_many(conn, stored)
    assert await found(database, {"api", "web"}, below=7) == [6, 1]
    assert await found(database, {'a"b'}, below=7) == [5]
    assert await found(database, {"api", "web", "db"}, below=7, most=4) == [6, 2], "of the four newest that fire"
    assert await found(database, set(), below=7) == []
    async with database.reading() as conn:
        assert [await related.fire_before(conn, 7, most) for most in (4, 5)] == [True, False]


async def test_of_groups_that_are_alike_the_last_to_change_are_found(database: Database) -> None:
    alike = [group(number, "api") for number in range(1, 31)]
    waiting = group(31, "api", decision=Decision.WAITING)
    async with database.transaction() as conn:
        await groups.open_many(conn, [*alike, waiting])
    assert await found(database, {"api"}, below=100) == [31, 30, 29, 28, 27, 26]
