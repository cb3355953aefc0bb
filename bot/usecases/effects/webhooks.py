"""Queues the events of every change for the webhooks of the policy in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.webhooks import webhook_notices
from bot.usecases.effects.incident_save import IncidentSave


async def tell(_conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Add a notice for each webhook that subscribes to an entry."""
    if not save.policy.webhooks or not save.recorded:
        return save
    return replace(save, notices=(*save.notices, *webhook_notices(save.after, save.recorded, save.policy.webhooks)))
