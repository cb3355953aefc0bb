"""The faults of a night. Each one ends by itself and affects only its own run."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tests.torture.schedule import Step

if TYPE_CHECKING:
    from tests.torture.world import World

MIN_FREE_BYTES = 256 * 1024  # the process also writes its log


async def fault(world: World, step: Step) -> None:
    await FAULTS[step.what.removeprefix("fault:")](world, step)


async def _kill(world: World, step: Step) -> None:
    replica = world.replica(step.pick)
    if replica.bot is not None and replica.bot.alive:
        replica.bot.signal(signal.SIGKILL)


async def _stop(world: World, step: Step) -> None:
    """SIGTERM, as at an upgrade; the supervisor restarts the process."""
    replica = world.replica(step.pick)
    if replica.bot is not None and replica.bot.port and replica.bot.alive:
        replica.bot.signal(signal.SIGTERM)


async def _freeze(world: World, step: Step) -> None:
    """Stop a process, past its lease if long, and continue it."""
    bot = world.replica(step.pick).bot
    if bot is None or not bot.alive:
        return
    with contextlib.suppress(ProcessLookupError):
        bot.signal(signal.SIGSTOP)
        world.freezes += step.more["for_s"] > world.tuning.lease_s - world.tuning.timeout_s
        try:
            await asyncio.sleep(step.more["for_s"])
        finally:
            if bot.alive:
                bot.signal(signal.SIGCONT)


async def _sockets(world: World, step: Step) -> None:
    world.balancer.drop()
    if step.more["reason"]:
        await world.ws.sockets.disconnect(step.more["reason"])
    else:
        world.ws.sockets.drop()


async def _slack(world: World, step: Step) -> None:
    rule = dict(step.more)
    world.ws.faults.add(rule.pop("method"), **rule)


async def _copies(world: World, step: Step) -> None:
    world.ws.delivery.faults.copies = step.more["number"]
    await asyncio.sleep(step.more["for_s"])
    world.ws.delivery.faults.copies = 1


async def _twice(world: World, step: Step) -> None:
    """Deliver commands, presses and submissions twice, as two sockets or a retrying load balancer may."""
    world.repeating += 1
    await asyncio.sleep(step.more["for_s"])
    world.repeating -= 1


async def _reorder(world: World, step: Step) -> None:
    world.ws.delivery.faults.reorder = step.more["number"]
    await asyncio.sleep(step.more["for_s"])
    world.ws.delivery.faults.reorder = 0


async def _late(world: World, step: Step) -> None:
    world.ws.delivery.faults.delay_s = step.more["by_s"]
    await asyncio.sleep(step.more["for_s"])
    world.ws.delivery.faults.delay_s = 0.0


async def _lose_acks(world: World, step: Step) -> None:
    world.ws.delivery.faults.lose_acks += step.more["number"]


async def _step(world: World, step: Step) -> None:
    world.course.step(step.more["by_s"])


async def _down(world: World, step: Step) -> None:
    await world.ws.go_down()
    await asyncio.sleep(step.more["for_s"])
    await world.ws.come_back()


async def _outage(world: World, step: Step) -> None:
    """Slack is dead for hours of the bot's clock, which goes on in leaps."""
    await world.ws.go_down()
    world.slack_outages += 1
    leaps = step.more["leaps"]
    for leap_s in leaps:
        await asyncio.sleep(step.more["for_s"] / len(leaps))
        world.course.step(leap_s)
    await world.ws.come_back()


async def _cut(world: World, step: Step) -> None:
    await asyncio.to_thread(world.cut_connections)


async def _lock(world: World, step: Step) -> None:
    """Another process's transaction locks the file."""
    conn = await asyncio.to_thread(_lock_database, world.sqlite_file)
    try:
        await asyncio.sleep(step.more["for_s"])
    finally:
        conn.close()


def _lock_database(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        conn.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:  # the bot holds the lock, so the file is locked already
        return conn
    return conn


async def _disk(world: World, step: Step) -> None:
    """Forbid the process to grow any file: the effect of a full disk, for this process alone."""
    bot = world.replica(step.pick).bot
    if bot is None or not bot.alive:
        return
    wal = world.sqlite_file.with_name(world.sqlite_file.name + "-wal")
    size = max([path.stat().st_size for path in (wal, world.sqlite_file) if path.exists()], default=0)
    limit = max(size + 4096, MIN_FREE_BYTES)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        hard = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (limit, hard))
        try:
            await asyncio.sleep(step.more["for_s"])
        finally:
            if bot.alive:
                resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (hard, hard))


FAULTS = {
    "kill": _kill,
    "stop": _stop,
    "twice": _twice,
    "freeze": _freeze,
    "sockets": _sockets,
    "slack": _slack,
    "copies": _copies,
    "reorder": _reorder,
    "late": _late,
    "lose_acks": _lose_acks,
    "step": _step,
    "down": _down,
    "outage": _outage,
    "cut": _cut,
    "lock": _lock,
    "disk": _disk,
}
