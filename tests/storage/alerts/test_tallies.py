"""Groups of alerts are counted in the database as they would be one by one; on both databases."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.alerts.rates import rates, shares
from bot.domain.incident.status import Status
from bot.domain.policy.alert_rules import AlertAction
from storage import incidents
from storage.alerts import groups
from storage.alerts.tallies import first_opened_since, tallies
from storage.database import Database
from tests.storage.helpers import MINUTE, NOW, incident

COUNT = 60
INCIDENTS = 12


def group(number: int, chance: random.Random) -> AlertGroup:
    decision = chance.choice(list(Decision))
    joined = decision in (Decision.DECLARED, Decision.ATTACHED)
    at = NOW + number * MINUTE
    return AlertGroup(
        number, f"key-{number}", "route", AlertAction.ASK, (("alertname", "Down"),), "Down", "prometheus", "sev2", at,
        at, at, decision=decision, incident=chance.randint(1, INCIDENTS) if joined else None,
        dismissed_as=chance.choice(["false_alarm", "known"]) if decision is Decision.DISMISSED else None,
    )  # fmt: skip


async def test_counting_in_the_database_equals_counting_one_by_one(database: Database) -> None:
    chance = random.Random(1)
    stored = [group(number, chance) for number in range(1, COUNT + 1)]
    led = [
        incident(number, declared_at=NOW + 4 * number * MINUTE, detected_at=NOW, status=chance.choice(list(Status)))
        for number in range(1, INCIDENTS + 1)
    ]
    async with database.transaction() as conn:
        for each in led:
            await incidents.insert(conn, each)
        await groups.open_many(conn, stored)
        for first, end in ((1, COUNT + 1), (20, 41), (COUNT + 1, COUNT + 1)):
            start, before = NOW + first * MINUTE, NOW + end * MINUTE
            counted = await tallies(conn, start, before)
            expected = rates([each for each in stored if start <= each.opened_at < before], led)
            assert shares(counted, led) == replace(expected, rules=())
            assert await first_opened_since(conn, start - timedelta(seconds=30)) == first


async def test_without_groups_the_next_is_the_first(database: Database) -> None:
    async with database.reading() as conn:
        assert await first_opened_since(conn, NOW) == 1
        assert await tallies(conn, NOW, NOW + MINUTE) == []
