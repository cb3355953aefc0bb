"""Takes the buttons off the question whether an incident is resolved, once it has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.usecases.effects.incident_save import IncidentSave
from storage.alerts import proposals
from storage.alerts.proposals import ProposalState


async def settle(conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Edit the question if the incident ends and nobody has answered."""
    if save.before is None or not save.before.open or save.after.open:
        return save
    asked = await proposals.of_incident(conn, save.after.number)
    if asked is None or asked.state is not ProposalState.ASKED:
        return save
    return replace(save, notices=(*save.notices, routing.proposal_edit(asked.incident, asked.turn)))
