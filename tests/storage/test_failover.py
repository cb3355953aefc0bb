"""PostgreSQL goes away and comes back, again and again: nothing committed is lost or doubled, and work goes on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from bot import policy as policies
from bot.usecases.context import Context, Policies
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import database as module
from storage import incidents, migrate
from storage.engine.errors import StorageError
from storage.open import open_database
from storage.timeline import entries, verify
from tests.databases import PostgreSQL
from tests.scenarios.running import MovableClock
from tests.storage.helpers import message_entry, store_incidents
from tests.waiting import WITHIN_S

COUNT = 200


@pytest.fixture
def url(postgresql: PostgreSQL) -> Any:
    created = postgresql.create()
    yield created
    postgresql.give_back(created)


async def test_nothing_is_lost_or_doubled_while_connections_are_cut(url: str, postgresql: PostgreSQL) -> None:
    database = await open_database(url)
    policy = policies.preset("sev1-5")
    context = Context(database, Policies(policy, {}, lambda document: policy), MovableClock())
    cuts, over, seeded = 0, asyncio.Event(), random.Random(4)

    async def cut() -> None:
        nonlocal cuts
        while not over.is_set():
            await asyncio.to_thread(postgresql.cut_connections, url)
            cuts += 1
            await asyncio.sleep(seeded.uniform(0.05, 0.5))  # at any point of a transaction, and some get through

    async def declared(n: int) -> None:
        """As Slack delivers: again until it is answered, with the same key."""
        while True:
            with contextlib.suppress(StorageError):
                with contextlib.suppress(DuplicateDelivery):
                    await declare(context, Declaration(f"Trouble {n}", "sev3", "U1"), f"delivery:{n}")
                return
            await asyncio.sleep(0.02)

    async def appended(n: int) -> None:
        while True:
            with contextlib.suppress(StorageError):
                await database.appender.append(1, [message_entry(f"words {n}", f"{n}.0")])
                return
            await asyncio.sleep(0.02)

    await declared(0)
    cutting = asyncio.create_task(cut())
    async with asyncio.timeout(100):
        for first in range(1, COUNT + 1, 10):
            await asyncio.gather(*(act(n) for n in range(first, first + 10) for act in (declared, appended)))
    over.set()
    await cutting
    assert cuts > 2
    async with database.reading() as conn:
        titles = sorted(incident.title for incident in await incidents.newest(conn, limit=1000))
        words = sorted(r.entry.text for r in await entries.read(conn, 1) if r.entry.kind == "message")
    assert titles == sorted(f"Trouble {n}" for n in range(COUNT + 1))
    assert words == sorted(f"words {n}" for n in range(1, COUNT + 1))
    assert [f.message async for r in verify.verify_all(database.snapshot) for f in r.faults] == []
    await asyncio.gather(*(database.ping() for _ in range(module.POOL)))  # the whole pool is well again
    await database.close()


async def test_a_statement_without_an_answer_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATEMENT_S", 0.2)
    database = await open_database(url)
    with pytest.raises(StorageError, match="took too long"):
        async with database.reading() as conn:
            await conn.execute(sa.text("SELECT pg_sleep(5)"))
    await database.ping()
    await database.close()


async def test_an_idle_transaction_does_not_keep_an_incident_locked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_IN_TRANSACTION_S", 0.3)
    idle, other = await open_database(url), await open_database(url)
    await store_incidents(other)

    locked = asyncio.Event()

    async def stay_idle() -> None:
        async with idle.transaction() as conn:
            await incidents.lock(conn, 1)
            locked.set()
            await asyncio.sleep(60)

    idling = asyncio.create_task(stay_idle())
    await locked.wait()
    async with asyncio.timeout(WITHIN_S / 2), other.transaction() as conn:
        assert await incidents.lock(conn, 1) is not None
    idling.cancel()
    await asyncio.gather(idling, return_exceptions=True)
    await idle.close()
    await other.close()


async def test_a_server_whose_machine_is_lost_is_noticed_over_tcp(url: str) -> None:
    async with over_tcp(url) as address:
        database = await open_database(address)
        async with database.reading() as conn:
            raw = await conn.get_raw_connection()
            assert raw.driver_connection is not None
            peer = raw.driver_connection._transport.get_extra_info("socket")
            assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == module.KEEPALIVE_S
            assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == module.GONE_S * 1000
        await database.close()


async def test_a_migration_waits_for_a_table_without_blocking_others(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that waits to change a table blocks all that come after it, so it must not wait for long."""
    monkeypatch.setattr(migrate, "LOCK_S", 0.2)
    monkeypatch.setattr(migrate, "AGAIN_S", 0.2)
    url = postgresql.create(empty=True)
    database = await open_database(url, migrate=False)
    changes = ["CREATE TABLE busy (n INTEGER)"]

    def run(connection: sa.Connection) -> None:
        for change in changes:
            connection.execute(sa.text(change))

    monkeypatch.setattr(migrate, "run_alembic", run)
    await migrate.upgrade(database)
    changes[:] = ["ALTER TABLE busy ADD COLUMN more INTEGER"]
    async with database.transaction() as conn:
        await conn.execute(sa.text("SELECT * FROM busy"))
        upgrading = asyncio.create_task(migrate.upgrade(database))
        longest = 0.0
        for _ in range(10):
            began = asyncio.get_running_loop().time()
            async with database.reading() as other:
                await other.execute(sa.text("SELECT * FROM busy"))
            longest = max(longest, asyncio.get_running_loop().time() - began)
            await asyncio.sleep(0.1)
        assert not upgrading.done()
    assert await upgrading
    assert longest < 1.5
    await database.close()
    postgresql.drop(url)


@contextlib.asynccontextmanager
async def over_tcp(url: str) -> AsyncIterator[str]:
    """The same server at a TCP address: it listens on a socket in the file system only."""
    parts = urlsplit(url)
    path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside, out = await asyncio.open_unix_connection(path)
        for way in (pump(reader, out), pump(inside, writer)):
            tasks.add(asyncio.create_task(way))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}{parts.path}?ssl=disable"
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
