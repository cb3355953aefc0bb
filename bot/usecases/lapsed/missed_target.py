"""An incident was not acknowledged, or not mitigated, in time: page the next rung at once."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import missed_target
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Page the next rung, or skip, with the people on call now."""
    return missed_target.decide(work.incident, deadline, await work.paging_context())
