"""Reads the timeline of an incident together with those of the incidents that were merged into it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import RecordedEntry
from bot.usecases.visibility import can_see
from storage import incidents
from storage.timeline import entries

MOST_INCIDENTS = 20


async def merged_into(conn: AsyncConnection, incident: Incident, reader: str | None) -> list[Incident]:
    """The incidents merged into this one that the reader may see; a reader of None sees all.

    Incidents that were reopened are left out.
    """
    if not incident.merged:
        return []
    incidents_by_number = await incidents.get_many(conn, incident.merged[-MOST_INCIDENTS:])
    merged = [
        source_incident
        for number, source_incident in sorted(incidents_by_number.items())
        if source_incident.status is Status.MERGED
    ]
    return [
        source_incident for source_incident in merged if reader is None or await can_see(conn, source_incident, reader)
    ]


async def read_together(
    conn: AsyncConnection, incident: Incident, reader: str | None, *, key_only: bool = False, limit: int | None = None
) -> list[RecordedEntry]:
    """The newest `limit` entries of the incident and of those merged into it, in chronological order."""
    records: list[RecordedEntry] = []
    for number in (incident.number, *(merged.number for merged in await merged_into(conn, incident, reader))):
        records += await entries.read(conn, number, key_only=key_only, limit=limit, newest=True)
    records.sort(key=lambda record: (record.entry.at, record.incident, record.seq))
    return records if limit is None else records[-limit:]
