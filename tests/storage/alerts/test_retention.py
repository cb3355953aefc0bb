"""Old alerts are deleted in steps; firing and recent ones, and those of open incidents, stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.reception import ReceivedAlert, Reception
from bot.domain.policy.alert_rules import AlertAction
from storage.alerts import deadlines, groups, members, occurrences, retention
from storage.database import Database
from storage.schema import alert_deadlines, alert_groups, alert_inhibitors, alert_occurrences, alerts
from tests.storage.helpers import NOW, store_incidents

OLD = NOW - timedelta(days=100)
BOUND = NOW - timedelta(days=50)


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    async with database.transaction() as conn:
        for table in (alert_deadlines, alert_inhibitors, alerts, alert_groups, alert_occurrences):
            await conn.execute(sa.delete(table))


def group(number: int, **changed: object) -> AlertGroup:
    at = OLD
    made = AlertGroup(
        number, f"k{number}", "r", AlertAction.RECORD, (), "t", "events", "sev1", at, at, at,
        state=AlertStatus.RESOLVED,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


async def test_groups_that_are_over_for_long_are_deleted_with_their_alerts(database: Database) -> None:
    alert = Alert("events", "f", AlertStatus.RESOLVED, OLD, {"alertname": "x"})
    kept = [group(2, state=AlertStatus.FIRING), group(3, changed_at=NOW)]
    async with database.transaction() as conn:
        await groups.open_many(conn, [group(1), *kept, group(4)])
        await members.resolve(conn, [(number, alert) for number in (1, 2, 3, 4)])
        await deadlines.arm(conn, [1, 4], deadlines.STALE, NOW)
        assert await retention.delete_groups(conn, BOUND, 0, 2) == (2, 1)
        assert await retention.delete_groups(conn, BOUND, 2, 10) == (None, 1)
        assert await groups.newest(conn, 10) == kept[::-1]
        assert sorted(await conn.scalars(sa.select(alerts.c.group_number))) == [2, 3]


async def test_a_group_of_an_open_incident_is_kept(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await groups.open_many(conn, [group(1, incident=1)])
        assert await retention.delete_groups(conn, BOUND, 0) == (None, 0)


async def test_occurrences_that_are_over_are_deleted_when_nobody_told_of_them_for_long(database: Database) -> None:
    async with database.transaction() as conn:
        for name, status, seen_at in (
            ("over", AlertStatus.RESOLVED, OLD), ("fires", AlertStatus.FIRING, OLD), ("new", AlertStatus.RESOLVED, NOW),
        ):  # fmt: skip
            told = Alert("events", name, status, OLD, {})
            await occurrences.save(conn, [ReceivedAlert(told, Reception.NEW)], seen_at)
        assert await retention.delete_occurrences(conn, BOUND) == 1
        left = await conn.scalars(sa.select(alert_occurrences.c.occurrence))
        assert sorted(each.split("@")[0] for each in left) == ["events:fires", "events:new"]
