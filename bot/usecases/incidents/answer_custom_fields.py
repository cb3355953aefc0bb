"""Stores a person's answers to the custom fields: the organisation's own questions about an incident."""

from __future__ import annotations

from bot.domain.incident import Answer, Incident, custom_fields
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def answer_custom_fields(
    context: Context, number: int, answers: dict[str, Answer | None], actor: str, delivery: str | None = None
) -> Incident:
    """Store answers by the field's key; None removes an answer."""
    return await change_incident(
        context,
        number,
        "note",
        actor,
        lambda w: custom_fields.answer(w.incident, answers, actor, w.policy, w.now),
        delivery,
    )
