"""Queues messages to the subscribers of the status page, and deletes unconfirmed subscriptions."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.usecases.context import Context
from bot.usecases.status_page.tell_subscribers import clean_up, queue_portion
from bot.workers.base import Periodic

TICK = timedelta(seconds=0.5)
ROOM_S = 0.05  # wait before checking again whether the outbox has room
CLEANED_EVERY = timedelta(hours=1)


def subscriber_queue(context: Context) -> list[Periodic]:
    """The tasks: queueing twice a second, and a clean-up every hour."""

    async def queue() -> None:
        while (queued := await queue_portion(context)) is not None:
            if not queued:
                await asyncio.sleep(ROOM_S)

    async def clean() -> None:
        await clean_up(context)

    return [
        Periodic("messages to subscribers", TICK, TICK, queue),
        Periodic("unconfirmed subscribers", CLEANED_EVERY, CLEANED_EVERY, clean),
    ]
