"""Opens transactions to write, and connections to read, on SQLite or PostgreSQL."""

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

from storage.engine.columns import dumps
from storage.engine.errors import StorageError, explain
from storage.engine.group_commit import BatchedTransactions
from storage.engine.sqlite_driver import connect
from storage.timeline.appender import Appender

BUSY_TIMEOUT_S = 5
CONNECT_TIMEOUT_S = 10
PING_TIMEOUT_S = 5
IDLE_IN_TRANSACTION_S = 10  # shorter than a lease
STATEMENT_S = 30  # none of our statements takes as long: one that does waits for a lock that will not be released
TRUSTED_S = 1.0  # after its use a connection is not asked whether it still works
KEEPALIVE_S = 10  # of silence, after which the server's machine is probed
GONE_S = 20  # without an answer from the server's machine, after which the connection counts as lost
READERS = 4
READER_CACHE_KB = 512  # each; what it lacks, the system's own cache of the file has
POOL = 20

_T = TypeVar("_T")


class Database:
    """One database, of either kind; `storage.open` makes it.

    On SQLite all writers share one connection, one after another. With SQLite's default, a transaction that begins as a
    reader and becomes a writer, 347 of 400 concurrent read-modify-writes were lost (docs/architecture.md, decision 3).
    """

    def __init__(self, url: URL, sqlite_options: str | None = None) -> None:
        self.dialect: str = url.get_backend_name()
        self.read_only = sqlite_options is not None  # a file that cannot be written where it is
        self._url = url
        self._write_lock = asyncio.Lock()  # for SQLite's one writer; on PostgreSQL for `serialized`
        self._writer, self._reader = (
            _sqlite_engines(url, sqlite_options) if self.dialect == "sqlite" else _postgresql_engines(url)
        )
        self._connection_errors = _connection_errors(self.dialect)
        self.write_failed: Callable[[], None] = lambda: None  # called for each transaction that could not be written
        self.appender = Appender(self.transaction)
        self._batched = BatchedTransactions(self.transaction)

    async def close(self) -> None:
        """Finish the running writes, then close every connection. Calling it twice is safe."""
        await self.appender.close()
        await self._batched.close()
        await self._writer.dispose()
        if self.dialect == "sqlite":
            await self._reader.dispose()

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction to write in. It commits at the end, and rolls back when an exception leaves it."""
        return self._write_in_turn() if self.dialect == "sqlite" else self._begin(self._writer)

    def serialized(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction for writes that would wait for each other anyway, one after another on either database.

        On PostgreSQL they then take one connection of the pool instead of one each.
        """
        return self._write_in_turn()

    async def batched(self, operation: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """Run a small write, of a kind that arrives many at once. It may be started again after a rollback."""
        if self.dialect == "sqlite":
            return await self._batched.run(operation)
        async with self.transaction() as conn:
            return await operation(conn)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection to read from while others write. Each query sees the state at its own time."""
        return self._begin(self._reader)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from on which all queries see the state at one instant."""
        if self.dialect == "sqlite":
            async with self.reading() as conn:
                await conn.exec_driver_sql("BEGIN")
                yield conn
        else:
            async with self._begin(self._writer) as conn:
                await conn.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield conn

    async def ping(self) -> None:
        """Run a trivial query. Raises `StorageError` when the database cannot be reached."""
        try:
            async with asyncio.timeout(PING_TIMEOUT_S), self.reading() as conn:
                await conn.execute(sa.text("SELECT 1"))
        except TimeoutError:
            raise StorageError(f"{self._name()} did not answer within {PING_TIMEOUT_S} seconds.") from None

    @asynccontextmanager
    async def _write_in_turn(self) -> AsyncIterator[AsyncConnection]:
        async with self._write_lock, self._begin(self._writer) as conn:
            yield conn

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._explain_errors(engine) as conn:
                yield conn
        except StorageError:
            if engine is self._writer:
                self.write_failed()
            raise

    @asynccontextmanager
    async def _explain_errors(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection whose errors are raised as `StorageError`, unless they are a mistake in our query."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    conn = await stack.enter_async_context(engine.begin())
                except self._connection_errors as error:
                    raise StorageError(f"{self._name()} cannot be reached. {_why_not(error)}") from error
                yield conn
        except sa.exc.SQLAlchemyError as error:
            if (explanation := explain(error)) is None:
                raise
            raise StorageError(explanation) from error

    def _name(self) -> str:
        if self.dialect == "sqlite":
            return f"The database file {self._url.database}"
        return f"PostgreSQL at {self._url.host or self._url.query.get('host') or 'localhost'}"


def _why_not(error: Exception) -> str:
    """Why no connection was made. What SQLite and PostgreSQL answer is explained; an `OSError` is the network's."""
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return f"Check that the server is up, and its host and port in DATABASE_URL ({reason})."
    return explain(error) or str(error)


def _connection_errors(dialect: str) -> tuple[type[Exception], ...]:
    if dialect == "sqlite":
        return (OSError, sqlite3.Error)
    asyncpg = importlib.import_module("asyncpg")  # installed only with the extra [postgres]
    return (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def _sqlite_engines(url: URL, options: str | None) -> tuple[AsyncEngine, AsyncEngine]:
    """The engine of the one writer, and the readers', which begin no transactions."""
    writer = _sqlite_engine(url, options, 1, query_only=False)

    def start(conn: sa.Connection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    sa.event.listen(writer.sync_engine, "begin", start)
    return writer, _sqlite_engine(url, options, READERS, query_only=True)


def _sqlite_engine(url: URL, options: str | None, connections: int, *, query_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        json_serializer=dumps,
        async_creator=functools.partial(connect, str(url.database), options, BUSY_TIMEOUT_S, reads=query_only),
    )

    def configure(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
            cursor.execute(f"PRAGMA cache_size=-{READER_CACHE_KB}")
        cursor.close()

    sa.event.listen(engine.sync_engine, "connect", configure)
    return engine


def _postgresql_engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    engine = create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=0,  # connections beyond the pool would be opened anew each time, in the middle of a burst
        pool_use_lifo=True,  # connections in use have our statements prepared already
        json_serializer=dumps,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "server_settings": {"application_name": "tocsin"}},
    )

    def configure(connection: Any, record: Any) -> None:
        """Set time-outs, so that a stopped process or a lost machine does not keep its incidents locked for others.

        It takes a statement, since a connection pooler refuses such settings at connect.
        """
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = {round(IDLE_IN_TRANSACTION_S * 1000)}")
        cursor.execute(f"SET statement_timeout = {round(STATEMENT_S * 1000)}")
        cursor.close()
        connection.commit()
        _detect_lost_server(connection.driver_connection)

    sa.event.listen(engine.sync_engine, "connect", configure)
    _replace_closed_connections(engine)
    # Reads need no BEGIN and COMMIT: two round trips less. Both engines share the same connections.
    return engine, engine.execution_options(isolation_level="AUTOCOMMIT")


def _replace_closed_connections(engine: AsyncEngine) -> None:
    """Replace a connection that was closed before it is used.

    The pool's own `pre_ping` checks inside a transaction: three round trips before each of ours, where one will do, and
    none for a connection that was used a moment ago.
    """

    def returned(connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    def check(connection: Any, record: Any, proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise sa.exc.InvalidatePoolError
        if time.monotonic() - record.info.get("used_at", 0.0) < TRUSTED_S:
            return
        try:
            connection.run_async(lambda driver: driver.execute("SELECT 1"))
        except Exception as error:  # whatever the driver raises
            raise sa.exc.InvalidatePoolError from error

    sa.event.listen(engine.sync_engine, "checkin", returned)
    sa.event.listen(engine.sync_engine, "checkout", check)


def _detect_lost_server(connection: Any) -> None:
    """Turn on TCP keepalive. When a server's machine is lost, a query would else wait for a quarter of an hour.

    https://man7.org/linux/man-pages/man7/tcp.7.html; asyncpg sets none of these options and offers no way to.
    """
    transport = getattr(connection, "_transport", None)
    peer = transport.get_extra_info("socket") if transport is not None else None
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_S), ("TCP_KEEPINTVL", KEEPALIVE_S // 3), ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", GONE_S * 1000),
    ):  # fmt: skip
        if hasattr(socket, name):  # not every system has it
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
