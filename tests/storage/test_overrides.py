from __future__ import annotations

from datetime import timedelta

from bot.domain.oncall.schedule import Override
from storage import overrides
from storage.database import Database
from tests.storage.helpers import NOW

HOUR = timedelta(hours=1)


async def test_overrides_stand_until_they_end_in_the_order_they_were_made(database: Database) -> None:
    first = Override("primary", "U1", NOW, NOW + 2 * HOUR)
    second = Override("primary", "U2", NOW, NOW + HOUR)
    async with database.transaction() as conn:
        await overrides.add(conn, first, "U1", NOW)
        await overrides.add(conn, second, "U2", NOW)
    async with database.reading() as conn:
        assert await overrides.standing(conn, NOW) == (first, second)
        assert await overrides.standing(conn, NOW + HOUR) == (first,)
        assert await overrides.standing(conn, NOW + 2 * HOUR) == ()
