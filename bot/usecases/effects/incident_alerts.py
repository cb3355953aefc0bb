"""Updates the questions about an incident's alerts when the incident ends or is reopened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts.group import Decision
from bot.usecases.effects.incident_save import IncidentSave
from storage.alerts import deadlines, groups, proposals
from storage.alerts.proposals import ProposalState

MOST_FIRING = 1000  # groups that may have asked whether to reopen it


async def follow(conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """At its end, settle the question whether it is resolved. At a reopening, let groups that offered it join."""
    if save.before is None or save.before.open == save.after.open:
        return save
    number = save.after.number
    if save.after.open:
        firing = await groups.firing(conn, MOST_FIRING)
        asking = [group for group in firing if group.decision is Decision.ASKED]
        group_numbers = [group.number for group in asking if number in (group.incident, group.previous)]
        await deadlines.arm(conn, group_numbers, deadlines.DECIDE, now)
        return save
    proposal = await proposals.of_incident(conn, number)
    if proposal is None or proposal.state is not ProposalState.ASKED:
        return save
    return replace(save, notices=(*save.notices, routing.proposal_edit(proposal.incident, proposal.turn)))
