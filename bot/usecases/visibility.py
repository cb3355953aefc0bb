"""Decides who may see a private incident, and whether a person was asked to respond."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import NotFound
from bot.domain.incident import Incident
from bot.domain.timeline.entry import Entry
from bot.usecases.effects.on_call import user_with_address
from storage import incidents
from storage.timeline import entries


async def can_see(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether the incident is public, or the user is a member of its channel.

    A user who was never in the channel counts as a member if they declared the incident, respond or hold a role, since
    they are invited.
    """
    return bool(await visible_among(conn, [incident], user))


async def visible_among(conn: AsyncConnection, among: Collection[Incident], user: str) -> set[int]:
    """The numbers of those incidents that `can_see` lets the user see, in one query."""
    numbers = [incident.number for incident in among if incident.private and user not in incident.removed]
    last: dict[int, Entry] = {}
    for number, move in await entries.of_actor_among(conn, numbers, ("joined", "left"), user) if numbers else ():
        if number not in last or move.at >= last[number].at:
            last[number] = move
    return {
        incident.number
        for incident in among
        if not incident.private or _is_inside(incident, user, last.get(incident.number))
    }


def _is_inside(incident: Incident, user: str, move: Entry | None) -> bool:
    if user in incident.removed:
        return False
    if move is not None:
        return move.kind == "joined"
    return user in {incident.declared_by, *incident.responders, *incident.roles.values()}


async def visible_other(conn: AsyncConnection, number: int, actor: str, *, sees_all: bool) -> Incident:
    """Another incident that the actor names. Raises `NotFound` if there is none that they may see.

    `sees_all`: the actor may see every private incident.
    """
    incident = await incidents.get(conn, number)
    if incident is None or not (sees_all or await can_see(conn, incident, actor)):
        raise NotFound(f"There is no incident INC-{number}.", "list all")
    return incident


async def was_paged(conn: AsyncConnection, incident: Incident, user: str) -> bool:
    """Whether the user was paged, by ID or by an address of theirs, or was offered a role, and not removed since."""
    if user in incident.removed:
        return False
    people = {person for page in incident.ladder.pages for person in page.people}
    if user in people or any(handover.to == user for handover in incident.handovers):
        return True
    return user in [await user_with_address(conn, person) for person in sorted(people) if "@" in person]


async def insiders(conn: AsyncConnection, incident: Incident) -> frozenset[str]:
    """Everybody who may see a private incident, by the rules of `can_see`."""
    moved: dict[str, Entry] = {}
    for move in await entries.of_kinds(conn, incident.number, ("joined", "left")):
        if move.actor not in moved or move.at >= moved[move.actor].at:
            moved[move.actor] = move
    invited = {incident.declared_by, *incident.responders, *incident.roles.values()} - moved.keys()
    inside = {user for user, move in moved.items() if move.kind == "joined"}
    return frozenset((invited | inside) - set(incident.removed))
