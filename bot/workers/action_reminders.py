"""Reminds the owners of action items, looking every minute for those whose day has begun."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.actions.remind import remind_owners
from bot.usecases.context import Context
from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
FIRST = timedelta(seconds=10)


def action_reminders(context: Context) -> Periodic:
    """The task. What was queued is in the database, so a restart or another replica repeats no reminder."""

    async def remind() -> None:
        if count := await remind_owners(context):
            log.info("actions.reminded", owners=count)

    return Periodic("action reminders", EVERY, FIRST, remind)
