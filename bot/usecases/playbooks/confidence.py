"""How sure it is that a playbook mends an incident: as sure as this one is like another that it mended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.effects import search_index

CANDIDATES = 10


async def playbook_confidence(conn: AsyncConnection, incident: Incident, playbook: str, now: datetime) -> float | None:
    """0 to 1; None where no incident like it was mended by this playbook."""
    alike = await search_index.similar_to(conn, incident, now, limit=CANDIDATES)
    return max((one.confidence for one in alike if one.fix and one.fix.playbook == playbook), default=None)
