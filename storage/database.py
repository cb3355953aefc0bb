"""The database: opening it, and the two ways in, to write and to read."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import migrate as migrations
from storage.engine.columns import dumps
from storage.engine.errors import StorageError, in_words
from storage.engine.sqlite_driver import connect
from storage.engine.url import parse
from storage.timeline.appender import Appender
from storage.together import BatchedTransactions

BUSY_TIMEOUT_S = 5
CONNECT_TIMEOUT_S = 10
PING_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_S = 10  # shorter than a lease
STATEMENT_S = 30  # nothing asked here takes as long: whatever does waits for somebody who is not coming back
KEEPALIVE_S = 10  # of silence, before a server is asked whether it is there
GONE_S = 20  # without a word from the server's machine, and the connection counts as lost
READERS = 4
POOL = 20

_T = TypeVar("_T")


class Database:
    """One database of either kind.

    On SQLite all writers share one connection, one after another: its default, a transaction that begins as a reader
    and becomes a writer, lost 347 of 400 concurrent read-modify-writes (architecture, decision 3).
    """

    def __init__(self, url: URL) -> None:
        self.dialect: str = url.get_backend_name()
        self._url = url
        self._turn = asyncio.Lock()  # of SQLite's one writer; on PostgreSQL of `one_by_one`
        self._writer, self._reader = _sqlite_engines(url) if self.dialect == "sqlite" else _postgresql_engines(url)
        self._unreachable = _connecting_raises(self.dialect)
        self.appender = Appender(self.transaction)
        self._together = BatchedTransactions(self.transaction)

    @classmethod
    async def open(cls, url: str, *, migrate: bool = True) -> Database:
        """Connect, and bring the tables up to date. Raises `StorageError` where that cannot be."""
        parsed = parse(url)
        if parsed.get_backend_name() == "sqlite":
            await asyncio.to_thread(_prepare_file, str(parsed.database))
        database = cls(parsed)
        try:
            await database.ping()
            if migrate:
                await migrations.upgrade(database)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Let the appends under way come to their end, then let go of every connection. Twice is safe."""
        await self.appender.close()
        await self._together.close()
        await self._writer.dispose()
        if self.dialect == "sqlite":
            await self._reader.dispose()

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """To write: commits at the end, rolls back when an error leaves it."""
        return self._write_in_turn() if self.dialect == "sqlite" else self._begin(self._writer)

    def serialized(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """To write what waits for others of its kind anyway: here without a connection each, nor a new one opened."""
        return self._write_in_turn()

    async def batched(self, piece: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """To write something small of which much comes at once. A piece may be begun anew after a rollback."""
        if self.dialect == "sqlite":
            return await self._together.run(piece)
        async with self.transaction() as conn:
            return await piece(conn)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """To read, beside whoever writes. On PostgreSQL each question sees what stands when it is asked."""
        return self._begin(self._reader)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """To read as everything stands at one instant, however many questions that takes."""
        if self.dialect == "sqlite":  # every reader has one
            async with self.reading() as conn:
                yield conn
        else:
            async with self._begin(self._writer) as conn:
                await conn.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield conn

    async def ping(self) -> None:
        """Raises `StorageError` when the database cannot be reached."""
        try:
            async with asyncio.timeout(PING_TIMEOUT_S), self.reading() as conn:
                await conn.execute(sa.text("SELECT 1"))
        except TimeoutError:
            raise StorageError(f"{self._name()} did not answer within {PING_TIMEOUT_S} seconds.") from None

    @asynccontextmanager
    async def _write_in_turn(self) -> AsyncIterator[AsyncConnection]:
        async with self._turn, self._begin(self._writer) as conn:
            yield conn

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    conn = await stack.enter_async_context(engine.begin())
                except self._unreachable as error:
                    raise StorageError(f"{self._name()} cannot be reached. {in_words(error) or error}") from error
                yield conn
        except sa.exc.SQLAlchemyError as error:
            if (words := in_words(error)) is None:
                raise
            raise StorageError(words) from error

    def _name(self) -> str:
        if self.dialect == "sqlite":
            return f"The database file {self._url.database}"
        return f"PostgreSQL at {self._url.host or self._url.query.get('host') or 'localhost'}"


def _connecting_raises(dialect: str) -> tuple[type[Exception], ...]:
    if dialect == "sqlite":
        return (OSError, sqlite3.Error)
    asyncpg = importlib.import_module("asyncpg")  # only there with the extra [postgres]
    return (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def _prepare_file(path: str) -> None:
    """Put the file into WAL mode, which stays. When two processes do so at once SQLite may not wait by itself."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as conn:
                conn.execute("PRAGMA journal_mode=WAL")
                return
        except sqlite3.Error as error:
            if "locked" in str(error) and time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            raise StorageError(f"{in_words(error) or error} ({path})") from error


def _sqlite_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    writer = _sqlite_engine(url, 1, "BEGIN IMMEDIATE", query_only=False)
    return writer, _sqlite_engine(url, READERS, "BEGIN", query_only=True)


def _sqlite_engine(url: URL, connections: int, begin: str, *, query_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        json_serializer=dumps,
        async_creator=functools.partial(connect, str(url.database), BUSY_TIMEOUT_S, reads=query_only),
    )

    def configure(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def start(conn: sa.Connection) -> None:
        conn.exec_driver_sql(begin)

    sa.event.listen(engine.sync_engine, "connect", configure)
    sa.event.listen(engine.sync_engine, "begin", start)
    return engine


def _postgresql_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    engine = create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=0,  # what is above the pool would connect anew each time, in the middle of a burst
        pool_use_lifo=True,  # those in use know their statements already
        json_serializer=dumps,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "server_settings": {"application_name": "tocsin"}},
    )

    def configure(connection: Any, record: Any) -> None:
        """A process that is stopped, or whose machine is gone, must not keep its incidents locked for the others.

        By a statement, since a connection pooler refuses such a setting when it connects.
        """
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = {round(IDLE_IN_TRANSACTION_S * 1000)}")
        cursor.execute(f"SET statement_timeout = {round(STATEMENT_S * 1000)}")
        cursor.close()
        connection.commit()
        _notice_death(connection.driver_connection)

    sa.event.listen(engine.sync_engine, "connect", configure)
    _replace_what_was_cut(engine)
    # To read there is nothing to begin or to end: two round trips less. Both take from the same connections.
    return engine, engine.execution_options(isolation_level="AUTOCOMMIT")


def _replace_what_was_cut(engine: AsyncEngine) -> None:
    """A connection that was cut is replaced before it is used. The pool's own `pre_ping` asks for it in a transaction:
    three round trips before each of ours, where one will do.
    """

    def look(connection: Any, record: Any, proxy: Any) -> None:
        try:
            connection.run_async(lambda there: there.execute("SELECT 1"))
        except Exception as error:  # whatever the driver calls it
            raise sa.exc.InvalidatePoolError from error

    sa.event.listen(engine.sync_engine, "checkout", look)


def _notice_death(connection: Any) -> None:
    """A server whose machine is gone says nothing more. Without this, whoever waits for it does so for a quarter hour.

    https://man7.org/linux/man-pages/man7/tcp.7.html; asyncpg sets none of it, and has no way to ask for it.
    """
    transport = getattr(connection, "_transport", None)
    there = transport.get_extra_info("socket") if transport is not None else None
    if there is None or there.family not in (socket.AF_INET, socket.AF_INET6):
        return
    there.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_S), ("TCP_KEEPINTVL", KEEPALIVE_S // 3), ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", GONE_S * 1000),
    ):  # fmt: skip
        if hasattr(socket, name):  # not on every system
            there.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
