"""Note on the incident which escalation triggers hold since this change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.paging import triggers
from bot.usecases.effects.incident_save import IncidentSave


async def stamp(_conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """A trigger that holds stays so for the episode, so that its deadline is planned once."""
    if not save.policy.triggers or not save.after.open:
        return save
    return replace(save, after=triggers.fire_holding(save.after, save.policy, now))
