"""How soon the figures of a period with 10,000 incidents are known, and how long the event loop waits meanwhile.

The bars: 300 ms, and no stall over 20 ms. The baseline reads the same rows and parses their JSON, and no more.
`python -m tests.benchmarks.period_figures profile` prints where the time goes.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import pstats
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.domain import incident as verbs
from bot.domain.figures.report import Period, Report, Scope
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.json_shapes.figures import figures_json
from bot.policy import preset
from bot.usecases.queries.figures import period_figures
from storage import figures as stored
from storage.database import Database
from storage.open import open_database
from storage.schema import incidents
from tests.benchmarks.figures import Figure, ms, percentile
from tests.databases import PostgreSQL

INCIDENTS, DAYS = 10_000, 360
ROUNDS, WARM = 7, 1
BAR_S, STALL_S = 0.300, 0.020
MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SERVICES = [f"service-{number}" for number in range(12)]
_adapter = TypeAdapter(Incident)


def history(number: int, chance: random.Random, policy: Policy) -> Incident:
    """An incident somewhere in the period: acknowledged, resolved, in one of twenty cases reopened or still open."""
    at = NOW - timedelta(days=DAYS) * chance.random() - MINUTE
    severity = chance.choice([level.key for level in policy.severities])
    new = verbs.NewIncident("Checkout is down", severity, "U1", services=(chance.choice(SERVICES),))
    incident = verbs.declare(number, new, policy, at).incident

    def later(mean: float) -> datetime:
        nonlocal at
        at += chance.expovariate(1 / mean) * MINUTE
        return at

    incident = verbs.acknowledge(incident, "U2", later(6)).incident
    if number % 20:
        incident = verbs.resolve(incident, "U2", later(120)).incident
    if number % 20 == 1:
        incident = verbs.reopen(incident, "U2", policy, later(30), "It is back").incident
    return incident


async def fill(database: Database, policy: Policy) -> None:
    chance = random.Random(7)
    rows = [
        {
            "number": each.number, "status": str(each.status), "severity": each.severity, "open": each.open,
            "private": False, "declared_at": each.declared_at, "ended_at": each.ended_at,
            "state": _adapter.dump_python(each, mode="json"),
        }
        for each in (history(number, chance, policy) for number in range(1, INCIDENTS + 1))
    ]  # fmt: skip
    async with database.transaction() as conn:
        for start in range(0, len(rows), 1000):
            await conn.execute(sa.insert(incidents), rows[start : start + 1000])


async def longest_stall(stop: asyncio.Event) -> float:
    """The longest time for which the loop did not come back to a task that sleeps one millisecond."""
    longest = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
    return longest


async def full_report(database: Database, policy: Policy, by: str = "service") -> Report:
    scope = replace(Scope(Period(NOW - timedelta(days=DAYS), NOW)), by=by)
    return await period_figures(database, policy, scope, NOW)


async def measure(url: str) -> list[Figure]:
    policy = preset("sev1-5")
    database = await open_database(url)
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database.dialect]
    try:
        await fill(database, policy)
        if database.dialect == "postgresql":
            async with database.transaction() as conn:
                await conn.execute(sa.text("ANALYZE incidents"))
        gc.collect()
        gc.freeze()  # as the server does once it has started
        took, bare, stalls = [], [], []
        for _ in range(WARM + ROUNDS):
            begun = time.perf_counter()
            async with database.snapshot() as conn:
                texts = await stored.facts_since(conn, NOW - timedelta(days=2 * DAYS))
            await asyncio.to_thread(stored.facts_of, texts, {})
            bare.append(time.perf_counter() - begun)
            stop = asyncio.Event()
            ticker = asyncio.create_task(longest_stall(stop))
            begun = time.perf_counter()
            report = await full_report(database, policy)
            took.append(time.perf_counter() - begun)
            stop.set()
            stalls.append(await ticker)
        shaping = time.perf_counter()
        figures_json(report, policy)
        shaping = time.perf_counter() - shaping
        cpu = time.process_time()
        await full_report(database, policy)
        cpu = time.process_time() - cpu
    finally:
        await database.close()
    if report.incidents != INCIDENTS:
        raise RuntimeError(f"{report.incidents} of {INCIDENTS} incidents were counted")
    p50, base, stall = percentile(took[WARM:], 0.5), percentile(bare[WARM:], 0.5), percentile(stalls[WARM:], 0.5)
    most, least = max(took[WARM:]), min(took[WARM:])
    return [
        Figure(
            f"{name}: figures of {INCIDENTS} incidents", f"min {ms(least)}, p50 {ms(p50)}, max {ms(most)}",
            "p50 ≤ 300 ms", p50 <= BAR_S, f"reading them p50 {ms(base)}", p50 / base,
        ),
        Figure(f"{name}: the longest stall of the loop meanwhile", f"p50 {ms(stall)}, max {ms(max(stalls[WARM:]))}",
               "p50 ≤ 20 ms", stall <= STALL_S),
        Figure(f"{name}: processor time of the figures; of their JSON", f"{ms(cpu)}; {ms(shaping)}", "", None),
    ]  # fmt: skip


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(f"sqlite:///{folder}/figures.db"))
    server = PostgreSQL(durable=True)
    try:
        return rows + asyncio.run(measure(server.create()))
    finally:
        server.stop()


async def _profile() -> None:
    policy = preset("sev1-5")
    with tempfile.TemporaryDirectory() as folder:
        database = await open_database(f"sqlite+aiosqlite:///{Path(folder)}/figures.db")
        await fill(database, policy)
        profiler = cProfile.Profile()

        async def run_inline(function: Callable[..., object], *arguments: object) -> object:
            return function(*arguments)

        with mock.patch.object(asyncio, "to_thread", run_inline):
            profiler.enable()
            await full_report(database, policy)
            profiler.disable()
        await database.close()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    if sys.argv[1:] == ["profile"]:
        asyncio.run(_profile())
    else:
        for figure in figures():
            print(" | ".join(figure.cells()))
