from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.lapsed.reminder_reason import Activity
from bot.domain.timeline.entry import entry
from storage import user_activity
from storage.database import Database
from storage.timeline import entries
from tests.storage.helpers import MINUTE, NOW, message_entry, store_incidents

HOUR = timedelta(hours=1)


async def test_users_who_opened_the_home_tab_are_listed_latest_first(database: Database) -> None:
    async with database.transaction() as conn:
        await user_activity.home_opened(conn, "U1", NOW)
        await user_activity.home_opened(conn, "U2", NOW + HOUR)
        await user_activity.home_opened(conn, "U1", NOW + 2 * HOUR)
    async with database.reading() as conn:
        assert list((await user_activity.homes_opened_since(conn, NOW + HOUR, 10)).items()) == [
            ("U1", NOW + 2 * HOUR),
            ("U2", NOW + HOUR),
        ]
        assert list(await user_activity.homes_opened_since(conn, NOW + 2 * HOUR, 10)) == ["U1"]
        assert list(await user_activity.homes_opened_since(conn, NOW, 1)) == ["U1"]


async def test_the_latest_of_reading_and_taking_part_counts(database: Database) -> None:
    await store_incidents(database, 1, 2)
    async with database.transaction() as conn:
        assert await user_activity.last_read_at(conn, 1, "U1") is None
        await entries.append(conn, 1, [entry(NOW, "joined", "U1"), entry(NOW, "note", "U2", "x")])
        assert await user_activity.last_read_at(conn, 1, "U1") is None
        await user_activity.mark_read(conn, 1, "U1", NOW + MINUTE)
        await user_activity.mark_read(conn, 1, "U1", NOW + 2 * MINUTE)
        assert await user_activity.last_read_at(conn, 1, "U1") == NOW + 2 * MINUTE
        await entries.append(conn, 1, [message_entry(ts="1.0", actor="U1", at=NOW + 3 * MINUTE)])
        assert await user_activity.last_read_at(conn, 1, "U1") == NOW + 3 * MINUTE
        assert await user_activity.last_read_at(conn, 2, "U1") is None


async def test_noted_messages_count_as_activity_of_their_incident(database: Database) -> None:
    async with database.transaction() as conn:
        for instant in (NOW, NOW + MINUTE, NOW + MINUTE, NOW - MINUTE):
            await user_activity.note_message(conn, 1, instant)
        assert await user_activity.activity(conn, 1, NOW) == Activity(2, NOW + MINUTE)
        assert await user_activity.activity(conn, 1, NOW + HOUR) == Activity(0, NOW + MINUTE)
        assert await user_activity.activity(conn, 2, NOW) == Activity(0, None)


async def test_only_the_latest_noted_messages_are_kept(database: Database) -> None:
    async with database.transaction() as conn:
        for n in range(user_activity.MESSAGES_KEPT + 5):
            await user_activity.note_message(conn, 1, NOW + n * MINUTE)
        assert (await user_activity.activity(conn, 1, NOW)).recent == user_activity.MESSAGES_KEPT
        assert (await user_activity.activity(conn, 1, NOW + 5 * MINUTE)).recent == user_activity.MESSAGES_KEPT


async def test_no_message_is_lost_when_several_are_noted_at_once(database: Database) -> None:
    async def note(n: int) -> None:
        async with database.transaction() as conn:
            await user_activity.note_message(conn, 1, NOW + n * MINUTE)

    await asyncio.gather(*(note(n) for n in range(12)))
    async with database.reading() as conn:
        assert (await user_activity.activity(conn, 1, NOW)).recent == 12
