"""Counts the processes that use this database, so that together they keep Slack's rate limits."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.workers.base import Periodic
from storage import replicas
from storage.database import Database
from storage.engine.errors import StorageError

log = structlog.get_logger()

EVERY_S = 10.0


class ReplicaCounter:
    """Announces this process and counts the others, on PostgreSQL. A SQLite file has one process."""

    name = "replica counter"

    def __init__(self, database: Database, counted: Callable[[int], None]) -> None:
        self._database = database
        self._counted = counted
        self._replica = uuid.uuid4().hex

    @property
    def periodic(self) -> Periodic | None:
        """The task that counts; None on SQLite."""
        if self._database.dialect == "sqlite":
            return None
        return Periodic(self.name, timedelta(seconds=EVERY_S), timedelta(0), self.beat)

    async def start(self) -> None:
        """Assume to be the only replica until the first count."""
        self._counted(1)

    async def stop(self, within_s: float) -> None:
        """Remove this process from the count. One that cannot is forgotten after a while. No `beat` may follow."""
        if self._database.dialect == "sqlite":
            return
        try:
            async with asyncio.timeout(within_s), self._database.transaction() as conn:
                await replicas.leave(conn, self._replica)
        except (StorageError, TimeoutError):
            log.info("replicas.no_goodbye")

    async def beat(self) -> None:
        """Report this process as running, and count the replicas that did so lately."""
        async with self._database.transaction() as conn:
            await replicas.beat(conn, self._replica)
            processes = await replicas.count(conn)
        self._counted(processes)
