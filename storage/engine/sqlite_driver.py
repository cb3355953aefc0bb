"""Drives SQLite by aiosqlite, and uses aiosqlite's thread only for statements that may have to wait.

Those are commits, statements that meet a lock, and long reads or writes. aiosqlite crosses between threads once each to
make a cursor, execute, fetch and close, and for BEGIN and ROLLBACK. Of the 6 ms that a transaction of ten statements
took that way, SQLite itself needed half a millisecond. So a statement runs on the event loop where it is called, and
goes to the connection's thread if the database is locked, if it writes many rows, or if it reads for longer than
`BRIEFLY_S`. A writer's commits sync to disk and always go to the thread.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import aiosqlite

BRIEFLY_S = 0.005  # the longest that a read may hold the event loop
MANY = 16  # rows of one statement; more than these are written in the thread
_INSTRUCTIONS = 10_000  # of SQLite's virtual machine between checks of the time: a quarter of a millisecond
_WAIT, _GO_ON = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}, {sqlite3.SQLITE_INTERRUPT}


class _Cursor:
    """Executes, fetches and closes at once. All our results are small, since large ones are read in pages."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Cursor:
        await self._connection.run(functools.partial(self._run, sqlite3.Connection.execute, sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> _Cursor:
        run = functools.partial(self._run, sqlite3.Connection.executemany, sql, parameters)
        await (self._connection.run(run) if len(parameters) <= MANY else self._connection.run_in_thread(run))
        return self

    def _run(self, method: Any, sql: str, parameters: Any) -> None:
        cursor = method(self._connection.sqlite, sql, parameters)
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: the cursor was closed after it executed."""


class _Connection(aiosqlite.Connection):
    """A connection used by one task at a time, which SQLAlchemy's pool ensures."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], busy_timeout_s: float, *, reads: bool) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._busy_timeout_ms = round(busy_timeout_s * 1000)
        self._reads = reads
        self._until: float | None = None
        self._resumed_at = 0.0
        self._abandoned = False  # a call is, or may still be, running in the thread, since its caller was cancelled

    @property
    def sqlite(self) -> sqlite3.Connection:
        return self._conn

    def cursor(self) -> Any:
        return _Cursor(self)

    async def prepare(self) -> None:
        """Interrupt reads that hold the event loop for too long. Only reads can be interrupted and started again."""
        if self._reads:
            await self.set_progress_handler(self._too_long, _INSTRUCTIONS)

    async def run(self, function: Callable[[], None]) -> None:
        """Run it on the event loop if it need not wait, and yield to other tasks now and then."""
        if self._abandoned:
            return await self.run_in_thread(function)
        if time.perf_counter() - self._resumed_at > BRIEFLY_S:
            await asyncio.sleep(0)  # timers that are due set their futures,
            await asyncio.sleep(0)  # and the tasks that wait for these run
            self._resumed_at = time.perf_counter()
        try:
            self._until = time.perf_counter() + BRIEFLY_S if self._reads else None
            return function()
        except sqlite3.OperationalError as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in _WAIT | _GO_ON:
                raise
        finally:
            self._until = None
        return await self.run_in_thread(function)

    async def run_in_thread(self, function: Callable[[], None]) -> None:
        """Run it in the connection's thread, waiting for locks. Calls run in the order in which they were made."""
        self._abandoned = True
        try:
            await self._execute(self._wait_for_locks, function)  # type: ignore[no-untyped-call]  # of aiosqlite
        except Exception:
            self._abandoned = False
            raise
        self._abandoned = False

    async def commit(self) -> None:
        await (self.run(self.sqlite.commit) if self._reads else self.run_in_thread(self.sqlite.commit))

    async def rollback(self) -> None:
        await self.run(self.sqlite.rollback)

    def _wait_for_locks(self, function: Callable[[], None]) -> None:
        self.sqlite.execute(f"PRAGMA busy_timeout={self._busy_timeout_ms}")
        try:
            function()
        finally:
            self.sqlite.execute("PRAGMA busy_timeout=0")

    def _too_long(self) -> bool:
        return self._until is not None and time.perf_counter() > self._until


async def connect(path: str, options: str | None, busy_timeout_s: float, *, reads: bool) -> aiosqlite.Connection:
    """Connect, for `create_async_engine(async_creator=…)`. The connection never begins a transaction by itself.

    `options`: of SQLite's URI, https://www.sqlite.org/uri.html#uri_filenames_in_sqlite
    """
    name = path if options is None else f"file:{quote(path)}?{options}"
    connector = functools.partial(
        sqlite3.connect, name, timeout=0, isolation_level=None, check_same_thread=False, uri=options is not None
    )
    connection = _Connection(connector, busy_timeout_s, reads=reads)
    # A connection left open must not keep the process alive. Until aiosqlite 0.22 the connection was the thread itself.
    thread: Any = getattr(connection, "_thread", connection)
    thread.daemon = True
    open_connection = await connection
    await connection.prepare()
    return open_connection
