"""Handles a lapsed deadline: a person did not answer the offer of a role in time.

The first time they are asked again; the second time the next rung (step) of the escalation ladder is paged.
"""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import handover
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Look up who is on call now, and let the domain decide: remind, page the next rung, or skip."""
    return handover.decide(work.incident, deadline, await work.paging_context())
