"""Slack accounts by address, and people whom Slack does not reach."""

from __future__ import annotations

from datetime import UTC, datetime

from storage import directory
from storage.database import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_addresses_are_found_in_any_case(database: Database) -> None:
    async with database.transaction() as conn:
        await directory.remember_user(conn, "Ana@Example.com", "U1")
        assert await directory.user_ids(conn, ["ana@example.COM", "ben@example.com"]) == {"ana@example.com": "U1"}
        assert await directory.user_ids(conn, []) == {}


async def test_people_are_unreachable_until_slack_finds_them(database: Database) -> None:
    async with database.transaction() as conn:
        await directory.mark_unreachable(conn, "Gone@example.com", "nobody has that address", NOON)
        await directory.mark_unreachable(conn, "U7", "their account is deactivated", NOON)
        assert await directory.unreachable(conn) == {
            "gone@example.com": "nobody has that address", "U7": "their account is deactivated",
        }  # fmt: skip
        await directory.mark_reachable(conn, {"gone@example.com", "U9"})
        assert set(await directory.unreachable(conn)) == {"U7"}
