"""Plays the days of a night: a jump of the clock, acts and faults, and rest before the next."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

from storage.engine.errors import StorageError
from storage.open import open_database
from storage.outbox import queue
from tests.torture.days import SPAN_S
from tests.torture.schedule import Day
from tests.waiting import WITHIN_S

if TYPE_CHECKING:
    from tests.torture.world import World


async def pass_days(world: World, pace: float) -> None:
    """Declare the first incidents, then let one day after the other pass. All is quiet at the end of each."""
    for step in world.schedule.steps:
        await world.people.begin(step)
        await world.ws.until(world.people.channels, WITHIN_S)
    for number, day in enumerate(world.schedule.days):
        if number:
            await _jump(world, day)
        await _play(world, day, pace)
        await world.end_faults()
        await _wake(world)
        if not await world.wait_until_quiet():
            return
        world.course.quiet.append(world.clock.now())


async def _jump(world: World, day: Day) -> None:
    """The clock jumps, for every process at once, or while none runs."""
    if day.asleep:
        for replica in world.replicas:
            if replica.bot is not None and replica.bot.alive:
                replica.bot.signal(signal.SIGKILL)
    if day.at > world.clock.now():
        world.course.go_to(day.at)
    await _wake(world)


async def _wake(world: World) -> None:
    """Let what waits in the outbox for some hour be looked at again: its waits are on the database's clock."""
    database = await open_database(world.url, migrate=False)
    try:
        with contextlib.suppress(StorageError):
            async with database.transaction() as conn:
                await queue.wake(conn)
    finally:
        await database.close()


async def _play(world: World, day: Day, pace: float) -> None:
    began = time.monotonic()
    happening = []
    for step in day.steps:
        await asyncio.sleep(max(0.0, began + pace * step.at_s - time.monotonic()))
        happening.append(asyncio.create_task(world.take(step), name=str(step)))
    await asyncio.gather(*happening)
    await asyncio.sleep(max(0.0, began + pace * SPAN_S - time.monotonic()))
