"""Migrates the tables to the newest revision at start; one process does, and others wait for it.

To add a migration: write `migrations/versions/vNNNN_….py`, change `schema`, set `HEAD`. A test keeps them the same.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.engine.errors import StorageError

HEAD = "0041"
_LOCK = 0x70C5_1D00  # of `pg_advisory_xact_lock`: an arbitrary number, the same in every version
LOCK_S, AGAIN_S, TRIES = 2.0, 1.0, 60
_FOLDER = Path(__file__).parent / "migrations"


async def current_revision(database: Database) -> str | None:
    """The revision of the tables; `None` for an empty database."""
    async with database.reading() as conn:
        return await _revision(conn)


async def check_readable(database: Database) -> None:
    """Raise `StorageError` if the tables are not there, or are those of an earlier version. A later one's can be read.

    A migration adds tables and columns that our queries name; those that it has added later they leave alone.
    """
    revision = await current_revision(database)
    if revision is None:
        raise StorageError(
            "The database is empty: no Tocsin has used it. `tocsin serve` sets it up; if there should be incidents in "
            "it, correct DATABASE_URL."
        )
    if revision != HEAD and revision in _known_revisions():
        raise StorageError(
            f"The tables are those of an earlier Tocsin (revision {revision}; this version needs {HEAD}). Start the "
            "new version, or run `tocsin migrate`."
        )


async def upgrade(database: Database) -> bool:
    """Migrate to the newest revision in one transaction. Returns whether there was anything to do; twice is safe.

    Raises `StorageError` for a database that a newer version of Tocsin has written.
    """
    if await current_revision(database) == HEAD:  # the usual case; alembic is not even imported
        return False
    for _ in range(TRIES):
        try:
            return await _upgrade(database)
        except StorageError as error:
            if not _is_lock_conflict(error):
                raise
            await asyncio.sleep(AGAIN_S)  # lets those go first who queued behind our lock
    return await _upgrade(database)


async def _upgrade(database: Database) -> bool:
    async with database.transaction() as conn:
        if database.dialect == "postgresql":
            await conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
            await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            # Waiting for a table lock blocks every other user of the table, and an older version may be serving.
            await conn.execute(sa.text(f"SET LOCAL lock_timeout = {round(LOCK_S * 1000)}"))
        revision = await _revision(conn)
        if revision == HEAD:
            return False
        _check_not_newer(revision)
        await conn.run_sync(run_alembic)
    return True


def _is_lock_conflict(error: StorageError) -> bool:
    """Whether a table lock timed out, or there was a deadlock."""
    driver = getattr(error.__cause__, "orig", None)
    return getattr(driver, "sqlstate", None) in ("55P03", "40P01")


async def _revision(conn: AsyncConnection) -> str | None:
    if not await conn.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version")):
        return None
    revision: str | None = await conn.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def newer(revision: str | None) -> str | None:
    """The error for tables of a newer version, from which this one cannot serve; None for all others."""
    if revision is None or revision in _known_revisions():
        return None
    return (
        f"The database was written by a newer Tocsin (its tables are at revision {revision}, this version knows "
        f"{HEAD}). Install that version again, or restore a backup from before it."
    )


def _check_not_newer(revision: str | None) -> None:
    if problem := newer(revision):
        raise StorageError(problem)


def _known_revisions() -> set[str]:
    return {path.name[1:5] for path in (_FOLDER / "versions").glob("v*.py")}


def run_alembic(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - slow to import, and needed once for each new version
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
