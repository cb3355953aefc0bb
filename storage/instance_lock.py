"""One process a SQLite file: whoever serves from it holds a lock beside it, which ends with the process.

So the next one knows that what is leased was left behind by the dead, and need not wait for leases to run out.
PostgreSQL has several at once and goes by leases alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import sqlalchemy as sa

from storage.database import Database
from storage.engine.dialect import db_now_s
from storage.engine.errors import StorageError
from storage.engine.url import parse
from storage.schema import deadlines, jobs, outbox

WAIT_S = 20.0  # for a predecessor that is still draining
_EVERY_S = 0.1


class InstanceLock:
    """The lock on one file. Released by `release`, or by the kernel when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        os.close(self._descriptor)


async def acquire(url: str, *, wait_s: float = WAIT_S) -> InstanceLock | None:
    """Take the file for this process; None on PostgreSQL. Raises `StorageError` when another process keeps it."""
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    path = Path(f"{parsed.database}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"The lock file {path} cannot be opened: {error.strerror}.") from error
    for _ in range(max(1, round(wait_s / _EVERY_S))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_EVERY_S)
        else:
            return InstanceLock(descriptor)
    os.close(descriptor)
    raise StorageError(
        f"Another Tocsin serves from {parsed.database}. Stop it first, or use PostgreSQL for several replicas."
    )


async def release_leases(database: Database) -> None:
    """Free what a dead predecessor held. Its notices may have been sent, so they are looked for before a repeat; its
    jobs may have run, and are not repeated at all.
    """
    async with database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.state == "leased").values(next_try_at=db_now_s(conn)))
        await conn.execute(sa.update(deadlines).where(deadlines.c.lease_until.is_not(None)).values(lease_until=None))
        await conn.execute(sa.update(jobs).where(jobs.c.state == "running").values(lease_until=db_now_s(conn)))
