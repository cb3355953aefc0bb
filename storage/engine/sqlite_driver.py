"""aiosqlite that crosses between threads only where SQLite may have to wait: to commit, and for what is locked or long.

aiosqlite crosses once each to make a cursor, execute, fetch and close, and so it does for BEGIN and ROLLBACK. Of the
6 ms that a transaction of ten statements took that way, SQLite itself needed half a millisecond. So a statement runs
right where it is called, on the event loop, and is sent to the connection's thread when it finds the database locked,
has many rows to write, or reads for longer than `BRIEFLY_S`. Commits of a writer sync to disk and always go there.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite

BRIEFLY_S = 0.005  # as long as anything may hold the event loop
MANY = 16  # rows of one statement; more are written in the thread
_INSTRUCTIONS = 10_000  # of SQLite's machine between looks at the time: a quarter of a millisecond
_WAIT, _GO_ON = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}, {sqlite3.SQLITE_INTERRUPT}


class _Cursor:
    """Runs, fetches and closes at once. All our results are small: what may be large is read in pages."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._found: list[Any] = []
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

    def _run(self, how: Any, sql: str, parameters: Any) -> None:
        cursor = how(self._connection.sqlite, sql, parameters)
        self.description = cursor.description
        self._found = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    async def fetchall(self) -> list[Any]:
        found, self._found = self._found, []
        return found

    async def close(self) -> None:
        """Nothing is left open."""


class _Connection(aiosqlite.Connection):
    """Used by one task at a time, as SQLAlchemy's pool sees to."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], busy_timeout_s: float, *, reads: bool) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._busy_timeout_ms = round(busy_timeout_s * 1000)
        self._reads = reads
        self._until: float | None = None
        self._resumed_at = 0.0
        self._abandoned = False  # a call in the thread whose caller was cancelled: who knows how far it is

    @property
    def sqlite(self) -> sqlite3.Connection:
        return self._conn

    def cursor(self) -> Any:
        return _Cursor(self)

    async def prepare(self) -> None:
        """Let no read take the event loop for long. Only reads can be broken off and begun again."""
        if self._reads:
            await self.set_progress_handler(self._too_long, _INSTRUCTIONS)

    async def run(self, function: Callable[[], None]) -> None:
        """Here and now where it need not wait; now and then everybody else on the event loop has a turn."""
        if self._abandoned:
            return await self.run_in_thread(function)
        if time.perf_counter() - self._resumed_at > BRIEFLY_S:
            await asyncio.sleep(0)
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
        """With patience for locks. Calls are carried out in their order."""
        self._abandoned = True
        try:
            await self._execute(self._patiently, function)  # type: ignore[no-untyped-call]  # of aiosqlite
        except Exception:
            self._abandoned = False
            raise
        self._abandoned = False

    async def commit(self) -> None:
        await (self.run(self.sqlite.commit) if self._reads else self.run_in_thread(self.sqlite.commit))

    async def rollback(self) -> None:
        await self.run(self.sqlite.rollback)

    def _patiently(self, function: Callable[[], None]) -> None:
        self.sqlite.execute(f"PRAGMA busy_timeout={self._busy_timeout_ms}")
        try:
            function()
        finally:
            self.sqlite.execute("PRAGMA busy_timeout=0")

    def _too_long(self) -> bool:
        return self._until is not None and time.perf_counter() > self._until


async def connect(path: str, busy_timeout_s: float, *, reads: bool) -> aiosqlite.Connection:
    """For `create_async_engine(async_creator=…)`. The connection never begins a transaction by itself."""
    connector = functools.partial(sqlite3.connect, path, timeout=0, isolation_level=None, check_same_thread=False)
    connection = _Connection(connector, busy_timeout_s, reads=reads)
    # A connection that nobody closed must not keep the process alive. Until 0.22 it was the thread itself.
    thread: Any = getattr(connection, "_thread", connection)
    thread.daemon = True
    opened = await connection
    await connection.prepare()
    return opened
