"""Fills a database as after long use: incidents with a deadline each, and deadlines that wait for weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot import policy as policies
from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.policy.policy import Policy
from storage import deadlines, incidents
from storage.database import Database
from storage.engine.columns import to_microseconds
from storage.timeline import entries

# Only updates are required, so that each incident has one deadline.
POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev3: {update_every: 1h, roles: [], respond_within: null, escalate_after: null, ladder: []}
"""
EVERY = timedelta(hours=1)
PERSON = "U0MAYA0000"
_SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s",
    "postgresql": "SELECT n FROM generate_series(1, {count}) AS s(n)",
}


def policy_file(folder: Path) -> Path:
    path = folder / "policy.yml"
    path.write_text(POLICY)
    return path


async def add_waiting(database: Database, count: int) -> None:
    """Add one incident whose `count` deadlines are due in ten days and later."""
    number = await _number(database)
    late = to_microseconds(datetime.now(UTC) + timedelta(days=10))
    series = _SERIES[database.dialect].format(count=count)
    async with database.transaction() as conn:
        await incidents.insert(conn, _incident(number, datetime.now(UTC), None))
        await conn.execute(
            sa.text(
                "INSERT INTO deadlines (once, incident, kind, due_at, state, withdrawn, reason, armed_at, fence) "
                f"SELECT 'update:parked:' || n, {number}, 'update', {late} + CAST(n AS BIGINT) * 1000000, "
                f"'waiting', false, 'every 60m', 0, 0 FROM ({series}) AS numbers"
            )
        )
    if database.dialect == "postgresql":
        async with database.transaction() as conn:
            await conn.execute(sa.text("ANALYZE deadlines"))


async def add_due(database: Database, policy: Policy, instants: Sequence[datetime], channel: str) -> None:
    """Add an incident for each instant, in that channel, with an update due at that instant."""
    for first in range(0, len(instants), 50):
        async with database.transaction() as conn:
            for at in instants[first : first + 50]:
                number = await incidents.next_number(conn)
                change = verbs.declare(number, verbs.NewIncident(f"Due {number}", "sev3", PERSON), policy, at - EVERY)
                incident = replace(change.incident, channel_id=channel, channel_name="incidents")
                planned = plan(incident, policy)
                if [deadline.due_at for deadline in planned] != [at]:
                    raise RuntimeError(f"expected one deadline at {at}: {planned}")
                await incidents.insert(conn, incident)
                await entries.append(conn, number, change.entries)
                await deadlines.sync(conn, number, planned, lambda once: "", at - EVERY)


async def due_by_key(database: Database) -> dict[str, datetime]:
    """Map the key that each reminder carries in Slack to its due time."""
    query = sa.text(
        "SELECT outbox.metadata_key AS k, deadlines.due_at AS d FROM outbox "
        "JOIN deadlines ON deadlines.once = outbox.deadline WHERE outbox.kind = 'nudge'"
    )
    async with database.reading() as conn:
        return {row.k: datetime.fromtimestamp(row.d / 1e6, UTC) for row in await conn.execute(query)}


def read_policy(path: Path) -> Policy:
    return policies.read(path).policy


async def _number(database: Database) -> int:
    async with database.transaction() as conn:
        return await incidents.next_number(conn)


def _incident(number: int, now: datetime, channel: str | None) -> verbs.Incident:
    return verbs.Incident(number, "Parked", "sev3", PERSON, now, now, verbs.Ladder(now), channel_id=channel)
