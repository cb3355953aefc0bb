"""Records a person's promise when the next status update comes, in one transaction."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def promise(context: Context, number: int, span: timedelta, actor: str, delivery: str | None = None) -> Incident:
    """Promise the next update within `span`, instead of at the severity's cadence."""
    return await change_incident(
        context, number, "next", actor, lambda w: verbs.promise(w.incident, span, actor, w.now), delivery
    )
