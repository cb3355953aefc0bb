"""Looks every half minute whether the emergency sheet is to be mailed."""

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
    """The task. When the sheet is due next is stored, so a restart or another replica repeats none."""

    async def look() -> None:
        if await queue_sheet(context):
            log.info("sheet.queued")

    return Periodic("mail of the emergency sheet", EVERY, FIRST, look)
