"""Opens the database of the settings for the commands of the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from bot import settings as settings_reader
from bot.settings import Settings
from storage import migrate
from storage.database import Database
from storage.open import open_database

T = TypeVar("T")


def run(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Run `work` with the database of the settings, without migrating it."""

    async def opened() -> T:
        async with settings_database() as (database, settings):
            return await work(database, settings)

    return asyncio.run(opened())


@asynccontextmanager
async def settings_database() -> AsyncIterator[tuple[Database, Settings]]:
    """The database of the settings, and the settings. The database is not migrated."""
    settings = settings_reader.load()
    database = await open_database(settings.url, migrate=False)
    try:
        await migrate.check_readable(database)
        yield database, settings
    finally:
        await database.close()
