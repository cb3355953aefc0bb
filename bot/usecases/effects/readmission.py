"""Readmits people to a private incident when a member requests them by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import members
from bot.usecases.effects.incident_save import IncidentSave


async def readmit(_conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Run before notices are built, so that the person is invited and told of the request."""
    if not save.after.removed:
        return save
    people = members.asked_for(save.after, [record.entry for record in save.recorded])
    return replace(save, after=members.readmit(save.after, people))
