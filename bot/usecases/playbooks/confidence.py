"""Estimates how likely a playbook fixes an incident, from similar incidents that it fixed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.queries import search

CANDIDATES = 10  # similar incidents considered


async def playbook_confidence(conn: AsyncConnection, incident: Incident, playbook: str, now: datetime) -> float | None:
    """The highest similarity, from 0 to 1, to an incident that the playbook fixed. None without such an incident."""
    matches = await search.similar_to(conn, incident, now, limit=CANDIDATES)
    return max((match.confidence for match in matches if match.fix and match.fix.playbook == playbook), default=None)
