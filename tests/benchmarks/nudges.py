"""Reminders while 100,000 deadlines wait: fifty a second, and a thousand at once.

The bars (docs/performance.md): fifty a second reach Slack with p99 at most 100 ms late. A thousand due at once, with
Slack taking 30 ms a call, are posted within 0.3 s plus 1.2 times what the bare client needs for a thousand posts. The
event loop never stalls for more than 50 ms.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workers.outbox import AT_ONCE as SENDERS
from storage.database import Database
from storage.open import open_database
from tests.benchmarks import filling, processes
from tests.benchmarks.client import SLACK
from tests.benchmarks.figures import Figure, ms, pair, percentile
from tests.benchmarks.processes import Child, Rig
from tests.benchmarks.watched import EVERY_S

WAITING = 100_000
A_SECOND, FOR_S = 50, 20
AT_ONCE = 1_000
LATENCY_S = 0.03
STALL_S = 0.05


async def _measure(name: str, url: str) -> list[Figure]:
    await _fill(url)
    async with processes.rig() as rig:
        path = filling.policy_file(rig.folder)
        bot = await rig.bot(url, watched=True, TOCSIN_POLICY=str(path))
        async with processes.read_database(url) as database:
            await processes.idle(database)
            channel = await rig.channel("incidents")
            figures = await _steadily(name, rig, bot, database, channel)
            return figures + await _together(name, rig, bot, database, channel)


class IdleTicker:
    """A ticker in this otherwise idle process: the stalls that the machine itself causes."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> IdleTicker:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(EVERY_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - before - EVERY_S)


async def _fill(url: str) -> None:
    database = await open_database(url)
    await filling.add_waiting(database, WAITING)
    await database.close()


async def _steadily(name: str, rig: Rig, bot: Child, database: Database, channel: str) -> list[Figure]:
    policy = filling.read_policy(rig.folder / "policy.yml")
    first = datetime.now(UTC) + timedelta(seconds=30)
    instants = [first + timedelta(seconds=n / A_SECOND) for n in range(A_SECOND * FOR_S)]
    await filling.add_due(database, policy, instants, channel)
    if datetime.now(UTC) > first - timedelta(seconds=1):
        raise RuntimeError("this machine is too slow to fill the database in time")
    await asyncio.sleep((first - datetime.now(UTC)).total_seconds() - 0.5)
    await rig.longest_stall(bot)
    async with IdleTicker() as ticker:
        await asyncio.sleep(FOR_S + 1)
    await processes.idle(database, 120.0)
    stall = await rig.longest_stall(bot)
    due_at = await filling.due_by_key(database)
    posts = await _posts(rig, due_at)
    late = [post["at"] - due_at[key].timestamp() for key, post in posts.items()]
    if len(late) != len(instants):
        raise RuntimeError(f"{len(late)} of {len(instants)} were posted")
    p99 = percentile(late, 0.99)
    return [
        Figure(f"50 reminders a second, 100,000 waiting: lateness at Slack, {name}", pair(late), "p99 ≤ 100 ms",
               p99 <= 0.1),
        Figure(f"50 reminders a second: longest stall, {name}", ms(stall), "≤ 50 ms", stall <= STALL_S,
               f"an idle process beside it {ms(ticker.worst_s)}", stall / max(ticker.worst_s, 0.001)),
    ]  # fmt: skip


async def _together(name: str, rig: Rig, bot: Child, database: Database, channel: str) -> list[Figure]:
    policy = filling.read_policy(rig.folder / "policy.yml")
    before = set(await filling.due_by_key(database))
    await rig.tell("faults", latency_s=LATENCY_S)
    floor = await _floor(rig, channel)
    at = datetime.now(UTC) + timedelta(seconds=15)
    await filling.add_due(database, policy, [at] * AT_ONCE, channel)
    await asyncio.sleep((at - datetime.now(UTC)).total_seconds() - 0.5)
    await rig.longest_stall(bot)
    async with IdleTicker() as ticker:
        await asyncio.sleep(1.0)
    await processes.idle(database, 180.0)
    stall = await rig.longest_stall(bot)
    keys = {key: due_at for key, due_at in (await filling.due_by_key(database)).items() if key not in before}
    posts = await _posts(rig, keys)
    if len(posts) != AT_ONCE:
        raise RuntimeError(f"{len(posts)} of {AT_ONCE} were posted")
    took = max(post["at"] + post["took_ms"] / 1000 for post in posts.values()) - at.timestamp()
    bar = 1.2 * floor + 0.3
    return [
        Figure(f"1,000 reminders due at once, 30 ms a call: the last is posted, {name}", ms(took),
               "≤ 1.2 × floor + 0.3 s", took <= bar, f"client alone, {SENDERS} at once, {ms(floor)}", took / floor),
        Figure(f"1,000 reminders at once: longest stall, {name}", ms(stall), "≤ 50 ms", stall <= STALL_S,
               f"an idle process beside it {ms(ticker.worst_s)}", stall / max(ticker.worst_s, 0.001)),
    ]  # fmt: skip


async def _posts(rig: Rig, keys: Any) -> dict[str, dict[str, Any]]:
    """The posts by key. Raises if one was posted twice."""
    posts: dict[str, dict[str, Any]] = {}
    for call in await rig.calls("chat.postMessage"):
        metadata = call["args"].get("metadata") or {}
        key = str((metadata.get("event_payload") or {}).get("key")) if isinstance(metadata, dict) else ""
        if key in keys and call["ok"]:
            if key in posts:
                raise RuntimeError("a reminder was posted twice")
            posts[key] = call
    return posts


async def _floor(rig: Rig, channel: str) -> float:
    """The seconds that the SDK alone needs for as many posts, with the outbox's concurrency."""
    connector = aiohttp.TCPConnector(limit=100)
    async with aiohttp.ClientSession(connector=connector) as session:
        slack = AsyncWebClient(SLACK.bot_token, base_url=rig.api_url, session=session, retry_handlers=[])
        left = iter(range(AT_ONCE))
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "An update is due. " * 10}}]

        async def work() -> None:
            for n in left:
                await slack.chat_postMessage(channel=channel, text=f"floor {n}", blocks=blocks)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(SENDERS)))
        return time.perf_counter() - began


async def measure() -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _measure(name, url)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
