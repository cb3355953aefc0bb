"""Looks every half minute whether the digest of the week is due."""

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
    """The task. When the next digest is due is stored, so a restart or another replica repeats none."""

    async def look() -> None:
        if await queue_digest(context):
            log.info("digest.queued")

    return Periodic("weekly digest", EVERY, FIRST, look)
