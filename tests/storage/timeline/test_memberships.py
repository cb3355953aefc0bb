"""Slack's reports about joins and leaves are stored once for each source and timestamp."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.memberships import NEARBY, MembershipReport
from storage.database import Database
from storage.timeline import memberships
from tests.storage.helpers import NOW, store_incidents


def report(after: timedelta, *, by_message: bool, user: str = "U1") -> MembershipReport:
    at = NOW + after
    return MembershipReport(Entry(at, "joined", user, "joined", None, {"inviter": "U2"}, f"joined:{at}"), by_message)


async def test_a_report_is_stored_once_and_read_with_its_neighbours(database: Database) -> None:
    await store_incidents(database)
    event = report(timedelta(0), by_message=False)
    message = report(timedelta(0), by_message=True)  # Slack may give both the same timestamp
    late = report(NEARBY * 2, by_message=True)
    async with database.transaction() as conn:
        assert await memberships.latest_at(conn, 1, "U1") is None
        for each in (event, message, late, report(timedelta(0), by_message=True, user="U9")):
            assert await memberships.add(conn, 1, each)
        assert not await memberships.add(conn, 1, message)
        assert await memberships.around(conn, 1, event) == [message]
        assert await memberships.around(conn, 1, late) == []
        assert await memberships.latest_at(conn, 1, "U1") == late.entry.at
        assert await memberships.keys(conn, 1, "U1") == {event.entry.dedup_key, late.entry.dedup_key}
