"""A trigger is due: page the people whom it names, beside the ladder."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import trigger
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Page the trigger's people, or skip, with the people on call now."""
    return trigger.decide(work.incident, deadline, await work.paging_context())
