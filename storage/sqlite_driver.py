"""aiosqlite with one crossing between threads a statement instead of four.

aiosqlite crosses once each to make a cursor, execute, fetch and close; SQLAlchemy asks for all four every time. Of the
6 ms that a transaction of ten statements took that way, SQLite itself needed half a millisecond.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable
from typing import Any

import aiosqlite


class _Cursor:
    """Runs, fetches and closes at once. All our results are small: what may be large is read in pages."""

    arraysize = 1

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection: Any = connection
        self._found: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> _Cursor:
        await self._connection._execute(self._run, sqlite3.Connection.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> _Cursor:
        await self._connection._execute(self._run, sqlite3.Connection.executemany, sql, parameters)
        return self

    def _run(self, how: Any, sql: str, parameters: Any) -> None:
        cursor = how(self._connection._conn, sql, parameters)
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
    def cursor(self) -> Any:
        return _Cursor(self)


async def connect(path: str, busy_timeout_s: float) -> aiosqlite.Connection:
    """For `create_async_engine(async_creator=…)`. The connection never begins a transaction by itself."""
    connector = functools.partial(sqlite3.connect, path, timeout=busy_timeout_s, isolation_level=None)
    connection = _Connection(connector, iter_chunk_size=64)
    # A connection that nobody closed must not keep the process alive. Until 0.22 it was the thread itself.
    thread: Any = getattr(connection, "_thread", connection)
    thread.daemon = True
    return await connection
