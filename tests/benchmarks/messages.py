"""Channel messages from signed HTTP to a durable row, 64 at once, beside a Bolt app that discards its events.

The bar (docs/performance.md): at least half of bare Bolt's rate in the same run and at least 1,000 a second. Then
every event is delivered three times, in random order: nothing is lost and nothing is doubled.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from statistics import median

from storage.database import Database
from storage.timeline import entries as timeline
from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, pair
from tests.benchmarks.processes import Child

AT_ONCE = 64
EVENTS = 4_000
ROUNDS = 3
TEXT = "We see 5xx on checkout since the deploy at 02:47, about one request in five. Rolling back now."


async def _compare(name: str, url: str) -> list[Figure]:
    async with processes.rig() as rig, processes.start_bot(rig, url) as (bot, database):
        person, bare = await rig.person("maya"), await rig.bare()
        await client.request_all(bot.port, [client.command("declare sev4 Messages", user=person)], 1)
        await processes.idle(database)
        channel = next(c["id"] for c in (await rig.get("state"))["channels"] if c["name"].startswith("inc-1"))

        ours, theirs, waits = [], [], []
        for round_ in range(ROUNDS + 1):
            requests = [client.message(channel, f"{round_}:{n} {TEXT}", _ts(round_, n), person) for n in range(EVENTS)]
            rate, took = await _rate(bot, requests)
            floor, _ = await _rate(bare, requests)
            if round_:  # the first one warms up
                ours.append(rate)
                theirs.append(floor)
                waits += took
        lost, doubled = await _missing(database, [f"{r}:{n}" for r in range(ROUNDS + 1) for n in range(EVENTS)])

        thrice = [
            client.message(channel, f"thrice:{n} {TEXT}", _ts(9, n), person, retry)
            for n in range(EVENTS)
            for retry in (0, 1, 2)
        ]
        random.Random(1).shuffle(thrice)
        rate_thrice, _ = await _rate(bot, thrice)
        lost_again, doubled_again = await _missing(database, [f"thrice:{n}" for n in range(EVENTS)])

    ratio = median(ours) / median(theirs)
    kept = lost == doubled == lost_again == doubled_again == 0
    return [
        Figure(
            f"channel messages to durable rows, {name}", f"{median(ours):,.0f}/s ({pair(waits)})",
            "≥ 50 % of bare Bolt, ≥ 1,000/s", ratio >= 0.5 and median(ours) >= 1000,
            f"bare Bolt {median(theirs):,.0f}/s", ratio,
        ),
        Figure(
            f"the same, each delivered three times, {name}",
            f"{rate_thrice:,.0f}/s; lost {lost + lost_again}, doubled {doubled + doubled_again}",
            "lost 0, doubled 0", kept,
        ),
    ]  # fmt: skip


def _ts(round_: int, n: int) -> str:
    return f"{1_767_225_600 + round_ * 100_000 + n}.000100"


async def _rate(side: Child, requests: list[bytes]) -> tuple[float, list[float]]:
    began = time.perf_counter()
    answers = await client.request_all(side.port, requests, AT_ONCE)
    took_s = time.perf_counter() - began
    if wrong := Counter(answer.status for answer in answers if answer.status != 200):
        raise RuntimeError(f"refused: {wrong}")
    return len(requests) / took_s, [answer.took_s for answer in answers]


async def _missing(database: Database, expected: list[str]) -> tuple[int, int]:
    """How many are missing from the timeline, and how many are on it more than once."""
    async with database.reading() as conn:
        entries = await timeline.read(conn, 1)
    counts = Counter(record.entry.text.split(" ", 1)[0] for record in entries if record.entry.kind == "message")
    return sum(counts[prefix] == 0 for prefix in expected), sum(counts[prefix] > 1 for prefix in expected)


async def measure() -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _compare(name, url)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
