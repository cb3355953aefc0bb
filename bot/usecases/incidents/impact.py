"""Records the impact of an incident in one transaction."""

from __future__ import annotations

from bot.domain.incident import Change, Incident, impact
from bot.domain.incident.impact import ImpactInput
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import UnitOfWork


async def record_impact(
    context: Context, number: int, form: ImpactInput, actor: str, delivery: str | None = None
) -> Incident:
    """Record the impact on users and the business."""

    def verb(work: UnitOfWork) -> Change:
        return impact.record(work.incident, form, actor, work.now)

    return await change_incident(context, number, "impact", actor, verb, delivery)
