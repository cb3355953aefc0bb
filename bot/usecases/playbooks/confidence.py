"""How sure it is that a playbook mends an incident: as sure as this one is like another that it mended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.effects import search_index

LOOKED_AT = 10


async def of(conn: AsyncConnection, incident: Incident, playbook: str, now: datetime) -> float | None:
    """0 to 1; None where no incident like it was mended by this playbook."""
    alike = await search_index.to(conn, incident, now, limit=LOOKED_AT)
    return max((one.confidence for one in alike if one.fix and one.fix.playbook == playbook), default=None)
