"""Timeline appends with group commit, beside the bare drivers in the same run.

The bar (docs/performance.md): at least 10,000 durable appends a second at 64 callers, p99 at most 20 ms.
The floor: sqlite3 and asyncpg alone insert the same rows in groups of 64, without hashes or futures.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from bot.domain.incident import Incident, Ladder
from bot.domain.timeline.entry import Entry
from storage import incidents
from storage.database import Database
from storage.engine.columns import to_microseconds
from storage.open import open_database
from storage.timeline.verify import chain_faults
from tests.benchmarks.figures import Figure
from tests.databases import PostgreSQL

CALLERS = 64
APPENDS = 20_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "We see 5xx on checkout since the deploy at 02:47, about one request in five. Rolling back now."
COLUMNS = {
    "incident": "bigint",
    "seq": "bigint",
    "at": "bigint",
    "kind": "text",
    "actor": "text",
    "text": "text",
    "source_ts": "text",
    "data": "text",
    "once": "text",
    "key": "boolean",
    "by_person": "boolean",
    "hash": "text",
    "previous": "text",
}


def measure(appends: int = APPENDS, callers: int = CALLERS) -> dict[str, Any]:
    """Per database: appends a second, p50 and p99 in ms, and the ratio to the bare driver."""
    results: dict[str, Any] = {"appends": appends, "callers": callers}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/tocsin.db"
        results["sqlite"] = asyncio.run(_compare(url, _bare_sqlite, appends, callers))
    server = PostgreSQL(durable=True)
    try:
        results["postgresql"] = asyncio.run(_compare(server.create(), _bare_postgresql, appends, callers))
    finally:
        server.stop()
    return results


async def _compare(
    url: str, bare: Callable[[str, int, int], Awaitable[float]], appends: int, callers: int
) -> dict[str, float]:
    database = await open_database(url)
    async with database.transaction() as conn:
        for number in (1, 2):
            await incidents.insert(conn, Incident(number, "t", "sev2", "U1", NOW, NOW, Ladder(NOW)))
    await _append(database, appends // 10, callers, "warm")
    ours, waits = await _append(database, appends, callers, "run")
    async with database.reading() as conn:
        wrong = await chain_faults(conn, 1)
    await database.close()
    if wrong:
        raise RuntimeError(f"the chain is broken: {wrong[:3]}")
    floor = await bare(url, appends, callers)
    return {
        "appends_per_s": round(ours),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 2),
        "bare_per_s": round(floor),
        "ratio_to_bare": round(ours / floor, 2),
    }


async def _append(database: Database, appends: int, callers: int, name: str) -> tuple[float, list[float]]:
    waits: list[float] = []
    left = iter(range(appends))

    async def call() -> None:
        for n in left:
            entry = Entry(NOW, "message", "U024BE7LH", TEXT, f"17{n}.0", {"thread": None}, f"{name}:{n}")
            before = time.perf_counter()
            await database.appender.append(1, [entry])
            waits.append(time.perf_counter() - before)

    begun = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return appends / (time.perf_counter() - begun), sorted(waits)


def _rows(first: int, count: int) -> list[tuple[Any, ...]]:
    at, data = to_microseconds(NOW), json.dumps({"thread": None})
    return [
        (2, n, at, "message", "U024BE7LH", TEXT, f"17{n}.0", data, f"run:{n}", False, True, "0" * 64, "0" * 64)
        for n in range(first, first + count)
    ]


async def _bare_sqlite(url: str, appends: int, group: int) -> float:
    conn = sqlite3.connect(Path(url.removeprefix("sqlite:///")), isolation_level=None)
    conn.execute("PRAGMA synchronous=FULL")
    insert = f"INSERT INTO timeline ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    begun = time.perf_counter()
    for first in range(0, appends, group):
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(insert, _rows(first, group))
        conn.execute("COMMIT")
    took = time.perf_counter() - begun
    conn.close()
    return appends / took


async def _bare_postgresql(url: str, appends: int, group: int) -> float:
    conn = await asyncpg.connect(url)
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(COLUMNS.values(), 1))
    values = ", ".join("u.data::json" if name == "data" else f"u.{name}" for name in COLUMNS)
    names = ", ".join(COLUMNS)
    insert = f"INSERT INTO timeline ({names}) SELECT {values} FROM unnest({arrays}) AS u({names})"
    begun = time.perf_counter()
    for first in range(0, appends, group):
        async with conn.transaction():
            await conn.execute(insert, *map(list, zip(*_rows(first, group), strict=True)))
    took = time.perf_counter() - begun
    await conn.close()
    return appends / took


def figures() -> list[Figure]:
    """The results as rows of the table."""
    results = measure()
    return [
        Figure(
            f"timeline appends, 64 at once, durable, {label}",
            f"{results[name]['appends_per_s']:,}/s, p99 {results[name]['p99_ms']:g} ms",
            "≥ 10,000/s, p99 ≤ 20 ms",
            results[name]["appends_per_s"] >= 10_000 and results[name]["p99_ms"] <= 20,
            f"bare driver, groups of 64, {results[name]['bare_per_s']:,}/s",
            results[name]["ratio_to_bare"],
        )
        for name, label in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
    ]


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
