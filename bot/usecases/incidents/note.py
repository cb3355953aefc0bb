"""Adds a note to an incident's timeline in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def note(
    context: Context, number: int, text: str, actor: str, link: str | None = None, delivery: str | None = None
) -> Incident:
    """Add a note to the timeline."""
    return await change_incident(
        context, number, "note", actor, lambda w: verbs.note(w.incident, text, actor, w.now, link), delivery
    )
