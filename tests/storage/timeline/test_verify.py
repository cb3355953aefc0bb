"""Any change to the timeline behind the bot's back is found."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry, entry, entry_hash_v1
from storage import incidents, retention
from storage.database import Database
from storage.open import open_database
from storage.schema import chains
from storage.schema import timeline as table
from storage.timeline import entries as timeline
from storage.timeline import verify
from tests.storage.helpers import MINUTE, NOW, incident, message_entry

INCIDENTS = (1, 2, 3)
LONG_AGO = NOW - timedelta(days=500)
COLUMNS = [column.name for column in table.c]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "incident": st.sampled_from([1, 2, 3, 4, 99]),
    "seq": st.integers(-2, 40),
    "at": st.integers(0, 2**53),
    "kind": st.sampled_from(["message", "note", "update", "purged", "keyed", "declared", ""]),
    "actor": st.sampled_from(["U1", "U2", "tocsin", ""]),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    "source_ts": st.sampled_from([None, "", "1.0", "2.0", "9.9"]),
    "data": st.sampled_from(
        ["{}", "{ }", '{"a":1}', '{"a": 1}', '{"b":1,"a":1}', '{"first":1,"last":40}', "[]", "null"]
    ),
    "once": st.sampled_from([None, "x", "msg:1.0", "msg:77.0"]),
    "key": st.booleans(),
    "by_person": st.booleans(),
    "hash": st.sampled_from(["", "0" * 64, "f" * 64]),
    "previous": st.sampled_from(["", "0" * 64, "f" * 64]),
    "purged": st.sampled_from([None, "", "0" * 64]),
}


def test_every_column_of_the_chain_is_altered_here() -> None:
    assert VALUES.keys() == set(COLUMNS)


async def fill(database: Database) -> None:
    """INC-1 is going on, INC-2 was purged in part, and INC-3 also has entries of the first version's kind."""
    async with database.transaction() as conn:
        for number in INCIDENTS:
            await incidents.next_number(conn)
            await incidents.insert(conn, incident(number, declared_at=LONG_AGO, ended_at=LONG_AGO))
        await timeline.append(conn, 1, entries())
        await timeline.append(conn, 2, entries())
        await first_kind(conn, 3, entries())
        await timeline.append(conn, 3, [message_entry("later", "50.0", data={"a": 1})])
        for number in (2, 3):
            assert await retention.purge(conn, number, LONG_AGO + 3 * MINUTE, NOW) == 4


def entries() -> list[Entry]:
    conversation = [entry(LONG_AGO, "declared", "U1", "sev2: Checkout is down", severity="sev2")]
    for n in range(1, 7):
        at = LONG_AGO + n * MINUTE
        conversation.append(
            message_entry(f"message {n}", f"{n}.0", at=at, data={"a": n, "link": "https://example.org"})
        )
    conversation.append(Entry(LONG_AGO + 7 * MINUTE, "keyed", "U2", source_ts="1.0"))
    return [*conversation, entry(LONG_AGO + 8 * MINUTE, "resolved", "U1", "fixed")]


async def first_kind(conn: AsyncConnection, number: int, items: list[Entry]) -> None:
    """As the first version wrote them."""
    written = await timeline.append(conn, number, items)
    previous = written[0].previous
    for record in written:
        hashed = entry_hash_v1(previous, number, record.seq, record.entry)
        world = sa.and_(table.c.incident == number, table.c.seq == record.seq)
        await conn.execute(sa.update(table).where(world).values(hash=hashed, previous=previous))
        previous = hashed
    await conn.execute(sa.update(chains).where(chains.c.incident == number).values(head=previous))


async def faults(conn: AsyncConnection) -> list[str]:
    def snapshot() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        return contextlib.nullcontext(conn)

    return [fault.message async for report in verify.verify_all(snapshot) for fault in report.faults]


class Filled:
    """A database that is only ever changed in transactions which are rolled back, open in a loop of its own."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.Runner()
        self.database = self._loop.run(open_database(url, migrate=False))
        self._loop.run(fill(self.database))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.run(work)

    def close(self) -> None:
        self._loop.run(self.database.close())
        self._loop.close()

    @contextlib.asynccontextmanager
    async def altered(self) -> AsyncIterator[AsyncConnection]:
        """A transaction in which anything may be done, foreign keys or not, and that is rolled back."""
        with contextlib.suppress(ZeroDivisionError):
            async with self.database.transaction() as conn:
                if self.database.dialect == "sqlite":
                    await conn.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
                else:
                    await conn.execute(sa.text("SET LOCAL session_replication_role = replica"))
                yield conn
                raise ZeroDivisionError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest) -> Iterator[Filled]:
    server = request.getfixturevalue("sqlite_files" if request.param == "sqlite" else "postgresql")
    url = server.create()
    opened = Filled(url)
    yield opened
    opened.close()
    if request.param == "postgresql":
        server.give_back(url)


async def dump(conn: AsyncConnection) -> list[Any]:
    """All that the chains are made of, to the letter."""
    rows_and_counts = []
    for name in ("timeline", "chains"):
        columns = "*" if name == "chains" else ", ".join(f"CAST({column} AS TEXT)" for column in COLUMNS)
        rows = await conn.execute(sa.text(f"SELECT {columns} FROM {name}"))
        rows_and_counts.append(sorted(tuple(str(value) for value in row) for row in rows))
    rows_and_counts.append(await conn.scalar(sa.text("SELECT value FROM counters WHERE name = 'incident'")))
    rows_and_counts.append(await conn.scalar(sa.text("SELECT count(*) FROM incidents")))
    return rows_and_counts


def test_an_unchanged_record_is_intact(filled: Filled) -> None:
    async def check() -> None:
        async with filled.altered() as conn:
            assert await faults(conn) == []
            purged = await conn.scalar(sa.text("SELECT count(*) FROM timeline WHERE purged IS NOT NULL"))
            assert purged == 8

    filled.run(check())


SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
# A hash of the first kind was made over what the data means, not over how it is written, and not over `dedup_key`.
NOT_HELD = ("once", "data")
FIRST_KIND = [(3, seq) for seq in range(5, 10)]
PLACES = st.tuples(st.sampled_from(INCIDENTS), st.integers(1, 9))


@SETTINGS
@given(place=PLACES, name=st.sampled_from(COLUMNS), data=st.data())
def test_any_altered_column_of_any_entry_is_found(
    filled: Filled, place: tuple[int, int], name: str, data: st.DataObject
) -> None:
    value = data.draw(VALUES[name])

    if name in NOT_HELD and place in FIRST_KIND:
        return

    async def check() -> None:
        async with filled.altered() as conn:
            before = await dump(conn)
            statement = f"UPDATE timeline SET {name} = {_parameter(conn, name)} WHERE incident = :i AND seq = :s"
            try:
                async with conn.begin_nested():
                    await conn.execute(sa.text(statement), {name: value, **_at(place)})
            except sa.exc.IntegrityError:  # the database itself refuses it
                return
            assert bool(await faults(conn)) == (await dump(conn) != before)

    filled.run(check())


@SETTINGS
@given(gone=st.sets(PLACES, min_size=1, max_size=12))
def test_any_deleted_entries_are_found(filled: Filled, gone: set[tuple[int, int]]) -> None:
    async def check() -> None:
        async with filled.altered() as conn:
            for i, s in gone:
                await conn.execute(sa.text("DELETE FROM timeline WHERE incident = :i AND seq = :s"), {"i": i, "s": s})
            assert await faults(conn)

    filled.run(check())


@SETTINGS
@given(one=PLACES, other=PLACES, columns=st.sets(st.sampled_from(COLUMNS[2:]), min_size=1))
def test_entries_with_swapped_places_or_columns_are_found(
    filled: Filled, one: tuple[int, int], other: tuple[int, int], columns: set[str]
) -> None:
    """All columns: the entries change places."""

    async def check() -> None:
        async with filled.altered() as conn:
            before = await dump(conn)
            names = sorted(columns.difference(NOT_HELD if {one, other} & set(FIRST_KIND) else ()))
            query = sa.text(f"SELECT {', '.join(map(_read, names))} FROM timeline WHERE incident = :i AND seq = :s")
            first, second = [(await conn.execute(query, _at(place))).one() for place in (one, other)]
            try:
                async with conn.begin_nested():
                    for place, values in ((one, {"once": None}), (other, first._mapping), (one, second._mapping)):
                        sets = ", ".join(f"{name} = {_parameter(conn, name)}" for name in values if name in names)
                        update = sa.text(f"UPDATE timeline SET {sets} WHERE incident = :i AND seq = :s")
                        if sets:
                            await conn.execute(update, {**values, **_at(place)})
            except sa.exc.IntegrityError:  # another incident has it already
                return
            assert bool(await faults(conn)) == (await dump(conn) != before)

    filled.run(check())


@SETTINGS
@given(source=PLACES, incident=st.sampled_from([1, 2, 3, 7]), seq=st.integers(-1, 12), head=st.booleans())
def test_inserted_entries_are_found(
    filled: Filled, source: tuple[int, int], incident: int, seq: int, head: bool
) -> None:
    """A copy of another, under any number; also if the head of the chain is moved to it."""

    async def check() -> None:
        async with filled.altered() as conn:
            taken = sa.text("SELECT 1 FROM timeline WHERE incident = :i AND seq = :s")
            if await conn.scalar(taken, {"i": incident, "s": seq}):
                return
            columns = ", ".join(name for name in COLUMNS if name not in ("incident", "seq", "once"))
            copied = (
                f"INSERT INTO timeline (incident, seq, {columns}) SELECT {incident}, {seq}, {columns} FROM timeline"
            )
            await conn.execute(sa.text(f"{copied} WHERE incident = :i AND seq = :s"), _at(source))
            if head:
                moved = f"UPDATE chains SET seq = {seq}, head = (SELECT hash FROM timeline WHERE incident = {incident} "
                await conn.execute(sa.text(f"{moved} AND seq = {seq}) WHERE incident = {incident}"))
            assert await faults(conn)

    filled.run(check())


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        (["DELETE FROM chains WHERE incident = 1"], "the head of the chain is missing; the chain ends with"),
        (["UPDATE chains SET seq = seq - 1 WHERE incident = 1"], "the head of the chain is at entry 8, and the chain"),
        (["UPDATE chains SET head = 'x' WHERE incident = 2"], "is at entry 10, and the chain ends otherwise"),
        (["UPDATE counters SET value = 2"], "INC-3 exists, but only 2 were declared"),
        (["UPDATE counters SET value = 9"], "INC-4 to INC-9 are missing"),
        (["DELETE FROM counters"], "the counter of incidents is missing"),
        (["DELETE FROM timeline WHERE incident = 2", "DELETE FROM chains WHERE incident = 2"], "INC-2 has no entries"),
        (
            ["DELETE FROM timeline WHERE incident = 2", "DELETE FROM chains WHERE incident = 2",
             "DELETE FROM incidents WHERE number = 2"],
            "INC-2 is missing: incidents are numbered without gaps",
        ),
        (["DELETE FROM incidents WHERE number = 3"], "there are entries for INC-3, and there is no such incident"),
        (["UPDATE timeline SET actor = 'U9' WHERE incident = 3 AND seq = 1"], "entries 1 to 4, which are purged"),
        (["UPDATE timeline SET actor = 'U9' WHERE incident = 2 AND seq = 2"], "entry 2 was changed"),
        (["UPDATE timeline SET text = '', purged = 'x' WHERE incident = 1 AND seq = 2"], "no purge is on the timeline"),
        (["UPDATE timeline SET text = 'back' WHERE incident = 2 AND seq = 2"], "entry 2 was changed"),
        (["DELETE FROM timeline WHERE incident = 2 AND kind = 'purged'"], "the last 1 of 10 entries are missing"),
    ],
)  # fmt: skip
def test_tampering_is_described(filled: Filled, tampering: list[str], words: str) -> None:
    async def check() -> None:
        async with filled.altered() as conn:
            for statement in tampering:
                await conn.execute(sa.text(statement))
            assert any(words in fault for fault in await faults(conn)), await faults(conn)

    filled.run(check())


def test_a_rewritten_chain_is_found_by_its_earlier_head(filled: Filled) -> None:
    async def check() -> None:
        snapshot = filled.database.snapshot
        earlier = {r.incident: r.head async for r in verify.verify_all(snapshot) if r.head}
        async with filled.altered() as conn:

            async def against() -> list[str]:
                reports = verify.verify_all(lambda: contextlib.nullcontext(conn), {**earlier, 4: (1, "x")})
                return [fault.message async for report in reports for fault in report.faults]

            assert await against() == ["INC-4 is missing: it was there before"]
            await conn.execute(sa.text("DELETE FROM timeline WHERE incident = 1"))
            await conn.execute(sa.text("DELETE FROM chains WHERE incident = 1"))
            await timeline.append(conn, 1, [message_entry("it was all quite different")])
            assert await faults(conn) == []
            assert "entry 9, which was there before, is missing" in await against()

    filled.run(check())


@pytest.mark.parametrize("value", ["'x'", "x'00'", "1.5", "2"])
def test_values_of_a_type_that_only_sqlite_accepts_are_found(filled: Filled, value: str) -> None:
    if filled.database.dialect != "sqlite":
        pytest.skip("PostgreSQL takes none of another type")

    async def check() -> None:
        for name in COLUMNS:
            async with filled.altered() as conn:
                before = await dump(conn)
                statement = f"UPDATE timeline SET {name} = {value} WHERE incident = 1 AND seq = 9"
                with contextlib.suppress(sa.exc.IntegrityError):
                    await conn.execute(sa.text(statement))
                assert bool(await faults(conn)) == (await dump(conn) != before), name

    filled.run(check())


def _at(place: tuple[int, int]) -> dict[str, int]:
    return {"i": place[0], "s": place[1]}


def _read(name: str) -> str:
    return "CAST(data AS TEXT) AS data" if name == "data" else name


def _parameter(conn: AsyncConnection, name: str) -> str:
    return "CAST(:data AS JSON)" if name == "data" and conn.dialect.name == "postgresql" else f":{name}"
