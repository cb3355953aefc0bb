"""Lets planned maintenance begin and end by itself."""

from __future__ import annotations

from datetime import timedelta

from bot.usecases.context import Context
from bot.usecases.status_page.maintain import run_due
from bot.workers.base import Periodic

TICK = timedelta(seconds=1)


def maintenance(context: Context) -> Periodic:
    """Look each second for what is due; everything due is a row, so that nothing is lost by a restart."""

    async def look() -> None:
        await run_due(context)

    return Periodic("planned maintenance", TICK, TICK, look)
