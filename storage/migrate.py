"""Bringing the tables up to date at start. One process does it; whoever starts at the same moment waits.

To add a migration: write `migrations/versions/vNNNN_….py`, change `schema`, set `HEAD`. A test holds them together.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Database

HEAD = "0009"
_LOCK = 0x70C5_1D00  # any number, the same in every version
LOCK_S, AGAIN_S, TRIES = 2.0, 1.0, 60
_FOLDER = Path(__file__).parent / "migrations"


async def current(database: Database) -> str | None:
    """The revision the tables are at; `None` for an empty database."""
    async with database.reading() as conn:
        return await _revision(conn)


async def upgrade(database: Database) -> bool:
    """To the newest revision, in one transaction; whether anything was to be done. Twice is safe.

    Raises `StorageError` for a database that a newer version has written.
    """
    if await current(database) == HEAD:  # most starts; alembic is not even loaded
        return False
    for _ in range(TRIES):
        try:
            return await _upgrade(database)
        except StorageError as error:
            if not _in_the_way(error):
                raise
            await asyncio.sleep(AGAIN_S)  # others, who stood behind us, go first
    return await _upgrade(database)


async def _upgrade(database: Database) -> bool:
    async with database.transaction() as conn:
        if database.dialect == "postgresql":
            await conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
            await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            # Who waits to change a table keeps everybody else from it: an older version is at work on it.
            await conn.execute(sa.text(f"SET LOCAL lock_timeout = {round(LOCK_S * 1000)}"))
        at = await _revision(conn)
        if at == HEAD:
            return False
        _check_known(at)
        await conn.run_sync(_run)
    return True


def _in_the_way(error: StorageError) -> bool:
    """Whether a table could not be had in time, or two wanted each other's."""
    driver = getattr(error.__cause__, "orig", None)
    return getattr(driver, "sqlstate", None) in ("55P03", "40P01")


async def _revision(conn: AsyncConnection) -> str | None:
    there = await conn.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version"))
    if not there:
        return None
    found: str | None = await conn.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def _check_known(revision: str | None) -> None:
    if revision is None:
        return
    known = {path.name[1:5] for path in (_FOLDER / "versions").glob("v*.py")}
    if revision not in known:
        raise StorageError(
            f"The database was written by a newer Tocsin (its tables are at {revision}, this one knows {HEAD}). "
            "Install that version again, or restore a backup from before it."
        )


def _run(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
