"""Advances the turn of a team to its next member, in the transaction that pages the current one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.usecases.effects.incident_save import IncidentSave
from storage import team_turns


async def advance(conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """Count each page that went to a member in turn. A drill pages nobody, and moves no turn."""
    for record in save.recorded:
        if record.entry.kind == "page":
            for team in record.entry.data.get("turns") or ():
                await team_turns.advance(conn, str(team))
    return save
