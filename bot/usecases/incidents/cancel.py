"""Cancel an incident: it was a false alarm."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def cancel(context: Context, number: int, actor: str, reason: str, delivery: str | None = None) -> Incident:
    """End the incident because it was none, with the reason."""
    return await change_incident(
        context, number, "cancel", actor, lambda w: verbs.cancel(w.incident, actor, w.now, reason), delivery
    )
