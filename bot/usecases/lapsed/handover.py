"""An offered role was neither accepted nor declined in time: ask once more, then page the next rung."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import handover
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Remind, page the next rung, or skip, with the people on call now."""
    return handover.decide(work.incident, deadline, await work.paging_context())
