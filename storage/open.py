"""Opens the database: connects, and migrates its tables to the newest revision."""

from __future__ import annotations

import asyncio

from storage.database import BUSY_TIMEOUT_S, Database
from storage.engine import sqlite_file
from storage.engine.url import parse_url
from storage.migrate import upgrade


async def open_database(url: str, *, migrate: bool = True) -> Database:
    """Connect to the database. Raises `StorageError` if that fails.

    `migrate`: create the SQLite file if there is none, and bring the tables up to date. Without it nothing is created,
    and a file on a medium that cannot be written can be read.
    """
    parsed, options = parse_url(url), None
    if parsed.get_backend_name() == "sqlite":
        path = str(parsed.database)
        if migrate:
            await asyncio.to_thread(sqlite_file.create, path, BUSY_TIMEOUT_S)
        else:
            options = await asyncio.to_thread(sqlite_file.reading_options, path)
    database = Database(parsed, options)
    try:
        await database.ping()
        if migrate:
            await upgrade(database)
    except BaseException:
        await database.close()
        raise
    return database
