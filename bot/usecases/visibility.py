"""Decides who may see a private incident, and tells whether a person was asked to respond."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.effects.on_call import user_with_address
from storage.timeline import entries


async def can_see(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether the incident is public, or the user declared it, responds, holds a role, or is in its channel."""
    if not incident.private or user in {incident.declared_by, *incident.responders, *incident.roles.values()}:
        return True
    moves = await entries.of_actor(conn, incident.number, ("joined", "left"), user)
    return bool(moves) and max(moves, key=lambda move: move.at).kind == "joined"


async def was_paged(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether the user was paged, by ID or by an address of theirs, or was offered a role."""
    people = {person for page in incident.ladder.pages for person in page.people}
    if user in people or any(handover.to == user for handover in incident.handovers):
        return True
    return user in [await user_with_address(conn, person) for person in sorted(people) if "@" in person]
