"""Cancels an incident that was a false alarm, in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def cancel(context: Context, number: int, actor: str, reason: str, delivery: str | None = None) -> Incident:
    """End the incident as a false alarm, with a reason."""
    return await change_incident(
        context, number, "cancel", actor, lambda w: verbs.cancel(w.incident, actor, w.now, reason), delivery
    )
