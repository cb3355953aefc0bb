"""Queues the weekly digest when it is due, looking every half minute."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.context import Context
from bot.usecases.weekly_digest import queue_digest
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY = timedelta(seconds=30)
FIRST = timedelta(seconds=5)


def weekly_digest(context: Context) -> Periodic:
    """The task. The next due time is stored, so a restart or another replica repeats none."""

    async def look() -> None:
        if await queue_digest(context):
            log.info("digest.queued")

    return Periodic("weekly digest", EVERY, FIRST, look)
