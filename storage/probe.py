"""Proves that the database takes writes: a full disk or a read-only volume answers every query."""

from __future__ import annotations

import asyncio
import time

from storage import key_value
from storage.database import Database
from storage.engine.errors import StorageError

WITHIN_S = 5.0


async def prove_write(database: Database) -> None:
    """Write one small row. Raises `StorageError` where that fails or takes too long."""
    try:
        async with asyncio.timeout(WITHIN_S), database.transaction() as conn:
            await key_value.WRITE_PROBE.put(conn, round(time.time()))
    except TimeoutError:
        raise StorageError(f"The database took no write within {WITHIN_S:.0f} seconds.") from None
