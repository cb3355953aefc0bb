"""Starts and ends planned maintenance at its times."""

from __future__ import annotations

from datetime import timedelta

from bot.usecases.context import Context
from bot.usecases.status_page.maintain import run_due
from bot.workers.base import Periodic

TICK = timedelta(seconds=1)


def maintenance(context: Context) -> Periodic:
    """The task, run each second. What is due is a row, so a restart loses nothing."""

    async def look() -> None:
        await run_due(context)

    return Periodic("planned maintenance", TICK, TICK, look)
