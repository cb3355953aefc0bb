"""Corrects the times of an incident in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.incident import Incident, times
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def correct_times(
    context: Context,
    number: int,
    corrections: Mapping[str, datetime],
    reason: str,
    actor: str,
    delivery: str | None = None,
) -> Incident:
    """Correct these times, with an entry each. Figures follow from the incident, and so change with it."""
    return await change_incident(
        context, number, "times", actor,
        lambda w: times.correct(w.incident, corrections, reason, actor, w.now), delivery,
    )  # fmt: skip
