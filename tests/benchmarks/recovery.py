"""After kill -9, with 100,000 deadlines waiting and 500 that lapsed meanwhile: how soon the first reminder is posted.

The bar (docs/performance.md): within 2 s of the process's start. The process is killed again in the middle of the 500,
and restarted; in the end each reminder was posted once.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from storage.open import open_database
from tests.benchmarks import filling, processes
from tests.benchmarks.figures import Figure, ms
from tests.benchmarks.processes import Rig

WAITING, OVERDUE = 100_000, 500


async def _measure(name: str, url: str) -> list[Figure]:
    database = await open_database(url)
    await filling.add_waiting(database, WAITING)
    await database.close()
    async with processes.rig() as rig:
        path = filling.policy_file(rig.folder)
        bot = await rig.bot(url, TOCSIN_POLICY=str(path))
        await bot.kill()
        async with processes.read_database(url) as database:
            lapsed = datetime.now(UTC) - timedelta(seconds=60)
            policy = filling.read_policy(path)
            await filling.add_due(database, policy, [lapsed] * OVERDUE, await rig.channel("incidents"))
            started_at = time.time()
            bot = await rig.bot(url, TOCSIN_POLICY=str(path))
            first = await _first_post(rig) - started_at
            await bot.kill()
            await rig.bot(url, TOCSIN_POLICY=str(path))
            await processes.idle(database, 120.0)
            due = await filling.due_by_key(database)
        times = Counter(
            ((call["args"].get("metadata") or {}).get("event_payload") or {}).get("key")
            for call in await rig.calls("chat.postMessage")
            if call["ok"]
        )
    posted = [times[key] for key in due]
    lost, doubled = OVERDUE - sum(count > 0 for count in posted), sum(count > 1 for count in posted)
    return [
        Figure(f"after kill -9, 500 overdue: start → first reminder at Slack, {name}", ms(first), "≤ 2 s", first <= 2),
        Figure(f"the same, killed again meanwhile, {name}", f"lost {lost}, doubled {doubled}", "lost 0, doubled 0",
               lost == doubled == 0),
    ]  # fmt: skip


async def _first_post(rig: Rig) -> float:
    for _ in range(3000):
        if posts := await rig.calls("chat.postMessage"):
            return float(posts[0]["at"])
        await asyncio.sleep(0.01)
    raise TimeoutError("no reminder was posted")


async def measure() -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _measure(name, url)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
