"""How long `tocsin serve` takes to be ready and how much memory it uses, empty and with 100,000 deadlines.

The bars (docs/performance.md): ready within 2 s, at most 140 MB, at most 5 MB more with the deadlines.
"""

from __future__ import annotations

import asyncio
from statistics import median

from storage.open import open_database
from tests.benchmarks import filling, processes
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Rig

WAITING = 100_000
STARTS = 5
SETTLE_S = 2.5  # more than two ticks of the scheduler


async def _start_figures(rig: Rig, url: str) -> tuple[float, float]:
    """The median seconds until ready, and the median MB after `SETTLE_S`."""
    seconds, megabytes = [], []
    for _ in range(STARTS):
        bot = await rig.bot(url)
        await asyncio.sleep(SETTLE_S)
        seconds.append(bot.took_s)
        megabytes.append(bot.rss_mb())
        await bot.kill()
    return median(seconds), median(megabytes)


async def _measure(name: str, url: str) -> list[Figure]:
    await (await open_database(url)).close()
    async with processes.rig() as rig:
        took_s, held = await _start_figures(rig, url)
        bare = await rig.bare()
        database = await open_database(url)
        await filling.add_waiting(database, WAITING)
        await database.close()
        took_full_s, held_full = await _start_figures(rig, url)
        bare_held = bare.rss_mb()
    more = held_full - held
    return [
        Figure(f"start to ready, {name}", f"{took_s:.2f} s", "≤ 2 s", took_s <= 2, f"bare Bolt {bare.took_s:.2f} s",
               took_s / bare.took_s),
        Figure(f"start to ready with 100,000 deadlines, {name}", f"{took_full_s:.2f} s", "≤ 2 s", took_full_s <= 2),
        Figure(f"memory when ready, {name}", f"{held:.0f} MB", "≤ 140 MB", held <= 140,
               f"bare Bolt {bare_held:.0f} MB", held / bare_held),
        Figure(f"more memory with 100,000 deadlines, {name}", f"{more:+.1f} MB", "≤ 5 MB", more <= 5),
    ]  # fmt: skip


async def measure() -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _measure(name, url)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
