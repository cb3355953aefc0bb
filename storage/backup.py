"""A copy of an SQLite database while somebody writes to it, by SQLite's own backup; and what a restore asks for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from storage.database import Database
from storage.engine.dialect import db_now_s
from storage.engine.errors import StorageError, in_words
from storage.engine.url import parse
from storage.schema import deadlines, outbox

BUSY_S = 30.0


async def sqlite(url: str, target: Path) -> int:
    """The size of the copy, which is one file without a log beside it. Raises `StorageError`, also for PostgreSQL."""
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(
            "PostgreSQL has its own: pg_dump --format=custom --file=tocsin.dump, with the same address. "
            "See docs/operator.md."
        )
    return await asyncio.to_thread(_copy, Path(str(parsed.database)), target)


async def restored(database: Database) -> int:
    """After a restore: what waits in the outbox may have been sent since the backup, so it is looked for before it is
    sent; how many. Twice is safe. Nobody may serve from the database meanwhile.
    """
    waiting = sa.update(outbox).where(outbox.c.state.in_(("queued", "leased", "unknown", "held")))
    unsure = {"uncertain": True, "state": sa.case((outbox.c.state == "held", "held"), else_="unknown")}
    async with database.transaction() as conn:
        done = await conn.execute(waiting.values(**unsure, next_try_at=db_now_s(conn)))
        await conn.execute(sa.update(deadlines).where(deadlines.c.lease_until.is_not(None)).values(lease_until=None))
    return done.rowcount


def _copy(source: Path, target: Path) -> int:
    """All pages within one reading transaction: nobody who writes meanwhile waits, or makes it begin anew."""
    if target.exists():
        raise StorageError(f"{target} is there already, and a backup never writes over another. Name a new file.")
    from_file = f"file:{quote(str(source))}?mode=ro"
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # a link, or a file that others may read, is not written into
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            contextlib.closing(sqlite3.connect(from_file, uri=True, timeout=BUSY_S)) as reading,
            contextlib.closing(sqlite3.connect(unfinished)) as writing,
        ):
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, whole without others beside it
            if (said := writing.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise StorageError(f"The copy is not sound: {said}. Look whether {source} is: tocsin verify")
        _sync(unfinished)
        os.replace(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{source} could not be copied to {target}: {in_words(error) or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
