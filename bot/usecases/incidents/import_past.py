"""Records incidents of the past that another tool had. Nobody is told of them, and nothing becomes due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident.past import PastIncident, closed_incident
from storage import imports, incidents, policies
from storage.database import Database
from storage.timeline import chain

PORTION = 100  # incidents of one transaction: the bot, which may be running, commits in between


async def import_past(
    database: Database,
    past: Sequence[PastIncident],
    policy: tuple[str, dict[str, Any]],  # digest and document
    now: datetime,
    *,
    counted: bool,
) -> int:
    """Record those that were not imported before, oldest first. Returns how many. Calling it again is safe."""
    recorded = 0
    ordered = sorted(past, key=lambda each: each.declared_at)
    for begin in range(0, len(ordered), PORTION):
        async with database.serialized() as conn:
            await policies.remember(conn, *policy, now)
            recorded += await _portion(conn, ordered[begin : begin + PORTION], policy[0], now, counted=counted)
    return recorded


async def _portion(
    conn: AsyncConnection, past: Sequence[PastIncident], digest: str, now: datetime, *, counted: bool
) -> int:
    new = []
    for source, kind in sorted({(each.source, each.kind) for each in past}):
        same = [each for each in past if (each.source, each.kind) == (source, kind)]
        known = await imports.known(conn, source, kind, [each.id for each in same])
        new += [each for each in same if each.id not in known]
    timelines, rows = [], []
    for each in sorted(new, key=lambda one: one.declared_at):
        number = await incidents.next_number(conn)
        incident, entries = closed_incident(number, each, digest, counted=counted)
        await incidents.insert(conn, incident)
        timelines.append((number, entries))
        rows.append(((each.source, each.kind, each.id), number))
    await chain.append(conn, timelines)
    await imports.add(conn, rows, now)
    return len(new)
