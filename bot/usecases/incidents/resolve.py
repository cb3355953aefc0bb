"""Resolves an incident in one transaction."""

from __future__ import annotations

from datetime import datetime

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def resolve(
    context: Context,
    number: int,
    actor: str,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
    delivery: str | None = None,
) -> Incident:
    """End the incident, with its reminders and pages. A text that is empty here keeps its earlier value."""
    return await change_incident(
        context,
        number,
        "resolve",
        actor,
        lambda w: verbs.resolve(
            w.incident, actor, w.now, summary=summary, root_cause=root_cause, impact_ended_at=impact_ended_at
        ),
        delivery,
    )
