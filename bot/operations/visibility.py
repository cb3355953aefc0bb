"""Reads an incident for the actor. One that they may not see is reported as missing."""

from __future__ import annotations

from bot.domain.errors import NotFound
from bot.domain.incident import Incident
from bot.operations.base import Call
from bot.usecases.visibility import can_see
from storage import incidents


async def visible_incident(call: Call) -> Incident:
    """The incident in the call's path. Raises `NotFound` if there is none that the actor may see."""
    number = call.number
    async with call.context.database.reading() as conn:
        incident = await incidents.get(conn, number)
        if incident is None or not (call.operator or await can_see(conn, incident, call.actor)):
            raise NotFound(f"There is no incident INC-{number}.", "list all")
    return incident
