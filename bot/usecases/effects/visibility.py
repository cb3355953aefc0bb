"""Who may know of an incident. Private ones exist only for those who are part of them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.effects import role_shifts
from storage.timeline import entries


async def part_of(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether it is not private, or they declared it, respond to it, have a role in it, or are in its channel."""
    if not incident.private or user in {incident.declared_by, *incident.responders, *incident.roles.values()}:
        return True
    moves = await entries.of_actor(conn, incident.number, ("joined", "left"), user)
    return bool(moves) and max(moves, key=lambda move: move.at).kind == "joined"


async def called(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether they were paged, also by an address that is theirs, or are asked to take a role over."""
    people = {person for page in incident.ladder.pages for person in page.people}
    if user in people or any(one.to == user for one in incident.handovers):
        return True
    return user in [await role_shifts.known_as(conn, person) for person in sorted(people) if "@" in person]
