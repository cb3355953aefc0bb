"""Queues messages to the subscribers of the status page, and forgets addresses that nobody confirmed."""

from __future__ import annotations

from datetime import timedelta

from bot.usecases.context import Context
from bot.usecases.status_page.tell_subscribers import clean_up, queue_portion
from bot.workers.base import Periodic

TICK = timedelta(seconds=0.5)
CLEANED_EVERY = timedelta(hours=1)


def subscriber_queue(context: Context) -> list[Periodic]:
    """Two looks a second for what is left to queue; every hour a look for what is to be forgotten."""

    async def queue() -> None:
        while await queue_portion(context):
            pass

    async def clean() -> None:
        await clean_up(context)

    return [
        Periodic("messages to subscribers", TICK, TICK, queue),
        Periodic("unconfirmed subscribers", CLEANED_EVERY, CLEANED_EVERY, clean),
    ]
