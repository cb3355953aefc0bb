from __future__ import annotations

from bot.domain.timeline.entry import entry
from storage import reads
from storage.database import Database
from storage.timeline import entries
from tests.storage.helpers import MINUTE, NOW, said, stored


async def test_the_latest_of_reading_and_taking_part_counts(database: Database) -> None:
    await stored(database, 1, 2)
    async with database.transaction() as conn:
        assert await reads.last(conn, 1, "U1") is None
        await entries.append(conn, 1, [entry(NOW, "joined", "U1"), entry(NOW, "note", "U2", "x")])
        assert await reads.last(conn, 1, "U1") is None
        await reads.put(conn, 1, "U1", NOW + MINUTE)
        await reads.put(conn, 1, "U1", NOW + 2 * MINUTE)
        assert await reads.last(conn, 1, "U1") == NOW + 2 * MINUTE
        await entries.append(conn, 1, [said(ts="1.0", actor="U1", at=NOW + 3 * MINUTE)])
        assert await reads.last(conn, 1, "U1") == NOW + 3 * MINUTE
        assert await reads.last(conn, 2, "U1") is None
