"""Uptime of probes by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage.database import Database
from storage.rules import uptime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = uptime.day_of(NOON)


async def test_requests_of_a_day_add_up(database: Database) -> None:
    async with database.transaction() as conn:
        await uptime.count(conn, {("checkout", DAY): (8, 1), ("search", DAY): (1, 0)})
        await uptime.count(conn, {("checkout", DAY): (0, 1), ("checkout", DAY + timedelta(days=1)): (10, 0)})
    async with database.reading() as conn:
        found = await uptime.uptime(conn, "checkout", NOON)
    assert [(day.day, day.succeeded, day.failed) for day in found.days] == [
        (DAY, 8, 2),
        (DAY + timedelta(days=1), 10, 0),
    ]
    assert [day.ratio for day in found.days] == [0.8, 1.0]
    assert found.ratio == 0.9


async def test_earlier_days_do_not_count(database: Database) -> None:
    async with database.transaction() as conn:
        await uptime.count(conn, {("checkout", DAY - timedelta(days=1)): (0, 10), ("checkout", DAY): (1, 0)})
    async with database.reading() as conn:
        assert (await uptime.uptime(conn, "checkout", NOON)).ratio == 1.0


async def test_a_probe_that_was_never_asked_has_no_uptime(database: Database) -> None:
    async with database.reading() as conn:
        assert (await uptime.uptime(conn, "nothing", NOON)).ratio is None
