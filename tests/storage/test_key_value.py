from __future__ import annotations

import asyncio
from typing import Any

from storage import key_value
from storage.database import Database
from storage.key_value import Key


async def test_a_value_is_replaced_and_removed_by_none(database: Database) -> None:
    key: Key[Any] = Key("auth")
    async with database.transaction() as conn:
        assert await key.get(conn) is None
        await key.put(conn, {"user": "U1"})
        await key.put(conn, ["other", 1, None])
        assert await key.get(conn) == ["other", 1, None]
        await key.put(conn, None)
        assert await key.get(conn) is None


async def test_a_new_value_does_not_replace_an_earlier_one(database: Database) -> None:
    async with database.transaction() as conn:
        await key_value.FEED_SECRET.put_new(conn, "first")
        await key_value.FEED_SECRET.put_new(conn, "second")
        assert await key_value.FEED_SECRET.get(conn) == "first"


async def test_no_change_of_a_locked_value_is_lost(database: Database) -> None:
    key: Key[int] = Key("count")

    async def increase() -> None:
        async with database.transaction() as conn:
            await key.put(conn, await key.lock(conn, 0) + 1)

    await asyncio.gather(*(increase() for _ in range(20)))
    async with database.reading() as conn:
        assert await key.get(conn) == 20


def test_every_key_keeps_the_name_it_has_in_existing_databases() -> None:
    keys: list[Key[Any]] = [
        key_value.BOT_IDENTITY,
        key_value.DEMO_CLOCK,
        key_value.FEED_SECRET,
        key_value.SEARCH_INDEX_VERSION,
        key_value.POLICY_REJECTION,
        key_value.announcement_channel("#incidents"),
        key_value.user_of_address("Anna@Example.org"),
        key_value.usergroup_members("sre"),
        key_value.usergroup_on_call("duty"),
        key_value.pagerduty_read("primary"),
        key_value.message_times(7),
        key_value.replica("a"),
    ]
    assert [key.name for key in keys] == [
        "me", "clock", "feeds:secret", "incident_words", "policy:trouble", "announce:#incidents",
        "slack_id:anna@example.org", "usergroup:sre", "rota:duty", "read:primary", "heard:7", "replica:a",
    ]  # fmt: skip
