"""Changes the status of an incident in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.domain.incident.status import Status
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import UnitOfWork

ENDS = {Status.RESOLVED: "resolve", Status.CLOSED: "close", Status.CANCELLED: "cancel"}


async def change_status(
    context: Context, number: int, status: Status, actor: str, note: str = "", delivery: str | None = None
) -> Incident:
    """Change the status, with a note."""

    def verb(work: UnitOfWork) -> Change:
        return verbs.move(work.incident, status, actor, work.policy, work.now, note)

    return await change_incident(context, number, permission_for(status), actor, verb, delivery)


def permission_for(status: Status) -> str | None:
    """The permission that a change to this status needs. Everyone may acknowledge."""
    return None if status is Status.ACKNOWLEDGED else ENDS.get(status, "status")
