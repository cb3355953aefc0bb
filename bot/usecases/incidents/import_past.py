"""Records past incidents of another tool. Nobody is told of them, and nothing becomes due."""

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
    ordered = sorted(past, key=lambda incident: incident.declared_at)
    for begin in range(0, len(ordered), PORTION):
        async with database.serialized() as conn:
            await policies.remember(conn, *policy, now)
            recorded += await _portion(conn, ordered[begin : begin + PORTION], policy[0], now, counted=counted)
    return recorded


async def _portion(
    conn: AsyncConnection, past: Sequence[PastIncident], digest: str, now: datetime, *, counted: bool
) -> int:
    new = []
    for source, kind in sorted({(past_record.source, past_record.kind) for past_record in past}):
        of_source = [past_record for past_record in past if (past_record.source, past_record.kind) == (source, kind)]
        known_ids = await imports.known_ids(conn, source, kind, [past_record.id for past_record in of_source])
        new += [past_record for past_record in of_source if past_record.id not in known_ids]
    timelines, rows = [], []
    for past_record in sorted(new, key=lambda past_incident: past_incident.declared_at):
        number = await incidents.next_number(conn)
        incident, entries = closed_incident(number, past_record, digest, counted=counted)
        await incidents.insert(conn, incident)
        timelines.append((number, entries))
        rows.append(((past_record.source, past_record.kind, past_record.id), number))
    await chain.append(conn, timelines)
    await imports.add(conn, rows, now)
    return len(new)
