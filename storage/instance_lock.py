"""Locks a SQLite database with a file, so that only one server process uses it.

The lock ends with the process. So the next process knows that every lease was left behind, and need not wait for leases
to run out. PostgreSQL serves several processes at once, and there leases alone count.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import sqlalchemy as sa

from storage.database import Database
from storage.engine.dialect import sql_now
from storage.engine.errors import StorageError
from storage.engine.url import parse_url
from storage.schema import deadlines, jobs, outbox, worker_leases

WAIT_S = 20.0  # for an earlier process that is still stopping
_RETRY_S = 0.1


class InstanceLock:
    """The lock on one file, held until `release` or until the process ends."""

    def __init__(self, descriptor: int, path: Path, database: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._database = database
        self._opened: tuple[int, int] | None = None  # the database file's device and inode

    def note_opened(self) -> None:
        """Note which file was opened as the database."""
        self._opened = _identity(self._database)

    def trouble(self) -> str | None:
        """The problem if the files were moved or replaced meanwhile, and what to do about it; None if all is well."""
        if self._opened is not None and _identity(self._database) != self._opened:
            return (
                f"the database file {self._database} was moved, removed or replaced while Tocsin serves from it: what "
                "is recorded now is lost with the old file. Stop Tocsin, put the right file there, and start it"
            )
        if _identity(self._path) != _identity(self._descriptor):
            return (
                f"the lock file {self._path} was removed: another Tocsin could serve from the same database. "
                "Restart Tocsin"
            )
        return None

    def release(self) -> None:
        """Release the lock. Call it once."""
        os.close(self._descriptor)


async def acquire(url: str, *, wait_s: float = WAIT_S) -> InstanceLock | None:
    """Lock the database file for this process; `None` on PostgreSQL. Raises `StorageError` if it stays locked."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    path = Path(f"{parsed.database}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        raise StorageError(
            f"The folder {path.parent} does not exist. Create it for the user that Tocsin runs as, or correct "
            "DATABASE_URL."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The lock file {path} cannot be opened ({error.strerror}). Give the user that Tocsin runs as write access "
            f"to {path.parent}."
        ) from error
    for _ in range(max(1, round(wait_s / _RETRY_S))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_RETRY_S)
        else:
            return InstanceLock(descriptor, path, Path(str(parsed.database)))
    os.close(descriptor)
    raise StorageError(
        f"Another Tocsin serves from {parsed.database}. Stop it first, or use PostgreSQL for several replicas."
    )


def _identity(file: Path | int) -> tuple[int, int] | None:
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


async def release_leases(database: Database) -> None:
    """Release the leases that an earlier process left behind. Call it with the lock held.

    Its notices may have been sent, so they are looked for in Slack before they are sent again. Its jobs may have run,
    and are not repeated at all.
    """
    now = sql_now(database.dialect)
    async with database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.state == "leased").values(next_try_at=now))
        await conn.execute(sa.update(deadlines).where(deadlines.c.lease_until.is_not(None)).values(lease_until=None))
        await conn.execute(sa.update(worker_leases).values(lease_until=None))
        await conn.execute(sa.update(jobs).where(jobs.c.state == "running").values(lease_until=now))
