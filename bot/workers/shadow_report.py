"""Queues the daily report of shadow mode when it is due, looking every half minute."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.context import Context
from bot.usecases.shadow import queue_report
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY = timedelta(seconds=30)
FIRST = timedelta(seconds=5)


def shadow_report(context: Context) -> Periodic:
    """The task. The days already reported are stored, so a restart or another replica repeats none."""

    async def look() -> None:
        if await queue_report(context):
            log.info("shadow.queued")

    return Periodic("shadow report", EVERY, FIRST, look)
