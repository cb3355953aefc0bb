"""Thirty people declare at once while Slack takes 200 ms a call; and one declare alone, up to its pinned card.

The bars (docs/performance.md): all acknowledged within 3 s, p99 within 300 ms, one channel each; declare → card
pinned within 1.3 times the sum of the calls that must follow one another: create, post, pin. Slack's rate tiers are
off, because at twenty channels a minute thirty of them would take 90 s.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from statistics import median
from typing import Any

from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, ms, percentile
from tests.benchmarks.processes import Rig

AT_ONCE = 30
LATENCY_S = 0.2
ALONE = 7
IN_A_ROW = ("conversations.create", "chat.postMessage", "pins.add")


async def _compare(name: str, url: str) -> list[Figure]:
    async with processes.rig(LATENCY_S) as rig, processes.start_bot(rig, url) as (bot, database):
        channel, person = await rig.channel("general"), await rig.person("maya")

        alone, floors = [], []
        for n in range(ALONE):
            declared_at = time.time()
            await client.request_all(bot.port, [client.command(f"declare sev4 Alone {n}", channel, person)], 1)
            pinned = await _last_pin(rig, n + 1)
            alone.append(_answered_at(pinned) - declared_at)
            floors.append(await _slowest_chain(rig))
            await processes.idle(database)

        requests = [client.command(f"declare sev4 Together {n}", channel, person) for n in range(AT_ONCE)]
        began = time.perf_counter()
        answers = await client.request_all(bot.port, requests, AT_ONCE)
        took_s = time.perf_counter() - began
        if any(answer.status != 200 or b"INC-" not in answer.body for answer in answers):
            raise RuntimeError(f"not all were accepted: {Counter(answer.status for answer in answers)}")
        await _last_pin(rig, ALONE + AT_ONCE)
        await processes.idle(database, 120.0)
        made = [c["name"] for c in (await rig.get("state"))["channels"] if c["name"].startswith("inc-")]
        numbers = {int(channel_name.split("-")[1]) for channel_name in made}
        once_each = len(made) == ALONE + AT_ONCE and numbers == set(range(1, ALONE + AT_ONCE + 1))

    waits = [answer.took_s for answer in answers]
    ratio = median(alone) / median(floors)
    return [
        Figure(f"30 declares at once: all acknowledged, {name}", ms(took_s), "< 3 s", took_s < 3),
        Figure(
            f"30 declares at once: one by one, {name}",
            f"p50 {ms(percentile(waits, 0.5))}, p99 {ms(percentile(waits, 0.99))}",
            "p99 < 300 ms",
            percentile(waits, 0.99) < 0.3,
        ),
        Figure(
            f"30 declares at once: channels, {name}", f"{len(made) - ALONE}, each once: {once_each}", "30", once_each
        ),
        Figure(
            f"declare → card pinned, {name}", ms(median(alone)), "≤ 1.3 × its calls to Slack", ratio <= 1.3,
            f"create, post, pin {ms(median(floors))}", ratio,
        ),
    ]  # fmt: skip


async def _last_pin(rig: Rig, count: int) -> dict[str, Any]:
    """Wait for the call that pinned the last of `count` cards."""
    for _ in range(2000):
        calls = [call for call in await rig.calls("pins.add") if call["ok"] and call["took_ms"]]
        if len(calls) >= count:
            return calls[-1]
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{count} cards were not pinned in time")


def _answered_at(call: dict[str, Any]) -> float:
    return float(call["at"]) + float(call["took_ms"]) / 1000


async def _slowest_chain(rig: Rig) -> float:
    """The seconds that creating, posting and pinning take by themselves."""
    calls = [await rig.calls(method) for method in IN_A_ROW]
    return float(sum(median(call["took_ms"] for call in made if call["took_ms"]) for made in calls)) / 1000


async def measure() -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _compare(name, url)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
