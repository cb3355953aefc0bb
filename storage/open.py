"""Opens the database: connects, and migrates its tables to the newest revision."""

from __future__ import annotations

import asyncio

from storage.database import Database, create_sqlite_file
from storage.engine.url import parse_url
from storage.migrate import upgrade


async def open_database(url: str, *, migrate: bool = True) -> Database:
    """Connect to the database, and bring its tables up to date if `migrate`. Raises `StorageError` if that fails."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        await asyncio.to_thread(create_sqlite_file, str(parsed.database))
    database = Database(parsed)
    try:
        await database.ping()
        if migrate:
            await upgrade(database)
    except BaseException:
        await database.close()
        raise
    return database
