from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.lapsed.reminder_reason import Activity
from bot.domain.timeline.entry import BOT, GENESIS, Entry, entry
from storage import export_rows
from storage.database import Database
from storage.timeline import entries
from storage.timeline.pagination import PAGE
from storage.timeline.verify import chain_faults
from tests.storage.helpers import MINUTE, NOW, message_entry, store_incidents


async def test_entries_are_numbered_and_chained_per_incident(database: Database) -> None:
    await store_incidents(database, 1, 2)
    async with database.transaction() as conn:
        first = await entries.append(conn, 1, [message_entry("a"), message_entry("b")])
        other = await entries.append(conn, 2, [message_entry("c")])
        third = await entries.append(conn, 1, [message_entry("d")])
    assert [r.seq for r in first + third + other] == [1, 2, 3, 1]
    assert [r.previous for r in first + third + other] == [GENESIS, first[0].hash, first[1].hash, GENESIS]
    async with database.reading() as conn:
        assert await entries.read(conn, 1) == first + third


async def test_threefold_redelivery_records_once(database: Database) -> None:
    await store_incidents(database, 1, 2)
    async with database.transaction() as conn:
        assert len(await entries.append(conn, 1, [message_entry("a", "1.0"), message_entry("a", "1.0")])) == 1
        assert await entries.append(conn, 1, [message_entry("a", "1.0")]) == []
        assert len(await entries.append(conn, 2, [message_entry("a", "1.0")])) == 1  # in another incident
        assert len(await entries.read(conn, 1)) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"n": 1e16, "f": 1.0, "small": 1e-7, "big": 2**70},
        {"z": 1, "a": {"y": [1, None, True], "b": ""}},
        {"numbers": {1: "a", 10: "b", 2: "c"}, "pair": (1, 2)},
        {"text": "nul \x00 half \ud83d \\u0000 💥", "\x00": 1},
    ],
)
async def test_the_chain_holds_whatever_the_entry_carries(database: Database, data: dict[str, Any]) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        written = await entries.append(conn, 1, [message_entry("nul \x00 half \udc00", "1.0", data=data)])
        assert await entries.read(conn, 1) == written
        assert await chain_faults(conn, 1) == []


async def test_an_entry_without_its_incident_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as conn:
            await entries.append(conn, 404, [message_entry()])


@pytest.mark.parametrize(
    ("tampering", "faults"),
    [
        ("UPDATE timeline SET text = 'forged' WHERE seq = 2", ["entry 2 was changed"]),
        ("UPDATE timeline SET actor = 'U9' WHERE seq = 4", ["entry 4 was changed"]),
        ("DELETE FROM timeline WHERE seq = 2", ["entry 2 is missing"]),
        ("DELETE FROM timeline WHERE seq IN (1, 2)", ["entries 1 to 2 are missing"]),
        ("DELETE FROM timeline WHERE seq = 4", ["the last 1 of 4 entries are missing"]),
        ("DELETE FROM timeline", ["the last 4 of 4 entries are missing"]),
        (
            "INSERT INTO timeline (incident, seq, at, kind, actor, text, data, key, by_person, hash, previous) "
            "SELECT incident, 5, at, kind, actor, 'more', data, key, by_person, hash, hash FROM timeline WHERE seq = 4",
            ["entry 5 was changed", "the head of the chain is at entry 4, and the chain ends otherwise"],
        ),
    ],
)
async def test_tampering_is_found(database: Database, tampering: str, faults: list[str]) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await entries.append(conn, 1, [message_entry(str(n), f"{n}.0") for n in range(1, 5)])
        await conn.execute(sa.text(tampering))
        assert await chain_faults(conn, 1) == faults


async def test_two_entries_that_changed_places_are_found(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await entries.append(conn, 1, [message_entry(str(n)) for n in range(1, 5)])
        for before, after in ((2, 99), (3, 2), (99, 3)):
            await conn.execute(sa.text(f"UPDATE timeline SET seq = {after} WHERE seq = {before}"))
        wrong = await chain_faults(conn, 1)
    assert "entry 2 does not follow entry 1" in wrong
    assert "entry 3 was changed" in wrong


async def test_an_incident_without_entries_is_intact(database: Database) -> None:
    async with database.reading() as conn:
        assert await chain_faults(conn, 1) == []


async def test_a_message_is_key_while_at_least_one_person_marks_it(database: Database) -> None:
    await store_incidents(database)

    def marked(kind: str, actor: str) -> Entry:
        return Entry(NOW, kind, actor, source_ts="1.0")

    async with database.transaction() as conn:
        await entries.append(
            conn,
            1,
            [message_entry("m", "1.0"), message_entry("n", "2.0"), marked("keyed", "U1"), marked("keyed", "U2")],
        )
        assert [r.entry.text for r in await entries.read(conn, 1, key_only=True)] == ["m"]
        await entries.append(conn, 1, [marked("unkeyed", "U1")])
        message = await entries.message(conn, 1, "1.0")
        assert message is not None
        assert message.key
        await entries.append(conn, 1, [marked("unkeyed", "U2"), entry(NOW, "note", "U1", "by itself")])
        assert [r.entry.text for r in await entries.read(conn, 1, key_only=True)] == ["by itself"]
        assert await entries.message(conn, 1, "3.0") is None


async def test_a_long_timeline_is_read_whole_and_in_order(database: Database) -> None:
    await store_incidents(database)
    count = PAGE * 2 + 1
    async with database.transaction() as conn:
        await entries.append(conn, 1, [message_entry(str(n)) for n in range(count)])
        assert [r.seq for r in await entries.read(conn, 1)] == list(range(1, count + 1))
        assert [r.seq for r in await entries.read(conn, 1, limit=PAGE + 2)][-1] == PAGE + 2
        assert [r.seq for r in await entries.read(conn, 1, limit=3, newest=True)] == [count - 2, count - 1, count]
        assert await chain_faults(conn, 1) == []


async def test_activity_counts_people_and_not_bots(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        assert await entries.activity(conn, 1, NOW) == Activity(0, None)
        await entries.append(
            conn,
            1,
            [
                message_entry(at=NOW - timedelta(microseconds=1)),
                message_entry(at=NOW),
                message_entry(at=NOW + MINUTE),
                message_entry(at=NOW + 2 * MINUTE, actor=BOT),
                message_entry(at=NOW + 2 * MINUTE, data={"bot": True}),
                entry(NOW + 2 * MINUTE, "note", "U1", "not a message"),
            ],
        )
        assert await entries.activity(conn, 1, NOW) == Activity(2, NOW + MINUTE)
        assert await entries.activity(conn, 1, NOW + 2 * MINUTE) == Activity(0, NOW + MINUTE)


async def test_the_newest_entry_of_a_kind_is_found_by_anybody_or_one_person(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await entries.append(
            conn, 1, [entry(NOW, "note", "U1", "a"), entry(NOW, "update", "U2", "b"), entry(NOW, "note", "U2", "c")]
        )

        async def last(kinds: list[str], actor: str | None = None) -> str | None:
            record = await entries.newest_of_kinds(conn, 1, kinds, actor)
            return None if record is None else record.entry.text

        assert await last(["note"]) == "c"
        assert await last(["note"], "U1") == "a"
        assert await last(["update", "status"]) == "b"
        assert await last(["status"]) is None


async def test_entries_are_read_in_the_order_of_time_and_chained_in_that_of_arrival(database: Database) -> None:
    """Slack delivers out of order, and a history is read later."""
    await store_incidents(database)
    minutes = [5, 2, 4, 4, 1, 3]
    async with database.transaction() as conn:
        for number, minute in enumerate(minutes):
            written = message_entry(str(minute), f"{number}.0", at=NOW + minute * MINUTE)
            await entries.append(conn, 1, [written, entry(NOW + minute * MINUTE, "note", "U1", f"note {minute}")])
        everything = await entries.read(conn, 1)
        keyed = await entries.read(conn, 1, key_only=True)
        newest = await entries.read(conn, 1, key_only=True, limit=2, newest=True)
        exported = [row["seq"] async for row in export_rows.entries(conn, 1)]
        assert await chain_faults(conn, 1) == []
    assert [record.entry.text for record in keyed] == [f"note {minute}" for minute in sorted(minutes)]
    assert [record.entry.text for record in newest] == ["note 4", "note 5"]
    order = [(record.entry.at, record.seq) for record in everything]
    assert order == sorted(order)
    assert exported == [record.seq for record in everything]
    assert sorted(record.seq for record in everything) == list(range(1, 2 * len(minutes) + 1))


async def test_a_long_timeline_out_of_order_is_read_whole(database: Database) -> None:
    await store_incidents(database)
    count = PAGE * 2 + 1
    async with database.transaction() as conn:
        late = [message_entry(str(n), at=NOW - n // 2 * MINUTE) for n in range(count)]
        await entries.append(conn, 1, late)
        everything = await entries.read(conn, 1)
        newest = await entries.read(conn, 1, limit=PAGE + 2, newest=True)
    assert len({record.seq for record in everything}) == count
    assert newest == everything[-(PAGE + 2) :]


async def test_a_message_tells_its_last_text_and_whether_it_was_deleted(database: Database) -> None:
    await store_incidents(database)

    def later(minute: int, kind: str, ts: str, text: str = "") -> Entry:
        return Entry(NOW + minute * MINUTE, kind, "U1", text, ts)

    async with database.transaction() as conn:
        posted = [message_entry("100 %", "1.0"), message_entry("as it is", "2.0"), message_entry("gone", "3.0")]
        picture = Entry(NOW, "file", "U1", "graph.png", "4.0", {"alone": True}, "m:C1:4.0")
        marks = [later(1, "keyed", ts) for ts in ("1.0", "2.0", "3.0", "4.0")]
        await entries.append(conn, 1, [*posted, picture, *marks])
        # The later edit is delivered first.
        edits = [later(3, "message_edited", "1.0", "10 %, sorry"), later(2, "message_edited", "1.0", "50 %")]
        await entries.append(conn, 1, [*edits, later(4, "message_deleted", "3.0")])
        keyed = await entries.read(conn, 1, key_only=True)
        one = await entries.message(conn, 1, "4.0")
    told = [(record.entry.text, record.last_text, record.deleted) for record in keyed]
    assert told == [
        ("100 %", "10 %, sorry", False),
        ("as it is", None, False),
        ("gone", None, True),
        ("graph.png", None, False),
    ]
    assert all(record.key for record in keyed)
    assert one is not None
    assert one.entry == picture
