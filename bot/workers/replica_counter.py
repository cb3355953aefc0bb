"""Replicas: how many processes serve from this database, so that together they keep to what Slack allows them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

import structlog

from bot.workers.tasks import cancel_and_wait
from storage import replicas
from storage.database import Database
from storage.engine.errors import StorageError

log = structlog.get_logger()

EVERY_S = 10.0


class ReplicaCounter:
    """Says that this one is there and counts the others, on PostgreSQL. A SQLite file has one process."""

    name = "replica counter"

    def __init__(self, database: Database, counted: Callable[[int], None]) -> None:
        self._database = database
        self._counted = counted
        self._name = uuid.uuid4().hex
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._counted(1)
        if self._database.dialect != "sqlite":
            self._loop = asyncio.create_task(self._run(), name="replicas")

    async def stop(self, within_s: float) -> None:
        """Say goodbye; who cannot is forgotten after a while."""
        if self._loop is None:
            return
        try:
            async with asyncio.timeout(within_s):
                await cancel_and_wait(self._loop)  # a beat under way would be a hello after the goodbye
                async with self._database.transaction() as conn:
                    await replicas.leave(conn, self._name)
        except (StorageError, TimeoutError):
            log.info("replicas.no_goodbye")

    async def _run(self) -> None:
        while True:
            try:
                async with self._database.transaction() as conn:
                    await replicas.beat(conn, self._name)
                    found = await replicas.count(conn)
                self._counted(found)
            except Exception:
                log.exception("replicas.not_counted", hint="check the database; it is tried again")
            await asyncio.sleep(EVERY_S)
