"""Changes the severity of an incident in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases import authorize
from bot.usecases.actions.tickets import ticket_of_incident
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident


async def change_severity(
    context: Context, number: int, severity: str, actor: str, reason: str = "", delivery: str | None = None
) -> Incident:
    """Change the severity; the ladder and the update cadence follow it."""

    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "severity", actor, work.incident)
        change = verbs.change_severity(work.incident, severity, actor, work.policy, work.now, reason)
        return await work.commit(change, ticket_of_incident(context, change.incident, work.policy))
