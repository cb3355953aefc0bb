"""Fires the triggers (reasons to page beside the escalation ladder) that apply after a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.paging import triggers
from bot.usecases.effects.incident_save import IncidentSave


async def stamp(_conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """Record which triggers apply. Each stays fired for the episode, so its deadline is planned once."""
    if not save.policy.triggers or not save.after.open:
        return save
    return replace(save, after=triggers.fire_holding(save.after, save.policy, now))
