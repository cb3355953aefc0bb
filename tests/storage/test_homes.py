from __future__ import annotations

from datetime import timedelta

from storage import user_activity
from storage.database import Database
from tests.storage.helpers import NOW

HOUR = timedelta(hours=1)


async def test_who_looked_of_late_the_latest_first(database: Database) -> None:
    async with database.transaction() as conn:
        await user_activity.opened(conn, "U1", NOW)
        await user_activity.opened(conn, "U2", NOW + HOUR)
        await user_activity.opened(conn, "U1", NOW + 2 * HOUR)
    async with database.reading() as conn:
        assert list((await user_activity.since(conn, NOW + HOUR, 10)).items()) == [
            ("U1", NOW + 2 * HOUR),
            ("U2", NOW + HOUR),
        ]
        assert list(await user_activity.since(conn, NOW + 2 * HOUR, 10)) == ["U1"]
        assert list(await user_activity.since(conn, NOW, 1)) == ["U1"]
