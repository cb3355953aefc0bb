"""Closes an incident in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def close(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Close the incident: nothing is left to do. Closing an open incident resolves it first."""
    return await change_incident(
        context, number, "close", actor, lambda w: verbs.close(w.incident, actor, w.now), delivery
    )
