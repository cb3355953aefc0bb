"""Claims 100 lapsed deadlines among a million waiting ones. The bar: at most 5 ms (docs/performance.md)."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.incident import Incident, Ladder
from storage import deadlines, incidents
from storage.engine.columns import to_microseconds
from storage.open import open_database
from storage.schema import deadlines as deadlines_table
from tests.benchmarks.figures import Figure
from tests.databases import PostgreSQL

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 20
_SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s",
    "postgresql": "SELECT n FROM generate_series(1, {count}) AS s(n)",
}


def measure(waiting: int = 1_000_000, due: int = 100) -> dict[str, Any]:
    """Per database: p50 and worst of a claim, in ms."""
    results: dict[str, Any] = {"waiting": waiting, "due": due}
    with tempfile.TemporaryDirectory() as folder:
        results["sqlite"] = asyncio.run(_claims(f"sqlite:///{folder}/tocsin.db", waiting, due))
    server = PostgreSQL(durable=True)
    try:
        results["postgresql"] = asyncio.run(_claims(server.create(), waiting, due))
    finally:
        server.stop()
    return results


async def _claims(url: str, waiting: int, due: int) -> dict[str, float]:
    """Deadline n lapses n seconds after NOW, so each round of `due` seconds has `due` new ones."""
    database = await open_database(url)
    series = _SERIES[database.dialect].format(count=waiting)
    async with database.transaction() as conn:
        await incidents.insert(conn, Incident(1, "t", "sev2", "U1", NOW, NOW, Ladder(NOW)))
        await conn.execute(
            sa.text(
                "INSERT INTO deadlines (once, incident, kind, due_at, state, withdrawn, reason, armed_at, fence) "
                f"SELECT 'update:' || n, 1, 'update', {to_microseconds(NOW)} + CAST(n AS BIGINT) * 1000000, "
                "'waiting', false, 'every 15m', 0, 0 "
                f"FROM ({series}) AS numbers"
            )
        )
    if database.dialect == "postgresql":
        async with database.transaction() as conn:
            await conn.execute(sa.text("ANALYZE deadlines"))
    took = []
    for round_ in range(ROUNDS + 3):
        async with database.transaction() as conn:
            now = NOW + timedelta(seconds=due * (round_ + 1))
            begun = time.perf_counter()
            rows = await deadlines.claim(conn, now, due)
            took.append((time.perf_counter() - begun) * 1000)
            if len(rows) != due:
                raise RuntimeError(f"claimed {len(rows)} of {due}")
            lapsed = sa.text("state = 'waiting' AND due_at <= :now").bindparams(now=to_microseconds(now))
            await conn.execute(sa.update(deadlines_table).where(lapsed).values(state="sent"))
    await database.close()
    took = sorted(took[3:])  # the first ones prepare their statements
    return {"p50_ms": round(took[len(took) // 2], 2), "worst_ms": round(took[-1], 2)}


def figures() -> list[Figure]:
    """The results as rows of the table."""
    results = measure()
    return [
        Figure(
            f"claim 100 due of 1,000,000 waiting, {label}",
            f"p50 {results[name]['p50_ms']:g} ms, worst {results[name]['worst_ms']:g} ms",
            "≤ 5 ms",
            results[name]["p50_ms"] <= 5,
        )
        for name, label in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
    ]


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
