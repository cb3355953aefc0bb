"""Queues the mails of the emergency sheet when they are due, looking every half minute."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.context import Context
from bot.usecases.sheet_mail import queue_sheet
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY = timedelta(seconds=30)
FIRST = timedelta(seconds=5)


def sheet_mail(context: Context) -> Periodic:
    """The task. The next due time is stored, so a restart or another replica repeats none."""

    async def look() -> None:
        if await queue_sheet(context):
            log.info("sheet.queued")

    return Periodic("mail of the emergency sheet", EVERY, FIRST, look)
