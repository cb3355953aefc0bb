"""Answer the custom fields of an incident: the organisation's own questions."""

from __future__ import annotations

from bot.domain.incident import Answer, Incident, custom_fields
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def answer_custom_fields(
    context: Context, number: int, answers: dict[str, Answer | None], actor: str, delivery: str | None = None
) -> Incident:
    """Answer the organisation's own questions; None takes an answer back."""
    return await change_incident(
        context,
        number,
        "note",
        actor,
        lambda w: custom_fields.answer(w.incident, answers, actor, w.policy, w.now),
        delivery,
    )
