"""Changes the severity of an incident in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import UnitOfWork


async def change_severity(
    context: Context, number: int, severity: str, actor: str, reason: str = "", delivery: str | None = None
) -> Incident:
    """Change the severity; the ladder and the update cadence follow it."""

    def verb(work: UnitOfWork) -> Change:
        return verbs.change_severity(work.incident, severity, actor, work.policy, work.now, reason)

    return await change_incident(context, number, "severity", actor, verb, delivery)
