"""Copies an SQLite database while it is in use, and prepares a restored database for the next start.

Notices (messages to send) that wait in a restored database may have gone out after the backup, so they are marked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from storage import key_value
from storage.database import Database
from storage.engine.dialect import sql_now
from storage.engine.errors import StorageError, explain
from storage.engine.url import parse_url
from storage.schema import deadlines, outbox

BUSY_S = 30.0


async def copy_sqlite(url: str, target: Path) -> int:
    """Copy the database to `target`, one file without a log beside it. Returns its size in bytes.

    Raises `StorageError` if that fails, and for PostgreSQL.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(
            "PostgreSQL has its own backup: pg_dump --format=custom --file=tocsin.dump, with the same address. "
            "See docs/run/backup.md."
        )
    return await asyncio.to_thread(_copy, Path(str(parsed.database)), target)


async def mark_restored(database: Database) -> int:
    """Mark the outbox after a restore, and release every lease. Returns the number of notices that wait.

    They may have been sent since the backup, so each is looked for in Slack before it is sent; so are those of the
    deadlines that are due by now. No process may use the database meanwhile. Calling it twice is safe.
    """
    waiting = sa.update(outbox).where(outbox.c.state.in_(("queued", "leased", "unknown", "held")))
    uncertain = {"uncertain": True, "state": sa.case((outbox.c.state == "held", "held"), else_="unknown")}
    async with database.transaction() as conn:
        marked = await conn.execute(waiting.values(**uncertain, next_try_at=sql_now(conn.dialect.name)))
        await key_value.RESTORED_AT.put(conn, time.time())
        await conn.execute(sa.update(deadlines).where(deadlines.c.lease_until.is_not(None)).values(lease_until=None))
    return marked.rowcount


def _copy(source: Path, target: Path) -> int:
    """Copy all pages in one reading transaction, which neither blocks a writer nor restarts when one writes."""
    if target.exists():
        raise StorageError(f"{target} exists already, and a backup never overwrites a file. Name a new one.")
    from_file = f"file:{quote(str(source))}?mode=ro"
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # so that we never write into a link, or a file that others may read
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            contextlib.closing(sqlite3.connect(from_file, uri=True, timeout=BUSY_S)) as reading,
            contextlib.closing(sqlite3.connect(unfinished)) as writing,
        ):
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")  # makes it complete without a log beside it
            if (result := writing.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise StorageError(f"The copy is damaged: {result}. Check {source} itself: tocsin verify")
        _sync(unfinished)
        os.replace(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{source} could not be copied to {target}: {explain(error) or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
