"""Queues messages to the subscribers of the status page, and forgets addresses that nobody confirmed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.usecases.context import Context
from bot.usecases.status_page.tell_subscribers import clean_up, queue_portion
from bot.workers.base import Periodic

TICK = timedelta(seconds=0.5)
ROOM_S = 0.05  # until the next look whether there is room for more
CLEANED_EVERY = timedelta(hours=1)


def subscriber_queue(context: Context) -> list[Periodic]:
    """Two looks a second for what is left to queue; every hour a look for what is to be forgotten."""

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
