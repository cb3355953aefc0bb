"""Adds the notices (messages to send) that follow from a change: news, edits, invitations, briefings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.usecases.effects.incident_save import IncidentSave


async def route(_conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Put these notices before the use case's own, and clear the incident's references to messages that they settle."""
    before, after, policy = save.before, save.after, save.policy
    if before is None:
        return replace(save, notices=(*routing.on_declared(after, policy), *save.notices))
    following = routing.on_change(before, after, save.recorded, policy)
    settled = routing.without_settled(before, after, policy)
    after = replace(after, **settled) if settled else after
    return replace(save, after=after, notices=(*following, *save.notices))
