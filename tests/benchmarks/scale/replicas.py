"""One, two and four replicas on one PostgreSQL: throughput, lock waits, and that no work is done twice.

The replicas, PostgreSQL and the local Slack share the machine's processors. So a rate is given beside the processor
time that it took: where the processors are busy, more replicas cannot give a higher rate, and where they are not, the
waits say why.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import sqlalchemy as sa

from storage.database import Database
from storage.schema import alerts, timeline
from tests.benchmarks import client, filling, processes
from tests.benchmarks.processes import Child, Rig
from tests.benchmarks.scale import request_builder, world
from tests.benchmarks.scale.counters import processor_s
from tests.benchmarks.scale.request_builder import PERSON, RequestBuilder
from tests.benchmarks.scale.server import WATCHER, CountingPostgreSQL
from tests.benchmarks.scale.world import Place, Size

REPLICAS = (1, 2, 4)
CHANNELS = 16  # incidents that are written to at once
MESSAGES, NOTES, REMINDERS, BODIES, IN_BODY = 4000, 600, 400, 60, 100
AT_ONCE = 32  # requests that each replica has at any time
SAMPLED_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of one kind of work replicas did a second, and what it cost them and the database."""

    replicas: int
    work: str
    count: int
    seconds: float
    bots_cpu_s: float
    database_cpu_s: float
    waits: dict[str, float]  # how many connections waited for what, on average
    doubled: int
    lost: int

    @property
    def a_second(self) -> float:
        """The rate."""
        return self.count / self.seconds


@dataclass(slots=True)
class Fleet:
    """Replicas of one database."""

    rig: Rig
    bots: list[Child]
    server: CountingPostgreSQL
    database: Database
    builder: RequestBuilder
    numbers: list[int]
    channels: list[str]

    async def measured(self, work: str, count: int, run: Callable[[], Awaitable[tuple[int, int]]]) -> Rate:
        """Run it, and read meanwhile what the connections wait for. `run` returns how many were lost and doubled."""
        waits: Counter[str] = Counter()
        sampler = asyncio.create_task(self._sample(waits))
        bots, server, began = self._bots_cpu(), self.server.processor_s(), time.perf_counter()
        lost, doubled = await run()
        seconds = time.perf_counter() - began
        cpu, of_server = self._bots_cpu() - bots, self.server.processor_s() - server
        sampler.cancel()
        shares = {name: waits[name] / max(1, waits["samples"]) for name in waits if name != "samples"}
        return Rate(len(self.bots), work, count, seconds, cpu, of_server, shares, doubled, lost)

    async def _sample(self, waits: Counter[str]) -> None:
        conn = await asyncpg.connect(host=str(self.server.socket), user=WATCHER, database="postgres")
        try:
            while True:
                rows = await conn.fetch(
                    "SELECT COALESCE(wait_event_type || ': ' || wait_event, 'running') AS what, count(*) AS n "
                    "FROM pg_stat_activity WHERE usename = 'postgres' AND state <> 'idle' GROUP BY 1"
                )
                waits["samples"] += 1
                for row in rows:
                    waits[row["what"]] += row["n"]
                await asyncio.sleep(SAMPLED_EVERY_S)
        finally:
            await conn.close()

    def _bots_cpu(self) -> float:
        return sum(processor_s(bot.process.pid) for bot in self.bots)

    async def spread(self, requests: Sequence[bytes]) -> None:
        """Send requests to the replicas in turn, `AT_ONCE` at any time to each."""
        parts = [requests[n :: len(self.bots)] for n in range(len(self.bots))]
        answers = await asyncio.gather(
            *(client.request_all(bot.port, part, AT_ONCE) for bot, part in zip(self.bots, parts, strict=True))
        )
        if wrong := Counter(answer.status for part in answers for answer in part if not 200 <= answer.status < 300):
            raise RuntimeError(f"answered {wrong}")

    async def messages(self, channels: Sequence[str]) -> Rate:
        """People's messages in these channels, each sent twice, to different replicas: one row each in the end."""
        start = time.time_ns() // 1000
        stamps = [f"{(start + n) / 1e6:.6f}" for n in range(MESSAGES)]
        sent = [client.message(channels[n % len(channels)], f"Shard {n}", ts, PERSON) for n, ts in enumerate(stamps)]
        again = sent[1::4]  # the odd ones once more: they reach another replica
        what = "messages in one channel" if len(channels) == 1 else f"messages in {len(channels)} channels"

        async def run() -> tuple[int, int]:
            await self.spread([*sent, *again])
            return 0, 0

        before = await self._messages()
        rate = await self.measured(what, len(sent) + len(again), run)
        rows = await self._messages() - before
        return _checked(rate, rows - MESSAGES)

    async def _messages(self) -> int:
        async with self.database.reading() as conn:
            query = sa.select(sa.func.count()).where(timeline.c.kind == "message")
            return int(await conn.scalar(query) or 0)

    async def notes(self, numbers: Sequence[int]) -> Rate:
        """`/incident note`, with the card's edit that follows."""
        requests = [
            client.command(f"note Saw {n} --in INC-{numbers[n % len(numbers)]}", self.builder.channel, PERSON)
            for n in range(NOTES)
        ]
        what = "notes on one incident" if len(numbers) == 1 else f"notes on {len(numbers)} incidents"

        async def count() -> int:
            async with self.database.reading() as conn:
                return int(await conn.scalar(sa.select(sa.func.count()).where(timeline.c.kind == "note")) or 0)

        async def run() -> tuple[int, int]:
            await self.spread(requests)
            return 0, 0

        before = await count()
        rate = await self.measured(what, NOTES, run)
        await world.settle(self.database)
        return _checked(rate, await count() - before - NOTES)

    async def reminders(self) -> Rate:
        """Reminders that are due at once, up to the last message at Slack."""
        policy = filling.read_policy(self.rig.folder / "scale.yml")
        before = set(await filling.due_by_key(self.database))

        async def run() -> tuple[int, int]:
            await processes.idle(self.database, 120.0)
            return 0, 0

        await filling.add_due(self.database, policy, [datetime.now(UTC)] * REMINDERS, self.builder.channel)
        rate = await self.measured("reminders", REMINDERS, run)
        keys = set(await filling.due_by_key(self.database)) - before
        posts = Counter(_key(call) for call in await self.rig.calls("chat.postMessage") if call["ok"])
        doubled, lost = sum(posts[key] > 1 for key in keys), REMINDERS - sum(posts[key] > 0 for key in keys)
        return Rate(
            rate.replicas, rate.work, rate.count, rate.seconds, rate.bots_cpu_s, rate.database_cpu_s, rate.waits,
            doubled, lost,
        )  # fmt: skip

    async def alerts(self) -> Rate:
        """Bodies of alerts, from all sides at once."""
        first = time.time_ns() % 10**12
        bodies = [self.builder.alerts(first + n * IN_BODY, IN_BODY, name=f"Slow{n}") for n in range(BODIES)]

        async def count() -> int:
            async with self.database.reading() as conn:
                return int(await conn.scalar(sa.select(sa.func.count()).select_from(alerts)) or 0)

        async def run() -> tuple[int, int]:
            await self.spread(bodies)
            return 0, 0

        before = await count()
        rate = await self.measured("alerts", BODIES * IN_BODY, run)
        await world.settle(self.database)
        return _checked(rate, await count() - before - BODIES * IN_BODY)


def _checked(rate: Rate, surplus: int) -> Rate:
    return Rate(
        rate.replicas, rate.work, rate.count, rate.seconds, rate.bots_cpu_s, rate.database_cpu_s, rate.waits,
        max(0, surplus), max(0, -surplus),
    )  # fmt: skip


def _key(call: dict[str, object]) -> str:
    arguments = call["args"]
    metadata = arguments.get("metadata") if isinstance(arguments, dict) else None
    return str((metadata.get("event_payload") or {}).get("key")) if isinstance(metadata, dict) else ""


async def measure(folder: Path, counts: Sequence[int] = REPLICAS) -> list[Rate]:
    """The rates of so many replicas, each number of them on a database of its own."""
    rates = []
    async with world.place_of("postgresql", folder) as place, processes.rig() as rig:
        template = await world.make_template(rig, place)
        for count in counts:
            rates += await _of(rig, place, template, count)
    return rates


async def _of(rig: Rig, place: Place, template: tuple[str, str], count: int) -> list[Rate]:
    assert place.server is not None
    url = place.create(like=template[0])
    await world.fill(url, Size())
    bots = [await world.serve(rig, url) for _ in range(count)]
    try:
        async with processes.read_database(place.watched_as(url)) as database:
            await world.settle(database)
            made = await request_builder.open_builder(database, template[1])
            for n in range(CHANNELS):
                words = f"declare sev4 Replica {n} {made.word}"
                await client.request_all(bots[n % count].port, [client.command(words, made.channel, PERSON)], 1)
            await world.settle(database)
            numbers = list(range(made.declared, made.declared + CHANNELS))
            fleet = Fleet(rig, bots, place.server, database, made, numbers, await world.channels_of(database, numbers))
            return [
                await fleet.messages(fleet.channels), await fleet.messages(fleet.channels[:1]),
                await fleet.notes(numbers), await fleet.notes(numbers[:1]), await fleet.alerts(),
                await fleet.reminders(),
            ]  # fmt: skip
    finally:
        for bot in bots:
            await bot.kill()


def table(rates: Sequence[Rate]) -> str:
    """The rates as Markdown."""
    heads = ("work", "replicas", "a second", "CPU of the bots, of PostgreSQL: ms each", "connections", "lost, doubled")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for rate in sorted(rates, key=lambda rate: (rate.work, rate.replicas)):
        waits = ", ".join(f"{name} {share:.1f}" for name, share in sorted(rate.waits.items(), key=lambda w: -w[1])[:3])
        each = f"{rate.bots_cpu_s / rate.count * 1000:.2f}, {rate.database_cpu_s / rate.count * 1000:.2f}"
        cells = (rate.work, rate.replicas, f"{rate.a_second:.0f}", each, waits, f"{rate.lost}, {rate.doubled}")
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
