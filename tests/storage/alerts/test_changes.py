"""Changes of services are found by service and time, and stored once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from storage.alerts import changes
from storage.database import Database
from tests.storage.helpers import NOW

MINUTE = timedelta(minutes=1)


def change(key: str, service: str, minutes: int) -> ServiceChange:
    return ServiceChange(key, ChangeKind.DEPLOYMENT, f"Deploy {key}", NOW - minutes * MINUTE, service, "anna", "v2")


async def test_changes_of_the_services_within_the_span_come_nearest_first(database: Database) -> None:
    stored = [
        change("far", "checkout", 121),
        change("near", "checkout", 1),
        change("edge", "database", 120),
        change("other", "search", 2),
        change("after", "checkout", -1),
    ]
    async with database.transaction() as conn:
        assert await changes.save(conn, stored) == 5
        before = await changes.changes_before(conn, ["checkout", "database"], NOW, timedelta(hours=2), 10)
        assert before == [stored[1], stored[2]]
        assert await changes.changes_before(conn, ["checkout", "database"], NOW, timedelta(hours=2), 1) == [stored[1]]
        assert await changes.changes_before(conn, [], NOW, timedelta(hours=2), 10) == []


async def test_a_change_that_is_told_again_is_stored_once_as_last_told(database: Database) -> None:
    first = change("d1", "checkout", 5)
    last = replace(first, url="https://ci.example/1")
    async with database.transaction() as conn:
        assert await changes.save(conn, [first]) == 1
        assert await changes.save(conn, [first, last, change("d2", "checkout", 4)]) == 1
        before = await changes.changes_before(conn, ["checkout"], NOW, timedelta(hours=2), 10)
    assert before == [change("d2", "checkout", 4), last]


async def test_old_changes_are_deleted_in_steps(database: Database) -> None:
    async with database.transaction() as conn:
        await changes.save(conn, [change(str(minutes), "checkout", minutes) for minutes in range(5)])
        assert await changes.delete_before(conn, NOW - 2 * MINUTE, 1) == 1
        assert await changes.delete_before(conn, NOW - 2 * MINUTE, 10) == 1
        assert len(await changes.changes_before(conn, ["checkout"], NOW, timedelta(hours=2), 10)) == 3
